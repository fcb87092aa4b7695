//! The ways to sign in to an account, and the lock under which they change.

use sqlx::{
    Any, Row, Transaction,
    any::{AnyExecutor, AnyRow},
    query, query_scalar,
};
use uuid::Uuid;

use super::{Result, Store, StoreError, flag};

/// How an account is signed in to, beside its identities.
#[derive(Clone, Copy, Debug)]
pub struct Ways {
    pub password: bool,
    pub passkeys: i64,
    pub second_factor: bool,
}

/// The ways to sign in to an account. They change only under the lock that
/// [`ways_in`] takes, so nobody can be locked out by two changes at once.
pub(super) struct WaysIn {
    pub(super) ways: Ways,
    /// Of the linked identities.
    issuers: Vec<String>,
}

impl WaysIn {
    /// Whether nothing of it signs in. `issuers`: of the providers that the shop still works
    /// with; an identity with any other is no way in.
    pub(super) fn none(&self, issuers: &[String]) -> bool {
        let provider = self.issuers.iter().any(|issuer| issuers.contains(issuer));
        // With a second factor, neither the password nor a provider signs in alone.
        let Ways { password, passkeys, second_factor } = self.ways;
        let alone = (password || provider) && !second_factor;
        passkeys == 0 && !alone
    }
}

/// Locks the account, and all that belongs to it. An update that changes nothing is a lock that
/// both databases understand.
///
/// # Errors
/// [`StoreError::SessionEnded`] when the account is gone, and all of its sessions with it.
pub(super) async fn lock(db: impl AnyExecutor<'_>, account: Uuid) -> Result<()> {
    let lock = query("UPDATE accounts SET id = id WHERE id = $1").bind(account.to_string());
    match lock.execute(db).await?.rows_affected() {
        0 => Err(StoreError::SessionEnded),
        _ => Ok(()),
    }
}

/// Locks the account, and tells how it is signed in to.
///
/// # Errors
/// [`StoreError::SessionEnded`] when the account is gone, and all of its sessions with it.
pub(super) async fn ways_in(tx: &mut Transaction<'_, Any>, account: Uuid) -> Result<WaysIn> {
    lock(&mut **tx, account).await?;
    let ways = ways(&mut **tx, account).await?.ok_or(StoreError::SessionEnded)?;
    let issuers = query_scalar("SELECT issuer FROM identities WHERE account_id = $1")
        .bind(account.to_string())
        .fetch_all(&mut **tx)
        .await?;
    Ok(WaysIn { ways, issuers })
}

async fn ways(db: impl AnyExecutor<'_>, account: Uuid) -> sqlx::Result<Option<Ways>> {
    let ways = query(
        "SELECT a.second_factor,
            (SELECT COUNT(*) FROM passwords WHERE account_id = a.id) AS passwords,
            (SELECT COUNT(*) FROM passkeys WHERE account_id = a.id) AS passkeys
        FROM accounts a WHERE a.id = $1",
    )
    .bind(account.to_string())
    .try_map(|row: AnyRow| {
        Ok(Ways {
            password: flag(&row, "passwords")?,
            passkeys: row.try_get("passkeys")?,
            second_factor: flag(&row, "second_factor")?,
        })
    });
    ways.fetch_optional(db).await
}

impl Store {
    /// How the account is signed in to, beside its identities.
    pub async fn ways(&self, account: Uuid) -> Result<Option<Ways>> {
        Ok(ways(&self.read, account).await?)
    }
}

/// Passkey managers are to hear of a change.
pub(super) async fn next_version(db: impl AnyExecutor<'_>, account: Uuid) -> sqlx::Result<()> {
    query("UPDATE accounts SET version = version + 1 WHERE id = $1")
        .bind(account.to_string())
        .execute(db)
        .await
        .map(drop)
}
