//! Sessions, for tower-sessions.
//!
//! Compared to the stores that come with it: the database cannot be used to take over
//! sessions (it has no id in clear), a session knows its account, and one that has ended
//! stays ended.

use std::collections::HashMap;

use app::api::Instant;
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{
    Any, Row, Transaction,
    any::{AnyExecutor, AnyRow},
    query, query_as, query_scalar,
};
use tower_sessions::{
    SessionStore,
    cookie::time::OffsetDateTime,
    session::{Id, Record},
    session_store::{Error, Result},
};
use uuid::Uuid;

use super::Store;
use crate::clock::Clock;

/// The account's id in a session's data.
const ACCOUNT: &str = "account";
/// The epoch of the account's sessions, from when this one's owner began to sign in.
const EPOCH: &str = "epoch";
/// Why a session does not begin; the trait knows no better kind of error.
pub const ENDED: &str = "sessions were ended meanwhile";

/// Keeps the sessions of tower-sessions in a [`Store`].
#[derive(Clone, Debug)]
pub struct Sessions {
    store: Store,
    /// The trait hands in no time.
    clock: Clock,
}

/// What stands in the database for a session's id: its SHA-256, unpadded base64url. It
/// can be looked up by, but opens no session.
#[must_use]
pub fn session_key(id: &Id) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(id.to_string()))
}

impl Sessions {
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// `false` when there is a session with this id already.
    async fn insert(&self, record: &Record) -> Result<bool> {
        let mut tx = self.store.begin().await.map_err(backend)?;
        // An account's session begins only if none was ended since its owner began to sign
        // in: whoever was shut out stays out, also with a request that was under way. The
        // update changes nothing, but waits for who is ending sessions just now.
        if let Some(account) = account_of(record) {
            let current =
                query("UPDATE accounts SET id = id WHERE id = $1 AND sessions_epoch = $2")
                    .bind(account)
                    .bind(record.data.get(EPOCH).and_then(Value::as_i64).unwrap_or_default());
            let current = current.execute(&mut *tx).await.map_err(backend)?;
            if current.rows_affected() == 0 {
                return Err(Error::Backend(ENDED.to_owned()));
            }
        }
        let insert = query(
            "INSERT INTO sessions (id, account_id, data, created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING",
        )
        .bind(session_key(&record.id))
        .bind(account_of(record))
        .bind(data_of(record)?)
        .bind(self.clock.now().0)
        .bind(milliseconds(record.expiry_date));
        let inserted = insert.execute(&mut *tx).await.map_err(backend)?;
        tx.commit().await.map_err(backend)?;
        Ok(inserted.rows_affected() == 1)
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        while !self.insert(record).await? {
            record.id = Id::default();
        }
        Ok(())
    }

    /// Does nothing when the session is gone: a request that began before the sign-out
    /// and ends after it must not bring the session back.
    async fn save(&self, record: &Record) -> Result<()> {
        query("UPDATE sessions SET account_id = $1, data = $2, expires_at = $3 WHERE id = $4")
            .bind(account_of(record))
            .bind(data_of(record)?)
            .bind(milliseconds(record.expiry_date))
            .bind(session_key(&record.id))
            .execute(&self.store.write)
            .await
            .map(drop)
            .map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let row: Option<(String, i64)> =
            query_as("SELECT data, expires_at FROM sessions WHERE id = $1 AND expires_at > $2")
                .bind(session_key(id))
                .bind(self.clock.now().0)
                .fetch_optional(&self.store.read)
                .await
                .map_err(backend)?;
        row.map(|(data, expires_at)| record(*id, &data, expires_at)).transpose()
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        query("DELETE FROM sessions WHERE id = $1")
            .bind(session_key(id))
            .execute(&self.store.write)
            .await
            .map(drop)
            .map_err(backend)
    }
}

/// A session of an account, as its owner may see it.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// [`session_key`] of its id.
    pub key: String,
    pub data: HashMap<String, Value>,
}

impl Store {
    /// The sessions in which the account is signed in.
    pub async fn sessions_of(&self, account: Uuid, now: Instant) -> super::Result<Vec<SessionRow>> {
        Ok(sessions_of(&self.read, account, now).await?)
    }

    /// Ends the session with this handle; `None` when the account has no such session.
    pub async fn end_session(
        &self,
        account: Uuid,
        handle: &str,
        now: Instant,
    ) -> super::Result<Option<SessionRow>> {
        let mut tx = self.begin().await?;
        next_epoch(&mut *tx, account).await?;
        let sessions = sessions_of(&mut *tx, account, now).await?;
        let Some(session) = sessions.into_iter().find(|session| session.handle() == handle) else {
            // It may be changing its id just now; it does not begin anew then.
            tx.commit().await?;
            return Ok(None);
        };
        query("DELETE FROM sessions WHERE id = $1").bind(&session.key).execute(&mut *tx).await?;
        end_automatic(&mut *tx, account).await?;
        tx.commit().await?;
        Ok(Some(session))
    }

