//! The session of one request.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use app::api::{Result, Timestamp};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use tower_sessions::session::{self, Id};

use super::{
    Kept, Session, Sessions, Who,
    kept::{self, write},
    tower::KEY,
};
use crate::{
    error::internal,
    store::{SessionWrite, VisitorRow},
};

/// A session that is only used is written this seldom, so that it lives on.
const USE_NOTED_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// The session of one request, loaded when it is first asked for and written at most once: with
/// the ceremony that changes it, or else at the end of the request. Clones are the same session.
///
/// Nothing is stored and no cookie is set until something is put in.
#[derive(Clone, Debug)]
pub struct RequestSession {
    sessions: Sessions,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    /// That of the cookie, then that of the session.
    id: Option<Id>,
    loaded: Loaded,
    session: Session,
    /// As the database has it, and until when.
    stored: Session,
    expires: Timestamp,
    visitor: Option<VisitorRow>,
    cookie: Cookie,
    /// What challenges are bound to.
    browser: Option<String>,
    browser_cookie: BrowserCookie,
    /// What the accounts that it signs in to know the browser by.
    known: Option<String>,
    /// Whether that is to be told to the browser.
    remembers: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loaded {
    No,
    Yes,
    /// It could not be, and that was said: from then on this is a visitor without a session.
    Failed,
}

/// What becomes of the session's cookie with the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    Kept,
    /// With this id, for so many seconds.
    Set(Id, i64),
    Removed,
}

/// What becomes of the browser's name with the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrowserCookie {
    Kept,
    Set(String),
    Removed,
}

/// A session as it is to be once the transaction that has [`SessionChange::write`] in it is
/// committed.
#[derive(Clone, Debug)]
pub struct SessionChange {
    id: Id,
    session: Session,
    pub write: SessionWrite,
}

impl RequestSession {
    /// `id`, `browser` and `known`: as the request's cookies have them.
    #[must_use]
    pub fn new(
        sessions: Sessions,
        id: Option<Id>,
        browser: Option<String>,
        known: Option<String>,
    ) -> Self {
        let inner = Inner {
            id,
            loaded: if id.is_some() { Loaded::No } else { Loaded::Yes },
            session: Session::default(),
            stored: Session::default(),
            expires: Timestamp(0),
            visitor: None,
            cookie: Cookie::Kept,
            browser,
            browser_cookie: BrowserCookie::Kept,
            known,
            remembers: false,
        };
        Self { sessions, inner: Arc::new(Mutex::new(inner)) }
    }

    /// Loads it, unless that was done before.
    ///
    /// # Errors
    /// [`Code::Internal`](app::api::Code::Internal), once.
    pub async fn load(&self) -> Result<()> {
        let id = match self.inner() {
            inner if inner.loaded == Loaded::No => inner.id,
            _ => None,
        };
        let Some(id) = id else { return Ok(()) };
        let found = self.sessions.find(id).await.map_err(internal);
        let mut inner = self.inner();
        inner.loaded = if found.is_ok() { Loaded::Yes } else { Loaded::Failed };
        match found? {
            Some((kept, visitor)) => {
                inner.visitor = visitor;
                let now = self.sessions.now();
                inner.session = kept.session.clone().without_stale(now).coming_back();
                (inner.stored, inner.expires) = (kept.session, kept.expires);
            }
            None => inner.id = None,
        }
        Ok(())
    }

    /// As it is now.
    #[must_use]
    pub fn get(&self) -> Session {
        self.inner().session.clone()
    }

    /// What surrounds the page of the account that is signed in, as it was found with the session;
    /// `None` where this request has changed something of it since.
    #[must_use]
    pub fn visitor(&self) -> Option<VisitorRow> {
        self.inner().visitor.clone()
    }

    /// This request changes something that surrounds pages.
    pub fn outdate_visitor(&self) {
        self.inner().visitor = None;
    }

    /// Changes it here; the end of the request writes it.
    pub fn change(&self, change: impl FnOnce(&mut Session)) {
        change(&mut self.inner().session);
    }

