//! Sessions as the database keeps them.
//!
//! What begins or changes with a ceremony is written by that, in its transaction; here goes what
//! is left at the end of a request. No session comes back from here that has ended, and none
//! begins that is anybody's.

use std::time::Duration;

use app::api::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower_sessions::session::Id;

use super::{Session, before};
use crate::{
    clock::Clock,
    store::{FoundSession, SessionWrite, Store, StoreError, VisitorRow, session_key},
};

/// No browser keeps a cookie for longer: 400 days (RFC 6265bis §5.5).
pub const COOKIE_LIFETIME: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// How long sessions live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// Without being used.
    pub idle: Duration,
    /// From the sign-in, however much it is used.
    pub absolute: Duration,
}

/// Keeps sessions in a [`Store`].
#[derive(Clone, Debug)]
pub struct Sessions {
    store: Store,
    clock: Clock,
    lifetimes: Lifetimes,
}

/// A session that is in the database.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Kept {
    pub session: Session,
    pub expires: Timestamp,
}

impl Sessions {
    #[must_use]
    pub fn new(store: Store, clock: Clock, lifetimes: Lifetimes) -> Self {
        Self { store, clock, lifetimes }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Until when a session lives that is used now.
    pub(super) fn until(&self, session: &Session, now: Timestamp) -> Timestamp {
        session.until(self.lifetimes, now)
    }

    /// The same for a session that has lived until `before` so far: a little more is left out, so
    /// that its browser need not be told each time. It may have another session by then.
    pub(super) fn extended(
        &self,
        before: Timestamp,
        session: &Session,
        now: Timestamp,
    ) -> Timestamp {
        let until = self.until(session, now);
        let little = until.since(now) / 30;
        if before <= until && until.since(before) < little { before } else { until }
    }

    /// The session with this id, and what surrounds its pages. One that cannot be read is none: it ends, and its browser begins
    /// another.
    ///
    /// # Errors
    /// [`StoreError::Database`]
    pub async fn find(&self, id: Id) -> Result<Option<(Kept, Option<VisitorRow>)>, StoreError> {
        let key = key(id);
        let Some(FoundSession { data, expires, visitor }) =
            self.store.session(&key, self.now()).await?
        else {
            return Ok(None);
        };
        match read(&data, &key) {
            Ok(session) => Ok(Some((Kept { session, expires }, visitor))),
            Err(error) => {
                tracing::warn!(%error, "a session cannot be read, so it ends");
                self.store.delete_session(&key).await?;
                Ok(None)
            }
        }
    }

    /// Begins a session. It is nobody's: those of accounts begin with ceremonies only.
    ///
    /// # Errors
    /// [`StoreError::Database`], or [`StoreError::SessionEnded`] for somebody's.
    pub async fn begin(&self, session: &Session) -> Result<Id, StoreError> {
        if session.account().is_some() {
            return Err(StoreError::SessionEnded);
        }
        let (data, now) = (write(session)?, self.now());
        loop {
            let id = Id::default();
            let write = SessionWrite {
                before: None,
                key: key(id),
                account: None,
                handle: None,
                data: data.clone(),
                expires: self.until(session, now),
                begins: true,
            };
            // No two are alike.
            if self.store.begin_session(&write, now).await? {
                return Ok(id);
            }
        }
    }

    /// Puts what has changed between `before` and `after` into what the database has by now, which
    /// another request may have changed as well. `None`, and nothing happens, when the session has
    /// ended.
    ///
    /// # Errors
    /// [`StoreError::Database`]
    pub async fn change(
        &self,
        id: Id,
        before: &Session,
        after: &Session,
    ) -> Result<Option<Kept>, StoreError> {
        let key = key(id);
        if after.came_back
            && !before.came_back
            && let Some(cart) = &after.cart
        {
            self.store.keep_cart(cart, self.now()).await?;
        }
        loop {
            let now = self.now();
            let Some(FoundSession { data, expires, .. }) = self.store.session(&key, now).await?
            else {
                return Ok(None);
            };
            let Ok(current) = read(&data, &key) else { return Ok(None) };
            let session = after.onto(before, current);
            let expires = self.extended(expires, &session, now);
            // Where this fails, another request has got somewhere.
            if self.store.change_session(&key, &data, &write(&session)?, expires).await? {
                return Ok(Some(Kept { session, expires }));
            }
        }
    }

    /// Ends a session, whosever it is.
    ///
    /// # Errors
    /// [`StoreError::Database`]
    pub async fn end(&self, id: Id) -> Result<(), StoreError> {
        self.store.delete_session(&key(id)).await
    }
}

/// What stands in the database for an id.
pub(super) fn key(id: Id) -> String {
    session_key(&id.to_string())
}

/// What stands in the database of a session.
pub(super) fn write(session: &Session) -> Result<String, StoreError> {
    serde_json::to_string(session).map_err(StoreError::Session)
}

/// The session that stands in the database, also as older versions wrote it. `handle`: what its
/// owner ends it by, where it does not say.
///
/// # Errors
/// For what no version ever wrote.
pub fn read(data: &str, handle: &str) -> serde_json::Result<Session> {
    // What comes first is what this version writes first.
    if data.starts_with("{\"who\"") {
        return serde_json::from_str(data);
    }
    let data: Value = serde_json::from_str(data)?;
    if data.get("who").is_some() {
        serde_json::from_value(data)
    } else {
        before::read(data, handle)
    }
}
