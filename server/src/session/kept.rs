//! Sessions as the database keeps them.
//!
//! What begins or changes with a ceremony is written by that, in its transaction; here goes what
//! is left at the end of a request. No session comes back from here that has ended, and none
//! begins that is anybody's.

use std::{fmt, str::FromStr, time::Duration};

use app::api::Timestamp;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{Session, before};
use crate::{
    clock::Clock,
    store::{SessionWrite, Store, StoreError, session_key},
};

/// What a browser knows its session by: 128 random bits, as unpadded base64url.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SessionId([u8; 16]);

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
#[derive(Clone, Debug)]
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

    /// The session with this id. One that cannot be read is none: it ends, and its browser begins
    /// another.
    ///
    /// # Errors
    /// [`StoreError::Database`]
    pub async fn find(&self, id: SessionId) -> Result<Option<Kept>, StoreError> {
        let key = id.key();
        let Some((data, expires)) = self.store.session(&key, self.now()).await? else {
            return Ok(None);
        };
        match read(&data, &key) {
            Ok(session) => Ok(Some(Kept { session, expires })),
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
    pub async fn begin(&self, session: &Session) -> Result<SessionId, StoreError> {
        if session.account().is_some() {
            return Err(StoreError::SessionEnded);
        }
        let (data, now) = (write(session)?, self.now());
        loop {
            let id = SessionId::random();
            let write = SessionWrite {
                before: None,
                key: id.key(),
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
        id: SessionId,
        before: &Session,
        after: &Session,
    ) -> Result<Option<Kept>, StoreError> {
        let key = id.key();
        loop {
            let now = self.now();
            let Some((data, _)) = self.store.session(&key, now).await? else { return Ok(None) };
            let Ok(current) = read(&data, &key) else { return Ok(None) };
            let session = after.onto(before, current);
            let expires = self.until(&session, now);
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
    pub async fn end(&self, id: SessionId) -> Result<(), StoreError> {
        self.store.delete_session(&id.key()).await
    }
}

impl SessionId {
    #[must_use]
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// What stands in the database for it.
    pub(super) fn key(self) -> String {
        session_key(&self.to_string())
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// Whoever knows it is signed in, so it is in no log.
impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId")
    }
}

/// That a text is none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoId;

impl FromStr for SessionId {
    type Err = NoId;

    fn from_str(text: &str) -> Result<Self, NoId> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| NoId)?;
        bytes.try_into().map(Self).map_err(|_| NoId)
    }
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
    let data: Value = serde_json::from_str(data)?;
    if data.get("who").is_some() {
        serde_json::from_value(data)
    } else {
        before::read(data, handle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_was_written() {
        let id = SessionId::random();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().len(), 22);
        for other in ["", "AAAA", "no base64url of ours!!", &"A".repeat(43)] {
            assert_eq!(other.parse::<SessionId>(), Err(NoId), "{other}");
        }
    }
}
