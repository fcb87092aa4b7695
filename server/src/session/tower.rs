//! The adapter between tower-sessions and the database.
//!
//! Under one key, a record holds a whole [`Session`]. What begins or changes with a ceremony is
//! written by that, in its transaction; here goes what is left at the end of a request.

use app::api::Timestamp;
use async_trait::async_trait;
use serde_json::Value;
use tower_sessions::{
    SessionStore,
    cookie::time::OffsetDateTime,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::{Session, before};
use crate::{
    clock::Clock,
    store::{SessionWrite, Store, StoreError, session_key},
};

/// Where a record has the session.
pub(super) const KEY: &str = "session";

/// Keeps the sessions of tower-sessions in a [`Store`].
#[derive(Clone, Debug)]
pub struct Sessions {
    store: Store,
    /// The trait hands in no time.
    clock: Clock,
}

impl Sessions {
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }
}

/// What stands in the database of a session.
pub(super) fn write(session: &Session) -> serde_json::Result<String> {
    serde_json::to_string(session)
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

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        while !self.store.begin_session(&row(record)?, self.clock.now()).await.map_err(backend)? {
            record.id = Id::default();
        }
        Ok(())
    }

    /// Does nothing when the session is gone: a request that began before the sign-out
    /// and ends after it must not bring the session back.
    async fn save(&self, record: &Record) -> Result<()> {
        let SessionWrite { key, data, expires, .. } = row(record)?;
        self.store.save_session(&key, &data, expires).await.map_err(backend)
    }

    /// A session that cannot be read is none: it ends, and its browser begins another.
    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let key = session_key(&id.to_string());
        let found = self.store.session(&key, self.clock.now()).await.map_err(backend)?;
        let Some((data, expires)) = found else { return Ok(None) };
        let session = match read(&data, &key) {
            Ok(session) => session,
            Err(error) => {
                tracing::warn!(%error, "a session cannot be read, so it ends");
                self.store.delete_session(&key).await.map_err(backend)?;
                return Ok(None);
            }
        };
        let session = serde_json::to_value(session).map_err(|error| encode(&error))?;
        let expiry = OffsetDateTime::from_unix_timestamp_nanos(i128::from(expires.0) * 1_000_000);
        Ok(Some(Record {
            id: *id,
            data: [(KEY.to_owned(), session)].into(),
            expiry_date: expiry.map_err(|error| Error::Decode(error.to_string()))?,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.store.delete_session(&session_key(&id.to_string())).await.map_err(backend)
    }
}

/// Nobody's, whatever is in it: sessions of accounts begin with ceremonies only.
fn row(record: &Record) -> Result<SessionWrite> {
    let data = record.data.get(KEY).map(Value::to_string).unwrap_or_default();
    Ok(SessionWrite {
        before: None,
        key: session_key(&record.id.to_string()),
        account: None,
        handle: None,
        data,
        expires: timestamp(record.expiry_date),
        begins: true,
    })
}

fn timestamp(time: OffsetDateTime) -> Timestamp {
    Timestamp(time.unix_timestamp() * 1_000 + i64::from(time.millisecond()))
}

fn encode(error: &serde_json::Error) -> Error {
    Error::Encode(error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn backend(error: StoreError) -> Error {
    Error::Backend(error.to_string())
}
