//! Passkeys: what registrations left and assertions changed.

use app::api::Instant;
use serde_json::json;
use sqlx::{
    FromRow, Row,
    any::{AnyExecutor, AnyRow},
    query, query_as,
};
use uuid::Uuid;

use super::{Result, Store, flag, instant, json, uuid};

#[derive(Clone, Debug)]
pub struct NewPasskey {
    /// Credential id, unpadded base64url.
    pub id: String,
    /// JSON of webauthn-rs' `Passkey`.
    pub credential: String,
    pub aaguid: String,
    pub transports: Vec<String>,
    pub counter: i64,
    pub backup_eligible: bool,
    pub backed_up: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyRow {
    /// Credential id, unpadded base64url.
    pub id: String,
    pub account: Uuid,
    /// JSON of webauthn-rs' `Passkey`.
    pub credential: String,
    pub aaguid: String,
    pub transports: Vec<String>,
    pub counter: i64,
    pub backup_eligible: bool,
    pub backed_up: bool,
    pub created: Instant,
    pub last_used: Instant,
}

/// What an accepted assertion changed.
#[derive(Clone, Debug)]
pub struct PasskeyUse {
    pub credential_id: String,
    /// The counter that the assertion was checked against.
    pub counter_before: i64,
    pub counter: i64,
    pub backed_up: bool,
    /// JSON of webauthn-rs' `Passkey`.
    pub credential: String,
}

impl FromRow<'_, AnyRow> for PasskeyRow {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            account: uuid(row, "account_id")?,
            credential: row.try_get("credential")?,
            aaguid: row.try_get("aaguid")?,
            transports: json(row, "transports")?,
            counter: row.try_get("counter")?,
            backup_eligible: flag(row, "backup_eligible")?,
            backed_up: flag(row, "backed_up")?,
            created: instant(row, "created_at")?,
            last_used: instant(row, "last_used_at")?,
        })
    }
}

impl Store {
    pub async fn passkey(&self, credential_id: &str) -> Result<Option<PasskeyRow>> {
        let passkey = query_as("SELECT * FROM passkeys WHERE id = $1").bind(credential_id);
        Ok(passkey.fetch_optional(&self.read).await?)
    }

    /// Oldest first.
    pub async fn passkeys_of(&self, account: Uuid) -> Result<Vec<PasskeyRow>> {
        let passkeys =
            query_as("SELECT * FROM passkeys WHERE account_id = $1 ORDER BY created_at, id")
                .bind(account.to_string());
        Ok(passkeys.fetch_all(&self.read).await?)
    }

    /// Stores what an accepted assertion changed, if the stored counter still is the one
    /// that it was checked against; else `false`: of two assertions with one counter, only
    /// one passes. (A counter that stays 0 tells nothing apart: there, the challenge does.)
    pub async fn record_use(&self, used: &PasskeyUse, now: Instant) -> Result<bool> {
        let update = query(
            "UPDATE passkeys
            SET counter = $1, backed_up = $2, credential = $3, last_used_at = $4
            WHERE id = $5 AND counter = $6",
        )
        .bind(used.counter)
        .bind(i64::from(used.backed_up))
        .bind(&used.credential)
        .bind(now.0)
        .bind(&used.credential_id)
        .bind(used.counter_before);
        Ok(update.execute(&self.write).await?.rows_affected() == 1)
    }
}

pub(super) async fn insert(
    db: impl AnyExecutor<'_>,
    account: Uuid,
    passkey: &NewPasskey,
    now: Instant,
) -> sqlx::Result<()> {
    query(
        "INSERT INTO passkeys (id, account_id, credential, aaguid, transports, counter,
            backup_eligible, backed_up, created_at, last_used_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
    )
    .bind(&passkey.id)
    .bind(account.to_string())
    .bind(&passkey.credential)
    .bind(&passkey.aaguid)
    .bind(json!(passkey.transports).to_string())
    .bind(passkey.counter)
    .bind(i64::from(passkey.backup_eligible))
    .bind(i64::from(passkey.backed_up))
    .bind(now.0)
    .execute(db)
    .await
    .map(drop)
}