    pub async fn end_other_sessions(&self, account: Uuid, keep: &str) -> super::Result<()> {
        let mut tx = self.begin().await?;
        end_others(&mut tx, account, keep).await?;
        end_automatic(&mut *tx, account).await?;
        Ok(tx.commit().await?)
    }

    /// Whether it has not been ended, as of now.
    pub async fn session_exists(&self, key: &str) -> super::Result<bool> {
        let session = query("SELECT id FROM sessions WHERE id = $1").bind(key);
        Ok(session.fetch_optional(&self.read).await?.is_some())
    }

    /// The version of the account's passkeys that the session's browser was told last.
    pub async fn signalled(&self, key: &str) -> super::Result<Option<i64>> {
        let version: Option<Option<i64>> =
            query_scalar("SELECT signalled FROM sessions WHERE id = $1")
                .bind(key)
                .fetch_optional(&self.read)
                .await?;
        Ok(version.flatten())
    }

    pub async fn set_signalled(&self, key: &str, version: i64) -> super::Result<()> {
        let update =
            query("UPDATE sessions SET signalled = $1 WHERE id = $2").bind(version).bind(key);
        Ok(update.execute(&self.write).await.map(drop)?)
    }

    pub(super) async fn delete_expired_sessions(&self, now: Instant) -> super::Result<u64> {
        let delete = query("DELETE FROM sessions WHERE expires_at <= $1").bind(now.0);
        Ok(delete.execute(&self.write).await?.rows_affected())
    }
}

async fn sessions_of(
    db: impl AnyExecutor<'_>,
    account: Uuid,
    now: Instant,
) -> sqlx::Result<Vec<SessionRow>> {
    let sessions = query(
        "SELECT id, data FROM sessions WHERE account_id = $1 AND expires_at > $2
        ORDER BY created_at DESC, id",
    )
    .bind(account.to_string())
    .bind(now.0)
    .try_map(|row: AnyRow| {
        Ok(SessionRow { key: row.try_get("id")?, data: super::json(&row, "data")? })
    });
    sessions.fetch_all(db).await
}

pub(super) async fn end_others(
    tx: &mut Transaction<'_, Any>,
    account: Uuid,
    keep: &str,
) -> sqlx::Result<()> {
    next_epoch(&mut **tx, account).await?;
    query("DELETE FROM sessions WHERE account_id = $1 AND id <> $2")
        .bind(account.to_string())
        .bind(keep)
        .execute(&mut **tx)
        .await
        .map(drop)
}

/// A browser whose session was ended from elsewhere may still keep the password, and would
/// sign in again by itself.
pub(super) async fn end_automatic(db: impl AnyExecutor<'_>, account: Uuid) -> sqlx::Result<()> {
    query("UPDATE accounts SET automatic = 0 WHERE id = $1")
        .bind(account.to_string())
        .execute(db)
        .await
        .map(drop)
}

/// Also a lock on the account.
async fn next_epoch(db: impl AnyExecutor<'_>, account: Uuid) -> sqlx::Result<()> {
    query("UPDATE accounts SET sessions_epoch = sessions_epoch + 1 WHERE id = $1")
        .bind(account.to_string())
        .execute(db)
        .await
        .map(drop)
}

fn account_of(record: &Record) -> Option<&str> {
    record.data.get(ACCOUNT)?.as_str()
}

fn data_of(record: &Record) -> Result<String> {
    serde_json::to_string(&record.data).map_err(|error| Error::Encode(error.to_string()))
}

fn record(id: Id, data: &str, expires_at: i64) -> Result<Record> {
    let decode = |error: &dyn std::error::Error| Error::Decode(error.to_string());
    Ok(Record {
        id,
        data: serde_json::from_str(data).map_err(|error| decode(&error))?,
        expiry_date: OffsetDateTime::from_unix_timestamp_nanos(i128::from(expires_at) * 1_000_000)
            .map_err(|error| decode(&error))?,
    })
}

/// Unix milliseconds.
fn milliseconds(time: OffsetDateTime) -> i64 {
    time.unix_timestamp() * 1_000 + i64::from(time.millisecond())
}

fn backend(error: sqlx::Error) -> Error {
    Error::Backend(error.to_string())
}
