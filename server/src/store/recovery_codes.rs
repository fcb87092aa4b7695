//! Recovery codes: only their hashes are here, and each of them once.

use app::api::Timestamp;
use sqlx::{AssertSqlSafe, FromRow, Row, any::AnyRow, query, query_as};
use uuid::Uuid;

use super::{
    AccountRow, Batch, Made, NewEvent, Result, SessionWrite, Store, StoreError, columns, flag,
    timestamp, ways::lock,
};

/// The recovery codes that an account has left. All of them were made at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryCodesRow {
    pub left: i64,
    pub made: Timestamp,
    /// Browser and system; empty where that is not known.
    pub made_with: String,
    /// The handle of the session that made them; empty where that is not known.
    pub made_within: String,
}

/// An account that somebody wants to get back into with a recovery code.
#[derive(Clone, Debug)]
pub struct AccountToRecover {
    pub account: AccountRow,
    pub password_hash: Option<String>,
    /// Whether the code is one that it has left.
    pub has_code: bool,
}

impl FromRow<'_, AnyRow> for RecoveryCodesRow {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            left: row.try_get("codes")?,
            made: timestamp(row, "made_at")?,
            made_with: row.try_get("made_with")?,
            made_within: row.try_get("made_within")?,
        })
    }
}

impl Store {
    /// New codes replace all that were there, for one of the account's sessions.
    ///
    /// # Errors
    /// [`StoreError::SessionEnded`] when that has been ended meanwhile.
    pub async fn replace_recovery_codes(
        &self,
        account: Uuid,
        hashes: &[String],
        made: Made<'_>,
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
        let places: Vec<_> =
            (5..hashes.len() + 5).map(|n| format!("(${n}, $1, $2, $3, $4)")).collect();
        let sql = format!(
            "INSERT INTO recovery_codes (hash, account_id, made_at, made_with, made_within)
            VALUES {}",
            places.join(", ")
        );
        // Nothing but the numbers of the places is put into the text.
        let mut insert = query(AssertSqlSafe(sql))
            .bind(account.to_string())
            .bind(now.0)
            .bind(made.with)
            .bind(made.within);
        for hash in hashes {
            insert = insert.bind(hash);
        }
        insert.execute(&mut *tx).await?;
        self.finish(tx, session, event, now).await
    }

    /// What signing in with a recovery code needs to know. `hash`: of the code.
    pub async fn account_to_recover(
        &self,
        username_key: &str,
        hash: &str,
    ) -> Result<Option<AccountToRecover>> {
        let found = query(concat!(
            "SELECT ",
            columns::account!(),
            ", p.hash AS password_hash,
                (SELECT COUNT(*) FROM recovery_codes c
                    WHERE c.account_id = a.id AND c.hash = $2) AS has_code
            FROM accounts a LEFT JOIN passwords p ON p.account_id = a.id
            WHERE a.username_key = $1"
        ))
        .bind(username_key)
        .bind(hash)
        .try_map(|row: AnyRow| {
            Ok(AccountToRecover {
                account: AccountRow::from_row(&row)?,
                password_hash: row.try_get("password_hash")?,
                has_code: flag(&row, "has_code")?,
            })
        });
        Ok(found.fetch_optional(&self.read).await?)
    }

    /// An account, and whether it has the recovery code with this hash.
    pub async fn account_with_code(
        &self,
        account: Uuid,
        hash: &str,
    ) -> Result<Option<(AccountRow, bool)>> {
        let found = query(concat!(
            "SELECT ",
            columns::account!(),
            ", (SELECT COUNT(*) FROM recovery_codes c
                WHERE c.account_id = a.id AND c.hash = $2) AS has_code
            FROM accounts a WHERE a.id = $1"
        ))
        .bind(account.to_string())
        .bind(hash)
        .try_map(|row: AnyRow| Ok((AccountRow::from_row(&row)?, flag(&row, "has_code")?)));
        Ok(found.fetch_optional(&self.read).await?)
    }

    /// What is left of them, and where they came from; `None` where none are.
    pub async fn recovery_codes_of(&self, account: Uuid) -> Result<Option<RecoveryCodesRow>> {
        let codes = query_as(
            "SELECT COUNT(*) AS codes, made_at, made_with, made_within FROM recovery_codes
            WHERE account_id = $1 GROUP BY made_at, made_with, made_within",
        )
        .bind(account.to_string());
        Ok(codes.fetch_optional(&self.read).await?)
    }
}

/// Uses a code up; fails with [`StoreError::CodeUsed`] when the account has no such code (any more).
pub(super) fn take(batch: &mut Batch, account: Uuid, hash: &str) {
    batch
        .add("DELETE FROM recovery_codes WHERE hash = $1 AND account_id = $2")
        .bind(hash)
        .bind(account.to_string())
        .or(|| StoreError::CodeUsed);
}
