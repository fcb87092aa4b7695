//! Accounts and their passwords.

use app::api::Instant;
use sqlx::{
    FromRow, Row,
    any::{AnyExecutor, AnyRow},
    query, query_as,
};
use uuid::Uuid;

use super::{NewPasskey, Result, Store, passkeys, uuid};

/// An account to be created, with the ways to sign in that it starts with.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Also the WebAuthn user handle.
    pub id: Uuid,
    /// As its owner writes it.
    pub username: String,
    /// As it is compared: lower case.
    pub username_key: String,
    pub display_name: String,
    pub password_hash: Option<String>,
    pub passkey: Option<NewPasskey>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    pub id: Uuid,
    pub username: String,
    pub display_name: String,
}

impl FromRow<'_, AnyRow> for AccountRow {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: uuid(row, "id")?,
            username: row.try_get("username")?,
            display_name: row.try_get("display_name")?,
        })
    }
}

impl Store {
    /// Creates all of the account or nothing.
    ///
    /// # Errors
    /// [`StoreError::UsernameTaken`](super::StoreError::UsernameTaken),
    /// [`StoreError::CredentialTaken`](super::StoreError::CredentialTaken).
    pub async fn create_account(&self, account: &NewAccount, now: Instant) -> Result<()> {
        let mut tx = self.begin().await?;
        insert_account(&mut *tx, account, now).await?;
        if let Some(hash) = &account.password_hash {
            write_password(&mut *tx, account.id, hash, now).await?;
        }
        if let Some(passkey) = &account.passkey {
            passkeys::insert(&mut *tx, account.id, passkey, now).await?;
        }
        Ok(tx.commit().await?)
    }

    pub async fn account(&self, id: Uuid) -> Result<Option<AccountRow>> {
        let account = query_as("SELECT id, username, display_name FROM accounts WHERE id = $1")
            .bind(id.to_string());
        Ok(account.fetch_optional(&self.read).await?)
    }

    pub async fn username_taken(&self, username_key: &str) -> Result<bool> {
        let account = query("SELECT id FROM accounts WHERE username_key = $1").bind(username_key);
        Ok(account.fetch_optional(&self.read).await?.is_some())
    }

    /// The account with this username and the hash of its password; `None` also when the
    /// account has no password.
    pub async fn password_of(&self, username_key: &str) -> Result<Option<(Uuid, String)>> {
        let password = query(
            "SELECT a.id, p.hash FROM accounts a JOIN passwords p ON p.account_id = a.id
            WHERE a.username_key = $1",
        )
        .bind(username_key)
        .try_map(|row: AnyRow| Ok((uuid(&row, "id")?, row.try_get("hash")?)));
        Ok(password.fetch_optional(&self.read).await?)
    }

    pub async fn has_password(&self, account: Uuid) -> Result<bool> {
        let password = query("SELECT account_id FROM passwords WHERE account_id = $1")
            .bind(account.to_string());
        Ok(password.fetch_optional(&self.read).await?.is_some())
    }

    /// Sets or replaces the hash of an account's password.
    pub async fn set_password_hash(&self, account: Uuid, hash: &str, now: Instant) -> Result<()> {
        Ok(write_password(&self.write, account, hash, now).await?)
    }
}

async fn insert_account(
    db: impl AnyExecutor<'_>,
    account: &NewAccount,
    now: Instant,
) -> sqlx::Result<()> {
    query(
        "INSERT INTO accounts (id, username, username_key, display_name, created_at)
        VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(account.id.to_string())
    .bind(&account.username)
    .bind(&account.username_key)
    .bind(&account.display_name)
    .bind(now.0)
    .execute(db)
    .await
    .map(drop)
}

async fn write_password(
    db: impl AnyExecutor<'_>,
    account: Uuid,
    hash: &str,
    now: Instant,
) -> sqlx::Result<()> {
    query(
        "INSERT INTO passwords (account_id, hash, changed_at) VALUES ($1, $2, $3)
        ON CONFLICT (account_id) DO UPDATE
        SET hash = excluded.hash, changed_at = excluded.changed_at",
    )
    .bind(account.to_string())
    .bind(hash)
    .bind(now.0)
    .execute(db)
    .await
    .map(drop)
}
