//! Identities: who an account's owner is with a provider.

use app::api::Instant;
use serde::{Deserialize, Serialize};
use sqlx::{
    FromRow, Row,
    any::{AnyExecutor, AnyRow},
    query, query_as,
};
use uuid::Uuid;

use super::{Deletion, Result, Store, uuid, ways::ways_in};

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
    pub linked: Instant,
}

impl FromRow<'_, AnyRow> for IdentityRow {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            account: uuid(row, "account_id")?,
            issuer: row.try_get("issuer")?,
            subject: row.try_get("subject")?,
            label: row.try_get("label")?,
            linked: super::instant(row, "linked_at")?,
        })
    }
}

impl Store {
    pub async fn identity(&self, issuer: &str, subject: &str) -> Result<Option<IdentityRow>> {
        let identity = query_as("SELECT * FROM identities WHERE issuer = $1 AND subject = $2")
            .bind(issuer)
            .bind(subject);
        Ok(identity.fetch_optional(&self.read).await?)
    }

    /// Oldest first.
    pub async fn identities_of(&self, account: Uuid) -> Result<Vec<IdentityRow>> {
        let identities =
            query_as("SELECT * FROM identities WHERE account_id = $1 ORDER BY linked_at, id")
                .bind(account.to_string());
        Ok(identities.fetch_all(&self.read).await?)
    }

    /// Links an identity, for one of the account's sessions; `false`, and nothing done, when
    /// that has been ended meanwhile.
    ///
    /// # Errors
    /// [`StoreError::IdentityTaken`](super::StoreError::IdentityTaken), also by this account.
    pub async fn link(
        &self,
        account: Uuid,
        session: &str,
        identity: &NewIdentity,
        now: Instant,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        // The lock, which ending a session takes as well.
        ways_in(&mut tx, account).await?;
        let this = query("SELECT id FROM sessions WHERE id = $1 AND account_id = $2")
            .bind(session)
            .bind(account.to_string());
        if this.fetch_optional(&mut *tx).await?.is_none() {
            return Ok(false);
        }
        insert(&mut *tx, account, identity, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// `issuers`: of the providers that can be signed in with.
    pub async fn unlink(&self, account: Uuid, id: &str, issuers: &[String]) -> Result<Deletion> {
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
        let left = ways_in(&mut tx, account).await?;
        if left.none(issuers) && !ways.none(issuers) {
            return Ok(Deletion::Needed);
        }
        tx.commit().await?;
        Ok(Deletion::Deleted)
    }
}

pub(super) async fn insert(
    db: impl AnyExecutor<'_>,
    account: Uuid,
    identity: &NewIdentity,
    now: Instant,
) -> sqlx::Result<()> {
    query(
        "INSERT INTO identities (id, account_id, issuer, subject, label, linked_at)
        VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(Uuid::new_v4().to_string())
    .bind(account.to_string())
    .bind(&identity.issuer)
    .bind(&identity.subject)
    .bind(&identity.label)
    .bind(now.0)
    .execute(db)
    .await
    .map(drop)
}
