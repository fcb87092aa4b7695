//! Recovery codes: only their hashes are here, and each of them once.

use sqlx::{query, query_scalar};
use uuid::Uuid;

use super::{Result, Store, ways::ways_in};

impl Store {
    /// New codes replace all that were there.
    pub async fn replace_recovery_codes(&self, account: Uuid, hashes: &[String]) -> Result<()> {
        let mut tx = self.begin().await?;
        // The lock: two requests at once would both leave their codes.
        ways_in(&mut tx, account).await?;
        let account = account.to_string();
        query("DELETE FROM recovery_codes WHERE account_id = $1")
            .bind(&account)
            .execute(&mut *tx)
            .await?;
        for hash in hashes {
            query("INSERT INTO recovery_codes (hash, account_id) VALUES ($1, $2)")
                .bind(hash)
                .bind(&account)
                .execute(&mut *tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }

    /// Uses the code up; `false` when the account has no such code (any more), or there is
    /// no such account.
    pub async fn take_recovery_code(&self, account: Option<Uuid>, hash: &str) -> Result<bool> {
        let delete = query("DELETE FROM recovery_codes WHERE hash = $1 AND account_id = $2")
            .bind(hash)
            .bind(account.unwrap_or_default().to_string());
        Ok(delete.execute(&self.write).await?.rows_affected() == 1)
    }

    pub async fn recovery_codes_left(&self, account: Uuid) -> Result<i64> {
        let left = query_scalar("SELECT COUNT(*) FROM recovery_codes WHERE account_id = $1")
            .bind(account.to_string());
        Ok(left.fetch_one(&self.read).await?)
    }
}
