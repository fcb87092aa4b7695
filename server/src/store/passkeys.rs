//! Passkeys: what registrations left and assertions changed.

use app::api::{AccountName, Timestamp};
use serde_json::json;
use sqlx::{FromRow, Row, any::AnyRow, query, query_as};
use uuid::Uuid;

use super::{
    Batch, Made, NewEvent, Result, SessionWrite, Store, StoreError, columns, flag, json, sessions,
    timestamp, uuid,
    ways::{next_version, ways_in},
};

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
    /// Whether the authenticator's model was attested.
    pub verified_model: bool,
    /// Browser and system that it was created with.
    pub with: String,
    /// Whether the authenticator is part of that device.
    pub here: bool,
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
    pub verified_model: bool,
    /// Its owner's name for it.
    pub own_name: Option<String>,
    pub created: Timestamp,
    pub last_used: Timestamp,
    /// Browser and system of the last use.
    pub last_used_with: String,
    /// Whether the authenticator was part of the device of the last use.
    pub last_used_here: bool,
    /// Browser and system that it was created with; empty where that is not known.
    pub made_with: String,
    /// The handle of the session that added it; empty for the first one of an account.
    pub made_within: String,
}

/// A passkey, and what a ceremony asks about its account.
#[derive(Clone, Debug)]
pub struct KnownPasskey {
    pub passkey: PasskeyRow,
    pub name: AccountName,
    /// See [`AccountRow::sessions_epoch`](super::AccountRow::sessions_epoch).
    pub sessions_epoch: i64,
    /// Whether a passkey of the account was last used in this browser by this device's own
    /// authenticator.
    pub has_passkey_here: bool,
}

/// What came of the wish to delete a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    Deleted,
    /// Nobody could sign in afterwards, or not with the second factor that the account
    /// asks for.
    Needed,
    /// The account has no such passkey.
    Unknown,
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
    /// Browser and system.
    pub with: String,
    /// Whether the authenticator is part of that device.
    pub here: bool,
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
            verified_model: flag(row, "verified_model")?,
            own_name: row.try_get("own_name")?,
            created: timestamp(row, "created_at")?,
            last_used: timestamp(row, "last_used_at")?,
            last_used_with: row.try_get("last_used_with")?,
            last_used_here: flag(row, "last_used_here")?,
            made_with: row.try_get("made_with")?,
            made_within: row.try_get("made_within")?,
        })
    }
}

impl Store {
    pub async fn passkey(&self, credential_id: &str) -> Result<Option<PasskeyRow>> {
        let passkey =
            query_as(concat!("SELECT ", columns::passkey!(), " FROM passkeys p WHERE p.id = $1"))
                .bind(credential_id);
        Ok(passkey.fetch_optional(&self.read).await?)
    }

    /// The passkey with this credential id, and what a ceremony asks about its account.
    /// `browser`: whose passkeys count as those of this device.
    pub async fn passkey_and_account(
        &self,
        credential_id: &str,
        browser: &str,
    ) -> Result<Option<KnownPasskey>> {
        let passkey = query(concat!(
            "SELECT ",
            columns::passkey!(),
            ", a.username, a.display_name, a.sessions_epoch,
                (SELECT COUNT(*) FROM passkeys k WHERE k.account_id = a.id
                    AND k.last_used_here = 1 AND k.last_used_with = $2) AS passkeys_here
            FROM passkeys p JOIN accounts a ON a.id = p.account_id WHERE p.id = $1"
        ))
        .bind(credential_id)
        .bind(browser)
        .try_map(|row: AnyRow| {
            Ok(KnownPasskey {
                passkey: PasskeyRow::from_row(&row)?,
                name: AccountName {
                    username: row.try_get("username")?,
                    display_name: row.try_get("display_name")?,
                },
                sessions_epoch: row.try_get("sessions_epoch")?,
                has_passkey_here: flag(&row, "passkeys_here")?,
            })
        });
        Ok(passkey.fetch_optional(&self.read).await?)
    }

