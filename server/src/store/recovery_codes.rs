//! Recovery codes: only their hashes are here, and each of them once.

use app::api::Timestamp;
use sqlx::{
    AssertSqlSafe,
    any::{AnyExecutor, AnyRow},
    query, query_scalar,
};
use uuid::Uuid;

use super::{NewEvent, Result, SessionWrite, Store, StoreError, uuid, ways::lock};

impl Store {
    /// New codes replace all that were there, for one of the account's sessions.
    ///
    /// # Errors
    /// [`StoreError::SessionEnded`] when that has been ended meanwhile.
    pub async fn replace_recovery_codes(
        &self,
        account: Uuid,
        hashes: &[String],
        session: &SessionWrite,
        event: &NewEvent,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        // The lock: two requests at once would both leave their codes.
        lock(&mut *tx, account).await?;
        query("DELETE FROM recovery_codes WHERE account_id = $1")
            .bind(account.to_string())
            .execute(&mut *tx)
            .await?;
        let places: Vec<_> = (2..hashes.len() + 2).map(|n| format!("(${n}, $1)")).collect();
        let sql =
            format!("INSERT INTO recovery_codes (hash, account_id) VALUES {}", places.join(", "));
        // Nothing but the numbers of the places is put into the text.
        let mut insert = query(AssertSqlSafe(sql)).bind(account.to_string());
        for hash in hashes {
            insert = insert.bind(hash);
        }
        insert.execute(&mut *tx).await?;
        self.finish(tx, session, event, now).await
    }

    /// Whose code has this hash, if it was not used yet.
    pub async fn owner_of_code(&self, hash: &str) -> Result<Option<Uuid>> {
        let owner = query("SELECT account_id FROM recovery_codes WHERE hash = $1")
            .bind(hash)
            .try_map(|row: AnyRow| uuid(&row, "account_id"));
        Ok(owner.fetch_optional(&self.read).await?)
    }

    pub async fn recovery_codes_left(&self, account: Uuid) -> Result<i64> {
        let left = query_scalar("SELECT COUNT(*) FROM recovery_codes WHERE account_id = $1")
            .bind(account.to_string());
        Ok(left.fetch_one(&self.read).await?)
    }
}

/// Uses a code up.
///
/// # Errors
/// [`StoreError::CodeUsed`] when the account has no such code (any more).
pub(super) async fn take(db: impl AnyExecutor<'_>, account: Uuid, hash: &str) -> Result<()> {
    let delete = query("DELETE FROM recovery_codes WHERE hash = $1 AND account_id = $2")
        .bind(hash)
        .bind(account.to_string());
    match delete.execute(db).await?.rows_affected() {
        0 => Err(StoreError::CodeUsed),
        _ => Ok(()),
    }
}
