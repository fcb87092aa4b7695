//! Identities: who an account's owner is with a provider.

use app::api::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, Row, any::AnyRow, query, query_as};
use uuid::Uuid;

use super::{
    AccountRow, Batch, Deletion, Made, NewEvent, Result, SessionWrite, Store, columns, flag,
    sessions::next_epoch, uuid, ways::ways_in,
};

/// Issuer and subject, which together are one person (OpenID Connect Core §5.7): never an
/// e-mail address, which a provider may give to somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewIdentity {
    pub issuer: String,
    pub subject: String,
    /// What the provider calls its owner; for display only.
    pub label: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityRow {
    pub id: String,
    pub account: Uuid,
    pub issuer: String,
    pub subject: String,
    pub label: String,
    pub linked: Timestamp,
    /// Browser and system that it was linked with; empty where that is not known.
    pub made_with: String,
    /// The handle of the session that linked it; empty where the account began with it.
    pub made_within: String,
}

impl FromRow<'_, AnyRow> for IdentityRow {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        Self::from_columns(row, "id")
    }
}

impl IdentityRow {
    fn from_columns(row: &AnyRow, id: &str) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get(id)?,
            account: uuid(row, "account_id")?,
            issuer: row.try_get("issuer")?,
            subject: row.try_get("subject")?,
            label: row.try_get("label")?,
            linked: super::timestamp(row, "linked_at")?,
            made_with: row.try_get("made_with")?,
            made_within: row.try_get("made_within")?,
        })
    }
}

impl Store {
    pub async fn identity(&self, issuer: &str, subject: &str) -> Result<Option<IdentityRow>> {
        let identity = query_as(concat!(
            "SELECT i.id, ",
            columns::identity!(),
            " FROM identities i WHERE i.issuer = $1 AND i.subject = $2"
        ))
        .bind(issuer)
        .bind(subject);
        Ok(identity.fetch_optional(&self.read).await?)
    }

    /// The identity, its account, and whether that has a passkey.
    pub async fn identity_and_account(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<(IdentityRow, AccountRow, bool)>> {
        let found = query(concat!(
            "SELECT ",
            columns::account!(),
            ", i.id AS identity_id, ",
            columns::identity!(),
            ",
                (SELECT COUNT(*) FROM passkeys p WHERE p.account_id = a.id) AS passkeys
            FROM identities i JOIN accounts a ON a.id = i.account_id
            WHERE i.issuer = $1 AND i.subject = $2"
        ))
        .bind(issuer)
        .bind(subject)
        .try_map(|row: AnyRow| {
            let identity = IdentityRow::from_columns(&row, "identity_id")?;
            Ok((identity, AccountRow::from_row(&row)?, flag(&row, "passkeys")?))
        });
        Ok(found.fetch_optional(&self.read).await?)
    }

    /// Oldest first.
    pub async fn identities_of(&self, account: Uuid) -> Result<Vec<IdentityRow>> {
        let identities = query_as(concat!(
            "SELECT i.id, ",
            columns::identity!(),
            " FROM identities i WHERE i.account_id = $1 ORDER BY i.linked_at, i.id"
        ))
        .bind(account.to_string());
        Ok(identities.fetch_all(&self.read).await?)
    }

    /// Those that prove alone to be the owner: none of an account with a second factor, which they
    /// would open.
    pub async fn proving_identities(&self, account: Uuid) -> Result<Vec<IdentityRow>> {
        let identities = query_as(concat!(
            "SELECT i.id, ",
            columns::identity!(),
            " FROM identities i JOIN accounts a ON a.id = i.account_id
            WHERE a.id = $1 AND a.second_factor = 0 ORDER BY i.linked_at, i.id"
        ))
        .bind(account.to_string());
        Ok(identities.fetch_all(&self.read).await?)
    }

    /// Unlinks an identity, for one of the account's sessions. `issuers`: of the providers that
    /// can be signed in with.
    ///
    /// # Errors
    /// [`StoreError::SessionEnded`](super::StoreError::SessionEnded) when that has been ended
    /// meanwhile.
    pub async fn unlink(
        &self,
        account: Uuid,
        id: &str,
        issuers: &[String],
        session: &SessionWrite,
        event: &NewEvent,
        now: Timestamp,
    ) -> Result<Deletion> {
        let mut tx = self.begin().await?;
        let ways = ways_in(&mut tx, account).await?;
        let deleted = query("DELETE FROM identities WHERE id = $1 AND account_id = $2")
            .bind(id)
            .bind(account.to_string())
            .execute(&mut *tx)
            .await?;
        // What is not committed has not happened.
        if deleted.rows_affected() == 0 {
            return Ok(Deletion::Unknown);
        }
        // Whoever the provider is just vouching for does not get in any more.
        next_epoch(&mut *tx, account).await?;
        let left = ways_in(&mut tx, account).await?;
        if left.none(issuers) && !ways.none(issuers) {
            return Ok(Deletion::Needed);
        }
        self.finish(tx, session, event, now).await?;
        Ok(Deletion::Deleted)
    }
}

pub(super) fn insert(
    batch: &mut Batch,
    account: Uuid,
    identity: &NewIdentity,
    made: Made<'_>,
    now: Timestamp,
) {
    batch
        .add(
            "INSERT INTO identities
                (id, account_id, issuer, subject, label, linked_at, made_with, made_within)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(Uuid::new_v4().to_string())
        .bind(account.to_string())
        .bind(&identity.issuer)
        .bind(&identity.subject)
        .bind(&identity.label)
        .bind(now.0)
        .bind(made.with)
        .bind(made.within);
}