    /// Oldest first.
    pub async fn passkeys_of(&self, account: Uuid) -> Result<Vec<PasskeyRow>> {
        let passkeys = query_as(concat!(
            "SELECT ",
            columns::passkey!(),
            " FROM passkeys p WHERE p.account_id = $1 ORDER BY p.created_at, p.id"
        ))
        .bind(account.to_string());
        Ok(passkeys.fetch_all(&self.read).await?)
    }

    /// Names a passkey, in one of its account's sessions. `None`: by its passkey manager's name
    /// again. `false` when the account has no such passkey.
    ///
    /// # Errors
    /// [`StoreError::SessionEnded`] when that session has been ended meanwhile.
    pub async fn rename_passkey(
        &self,
        account: Uuid,
        credential_id: &str,
        own_name: Option<&str>,
        session: &SessionWrite,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let update = query("UPDATE passkeys SET own_name = $1 WHERE id = $2 AND account_id = $3")
            .bind(own_name)
            .bind(credential_id)
            .bind(account.to_string());
        if update.execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(false);
        }
        Batch::of(|batch| sessions::write(batch, session, now)).run(&mut tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes a passkey, for one of its account's sessions. `issuers`: of the providers that
    /// can be signed in with.
    ///
    /// # Errors
    /// [`StoreError::SessionEnded`] when that session has been ended meanwhile.
    pub async fn delete_passkey(
        &self,
        account: Uuid,
        credential_id: &str,
        issuers: &[String],
        session: &SessionWrite,
        event: &NewEvent,
        now: Timestamp,
    ) -> Result<Deletion> {
        let mut tx = self.begin().await?;
        // The lock, before anything is read.
        ways_in(&mut tx, account).await?;
        let deleted = query("DELETE FROM passkeys WHERE id = $1 AND account_id = $2")
            .bind(credential_id)
            .bind(account.to_string())
            .execute(&mut *tx)
            .await?;
        // What is not committed has not happened.
        if deleted.rows_affected() == 0 {
            return Ok(Deletion::Unknown);
        }
        if ways_in(&mut tx, account).await?.none(issuers) {
            return Ok(Deletion::Needed);
        }
        next_version(&mut *tx, account).await?;
        self.finish(tx, session, event, now).await?;
        Ok(Deletion::Deleted)
    }
}

/// Stores what an accepted assertion changed (WebAuthn L3 §7.2 steps 22 to 25), if the stored
/// counter still is the one that it was checked against: of two assertions with one counter,
/// only one passes. (A counter that stays 0 tells nothing apart: there, the challenge does.)
/// It fails with [`StoreError::CounterWentBack`] for the other one, and for a passkey that is gone.
pub(super) fn record_use(batch: &mut Batch, used: &PasskeyUse, now: Timestamp) {
    batch
        .add(
            "UPDATE passkeys
            SET counter = $1, backed_up = $2, credential = $3, last_used_at = $4,
                last_used_with = $5, last_used_here = $6
            WHERE id = $7 AND counter = $8",
        )
        .bind(used.counter)
        .bind(i64::from(used.backed_up))
        .bind(&used.credential)
        .bind(now.0)
        .bind(&used.with)
        .bind(i64::from(used.here))
        .bind(&used.credential_id)
        .bind(used.counter_before)
        .or(|| StoreError::CounterWentBack);
}

pub(super) fn insert(
    batch: &mut Batch,
    account: Uuid,
    passkey: &NewPasskey,
    made: Made<'_>,
    now: Timestamp,
) {
    batch
        .add(
            "INSERT INTO passkeys (id, account_id, credential, aaguid, transports, counter,
                backup_eligible, backed_up, verified_model, created_at, last_used_at,
                last_used_with, last_used_here, made_with, made_within)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $11, $13)",
        )
        .bind(&passkey.id)
        .bind(account.to_string())
        .bind(&passkey.credential)
        .bind(&passkey.aaguid)
        .bind(json!(passkey.transports).to_string())
        .bind(passkey.counter)
        .bind(i64::from(passkey.backup_eligible))
        .bind(i64::from(passkey.backed_up))
        .bind(i64::from(passkey.verified_model))
        .bind(now.0)
        .bind(&passkey.with)
        .bind(i64::from(passkey.here))
        .bind(made.within);
}