    /// What stands in the database for its id; none when it is not there.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        self.inner().id.map(kept::key)
    }

    /// The session under a new id, which whoever begins or proves something gets, so that an id
    /// that somebody knew before is worth nothing after. `begins`: whether it is a new session,
    /// which also begins where the one before has ended meanwhile.
    ///
    /// # Errors
    /// [`Code::Internal`](app::api::Code::Internal)
    pub fn renewed(&self, session: Session, begins: bool, now: Timestamp) -> Result<SessionChange> {
        self.changed(session, Id::default(), begins, now)
    }

    /// The session with something changed in it.
    ///
    /// # Errors
    /// [`Code::Internal`](app::api::Code::Internal)
    pub fn amended(&self, session: Session, now: Timestamp) -> Result<SessionChange> {
        let id = self.inner().id;
        self.changed(session, id.unwrap_or_default(), id.is_none(), now)
    }

    fn changed(
        &self,
        session: Session,
        id: Id,
        begins: bool,
        now: Timestamp,
    ) -> Result<SessionChange> {
        let handle = match &session.who {
            Who::SignedIn(signed_in) => Some(signed_in.handle.clone()),
            _ => None,
        };
        let (before, lived) = {
            let inner = self.inner();
            (inner.id, inner.expires)
        };
        let expires = match before == Some(id) {
            true => self.sessions.extended(lived, &session, now),
            false => self.sessions.until(&session, now),
        };
        let write = SessionWrite {
            before: before.map(kept::key),
            key: kept::key(id),
            account: session.account(),
            handle,
            data: write(&session)?,
            expires,
            begins,
        };
        Ok(SessionChange { id, session, write })
    }

    /// Its transaction is committed.
    pub fn committed(&self, change: SessionChange) {
        let mut inner = self.inner();
        inner.keep(change.id, change.session.clone(), change.write.expires, self.sessions.now());
        inner.visitor = None;
        inner.session = change.session;
    }

    /// Its transaction has found that it is over.
    pub fn forget(&self) {
        let mut inner = self.inner();
        inner.id = None;
        inner.visitor = None;
        inner.session = Session::default();
        inner.stored = Session::default();
    }

    /// Ends it; its cookie is removed with the response, and the name of the browser.
    ///
    /// # Errors
    /// [`Code::Internal`](app::api::Code::Internal)
    pub async fn sign_out(&self) -> Result<()> {
        let id = self.inner().id;
        if let Some(id) = id {
            self.kept(Some(id)).delete().await.map_err(internal)?;
        }
        self.forget();
        self.inner().cookie = Cookie::Removed;
        self.forget_browser();
        Ok(())
    }

    /// The name of the browser is removed with the response.
    pub fn forget_browser(&self) {
        let mut inner = self.inner();
        if inner.browser.take().is_some() {
            inner.browser_cookie = BrowserCookie::Removed;
        }
    }

    /// Writes what the request has changed and no ceremony has written, or that it was used.
    ///
    /// A session that has ended meanwhile stays ended, and its browser is told nothing: by now it
    /// may have another one.
    ///
    /// # Errors
    /// [`Code::Internal`](app::api::Code::Internal)
    pub async fn save(&self) -> Result<()> {
        let now = self.sessions.now();
        let (id, before, session) = {
            let inner = self.inner();
            let changed = inner.session != inner.stored;
            let used = |_| self.sessions.until(&inner.session, now).since(inner.expires);
            if !changed && inner.id.map(used).is_none_or(|more| more < USE_NOTED_EVERY) {
                return Ok(());
            }
            (inner.id, inner.stored.clone(), inner.session.clone())
        };
        let Some(id) = id else {
            let expires = self.sessions.until(&session, now);
            let kept = self.kept(None);
            kept.insert(KEY, Kept { session: session.clone(), expires }).await.map_err(internal)?;
            kept.save().await.map_err(internal)?;
            if let Some(id) = kept.id() {
                self.inner().keep(id, session, expires, now);
            }
            return Ok(());
        };
        match self.sessions.change(id, &before, &session).await? {
            Some(kept) => self.inner().keep(id, kept.session, kept.expires, now),
            None => self.forget(),
        }
        Ok(())
    }

    /// What its cookie is to be after the request.
    #[must_use]
    pub fn cookie(&self) -> Cookie {
        self.inner().cookie
    }

    /// A name for the browser that no other has: what challenges are bound to. It says nothing
    /// about anybody, and lives until the browser is closed.
    #[must_use]
    pub fn browser_name(&self) -> String {
        let mut inner = self.inner();
        if let Some(browser) = &inner.browser {
            return browser.clone();
        }
        let browser = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>());
        inner.browser = Some(browser.clone());
        inner.browser_cookie = BrowserCookie::Set(browser.clone());
        browser
    }

    /// What the visitor's cart is called that begins with this request. Two requests at once begin
    /// the same one, as long as the browser had a name before: then it does not matter which of
    /// their sessions it keeps. The database learns nothing of the name.
    #[must_use]
    pub fn new_cart(&self) -> String {
        let digest =
            Sha256::new().chain_update("cart of ").chain_update(self.browser_name()).finalize();
        BASE64_URL_SAFE_NO_PAD.encode(digest)
    }

    /// What the browser's cookie is to be after the request.
    #[must_use]
    pub fn browser_cookie(&self) -> BrowserCookie {
        self.inner().browser_cookie.clone()
    }

    /// What the request says that accounts know its browser by.
    #[must_use]
    pub fn known(&self) -> Option<String> {
        self.inner().known.clone()
    }

    /// An account that has just been signed in to is to know the browser by `cookie`, made of
    /// what it has.
    pub fn remember(&self, cookie: impl FnOnce(Option<&str>) -> String) {
        let mut inner = self.inner();
        inner.known = Some(cookie(inner.known.as_deref()));
        inner.remembers = true;
    }

    /// What the browser is to be told that accounts know it by, if that is new.
    #[must_use]
    pub fn remembered(&self) -> Option<String> {
        let inner = self.inner();
        inner.known.clone().filter(|_| inner.remembers)
    }

    fn kept(&self, id: Option<Id>) -> session::Session {
        session::Session::new(id, Arc::new(self.sessions.clone()), None)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// So it is in the database from `now` on.
    fn keep(&mut self, id: Id, stored: Session, expires: Timestamp, now: Timestamp) {
        if (self.id, self.expires) != (Some(id), expires) {
            let seconds = i64::try_from(expires.since(now).as_secs()).unwrap_or(i64::MAX);
            self.cookie = Cookie::Set(id, seconds);
        }
        self.id = Some(id);
        (self.stored, self.expires) = (stored, expires);
    }
}
