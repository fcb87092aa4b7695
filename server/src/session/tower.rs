//! The adapter between tower-sessions and the database.
//!
//! Under one key, a record holds a whole [`Kept`]. Its `Session` begins and ends sessions. It cannot
//! say what a request has changed, and would begin a session anew that has ended meanwhile: so what
//! is left at the end of a request goes through [`Sessions::change`]. Nor can it bring along what the
//! page of a session needs besides: so a request finds its session through [`Sessions::find`].

use async_trait::async_trait;
use serde_json::Value;
use tower_sessions::{
    SessionStore,
    cookie::time::OffsetDateTime,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::{Kept, Sessions};
use crate::store::StoreError;

/// Where a record has the session.
pub(super) const KEY: &str = "session";

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        record.id = self.begin(&read(record)?.session).await.map_err(backend)?;
        Ok(())
    }

    /// Does nothing when the session is gone: a request that began before the sign-out
    /// and ends after it must not bring the session back.
    async fn save(&self, record: &Record) -> Result<()> {
        let session = read(record)?.session;
        if let Some((before, _)) = self.find(record.id).await.map_err(backend)? {
            self.change(record.id, &before.session, &session).await.map_err(backend)?;
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let Some((kept, _)) = self.find(*id).await.map_err(backend)? else { return Ok(None) };
        let expiry =
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(kept.expires.0) * 1_000_000);
        let kept = serde_json::to_value(kept).map_err(|error| Error::Encode(error.to_string()))?;
        Ok(Some(Record {
            id: *id,
            data: [(KEY.to_owned(), kept)].into(),
            expiry_date: expiry.map_err(|error| Error::Decode(error.to_string()))?,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.end(*id).await.map_err(backend)
    }
}

fn read(record: &Record) -> Result<Kept> {
    let kept = record.data.get(KEY).cloned().unwrap_or(Value::Null);
    serde_json::from_value(kept).map_err(|error| Error::Decode(error.to_string()))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn backend(error: StoreError) -> Error {
    Error::Backend(error.to_string())
}
