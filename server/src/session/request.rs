//! The session of one request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::api::{Result, Timestamp};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use tower_sessions::{
    Expiry,
    cookie::time::Duration,
    session::{self, Id},
};

use super::{
    Session, Sessions, Who,
    tower::{KEY, write},
};
use crate::{
    error::internal,
    store::{SessionWrite, session_key},
};

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
    /// As the database has it.
    stored: Session,
    cookie: Cookie,
    /// What challenges are bound to.
    browser: Option<String>,
    browser_cookie: BrowserCookie,
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
    /// `id` and `browser`: as the request's cookies have them.
    #[must_use]
    pub fn new(sessions: Sessions, id: Option<Id>, browser: Option<String>) -> Self {
        let inner = Inner {
            id,
            loaded: if id.is_some() { Loaded::No } else { Loaded::Yes },
            session: Session::default(),
            stored: Session::default(),
            cookie: Cookie::Kept,
            browser,
            browser_cookie: BrowserCookie::Kept,
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
            _ => return Ok(()),
        };
        let found = self.kept(id).get::<Session>(KEY).await;
        let mut inner = self.inner();
        inner.loaded = if found.is_ok() { Loaded::Yes } else { Loaded::Failed };
        match found.map_err(internal)? {
            Some(session) => {
                inner.stored = session.clone();
                inner.session = session;
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

    /// Changes it here; the end of the request writes it.
    pub fn change(&self, change: impl FnOnce(&mut Session)) {
        change(&mut self.inner().session);
    }

    /// What stands in the database for its id; none when it is not there.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        self.inner().id.map(|id| session_key(&id.to_string()))
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
        let write = SessionWrite {
            before: self.key(),
            key: session_key(&id.to_string()),
            account: session.account(),
            handle,
            data: write(&session).map_err(internal)?,
            expires: now + session.lifetime(),
            begins,
        };
        Ok(SessionChange { id, session, write })
    }

    /// Its transaction is committed.
    pub fn committed(&self, change: SessionChange) {
        let mut inner = self.inner();
        inner.id = Some(change.id);
        inner.cookie = Cookie::set(change.id, &change.session);
        inner.stored = change.session.clone();
        inner.session = change.session;
    }

    /// Its transaction has found that it is over.
    pub fn forget(&self) {
        let mut inner = self.inner();
        inner.id = None;
        inner.session = Session::default();
        inner.stored = Session::default();
    }

    /// Ends it; its cookie is removed with the response, and the name of the browser.
    ///
    /// # Errors
    /// [`Code::Internal`](app::api::Code::Internal)
    pub async fn sign_out(&self) -> Result<()> {
        let id = self.inner().id;
        if id.is_some() {
            self.kept(id).delete().await.map_err(internal)?;
        }
        self.forget();
        let mut inner = self.inner();
        inner.cookie = Cookie::Removed;
        if inner.browser.take().is_some() {
            inner.browser_cookie = BrowserCookie::Removed;
        }
        Ok(())
    }

    /// Writes what the request has changed and no ceremony has written.
    ///
    /// # Errors
    /// [`Code::Internal`](app::api::Code::Internal)
    pub async fn save(&self) -> Result<()> {
        let (id, session) = match self.inner() {
            inner if inner.session == inner.stored => return Ok(()),
            inner => (inner.id, inner.session.clone()),
        };
        let kept = self.kept(id);
        let lifetime = i64::try_from(session.lifetime().as_secs()).unwrap_or(i64::MAX);
        kept.set_expiry(Some(Expiry::OnInactivity(Duration::seconds(lifetime))));
        kept.insert(KEY, &session).await.map_err(internal)?;
        kept.save().await.map_err(internal)?;
        let mut inner = self.inner();
        inner.id = kept.id();
        if let Some(id) = inner.id {
            inner.cookie = Cookie::set(id, &session);
        }
        inner.stored = session;
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
    pub fn browser(&self) -> String {
        let mut inner = self.inner();
        if let Some(browser) = &inner.browser {
            return browser.clone();
        }
        let browser = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>());
        inner.browser = Some(browser.clone());
        inner.browser_cookie = BrowserCookie::Set(browser.clone());
        browser
    }

    /// What the browser's cookie is to be after the request.
    #[must_use]
    pub fn browser_cookie(&self) -> BrowserCookie {
        self.inner().browser_cookie.clone()
    }

    fn kept(&self, id: Option<Id>) -> session::Session {
        session::Session::new(id, Arc::new(self.sessions.clone()), None)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cookie {
    fn set(id: Id, session: &Session) -> Self {
        Self::Set(id, i64::try_from(session.lifetime().as_secs()).unwrap_or(i64::MAX))
    }
}
