//! Accounts and their passwords.

use app::api::{AccountName, Instant};
use sqlx::{
    FromRow, Row,
    any::{AnyExecutor, AnyRow},
    query, query_as, query_scalar,
};
use uuid::Uuid;

use super::{
    CartOwner, NewIdentity, NewPasskey, Result, Store, flag, identities, instant, passkeys,
    sessions::{end_automatic, end_others},
    shop::lock_cart,
    uuid,
    ways::ways_in,
};

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
    pub identity: Option<NewIdentity>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    pub id: Uuid,
    pub username: String,
    pub display_name: String,
    /// Whether a password alone does not sign in.
    pub second_factor: bool,
    /// Whether a saved password may sign in without being asked for.
    pub automatic: bool,
    /// When the owner last said "Not now" to the offer of a passkey.
    pub offer_dismissed: Option<Instant>,
    /// Grows with every change of the names or the passkeys.
    pub version: i64,
    /// Grows when sessions are ended.
    pub sessions_epoch: i64,
    pub created: Instant,
}

/// What signing in with a password needs to know.
#[derive(Clone, Debug)]
pub struct PasswordRow {
    pub account: Uuid,
    pub hash: String,
    pub second_factor: bool,
    /// As [`AccountRow::automatic`].
    pub automatic: bool,
    /// As [`AccountRow::sessions_epoch`].
    pub sessions_epoch: i64,
}

impl AccountRow {
    #[must_use]
    pub fn name(&self) -> AccountName {
        AccountName { username: self.username.clone(), display_name: self.display_name.clone() }
    }
}

impl FromRow<'_, AnyRow> for AccountRow {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: uuid(row, "id")?,
            username: row.try_get("username")?,
            display_name: row.try_get("display_name")?,
            second_factor: flag(row, "second_factor")?,
            automatic: flag(row, "automatic")?,
            offer_dismissed: row.try_get::<Option<i64>, _>("offer_dismissed_at")?.map(Instant),
            version: row.try_get("version")?,
            sessions_epoch: row.try_get("sessions_epoch")?,
            created: instant(row, "created_at")?,
        })
    }
}

impl FromRow<'_, AnyRow> for PasswordRow {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            account: uuid(row, "id")?,
            hash: row.try_get("hash")?,
            second_factor: flag(row, "second_factor")?,
            automatic: flag(row, "automatic")?,
            sessions_epoch: row.try_get("sessions_epoch")?,
        })
    }
}

impl Store {
    /// Creates all of the account or nothing.
    ///
    /// # Errors
    /// [`StoreError::UsernameTaken`](super::StoreError::UsernameTaken),
    /// [`StoreError::CredentialTaken`](super::StoreError::CredentialTaken),
    /// [`StoreError::IdentityTaken`](super::StoreError::IdentityTaken).
    pub async fn create_account(&self, account: &NewAccount, now: Instant) -> Result<()> {
        let mut tx = self.begin().await?;
        insert_account(&mut *tx, account, now).await?;
        if let Some(hash) = &account.password_hash {
            write_password(&mut *tx, account.id, hash, now).await?;
        }
        if let Some(passkey) = &account.passkey {
            passkeys::insert(&mut *tx, account.id, passkey, now).await?;
        }
        if let Some(identity) = &account.identity {
            identities::insert(&mut *tx, account.id, identity, now).await?;
        }
        Ok(tx.commit().await?)
    }

    pub async fn account(&self, id: Uuid) -> Result<Option<AccountRow>> {
        let account = query_as("SELECT * FROM accounts WHERE id = $1").bind(id.to_string());
        Ok(account.fetch_optional(&self.read).await?)
    }

    pub async fn account_named(&self, username_key: &str) -> Result<Option<AccountRow>> {
        let account = query_as("SELECT * FROM accounts WHERE username_key = $1").bind(username_key);
        Ok(account.fetch_optional(&self.read).await?)
    }

    pub async fn username_taken(&self, username_key: &str) -> Result<bool> {
        Ok(self.account_named(username_key).await?.is_some())
    }

    /// The password of the account with this username; `None` also when the account has
    /// none.
    pub async fn password_of(&self, username_key: &str) -> Result<Option<PasswordRow>> {
        let password = query_as(
            "SELECT a.*, p.hash FROM accounts a JOIN passwords p ON p.account_id = a.id
            WHERE a.username_key = $1",
        )
        .bind(username_key);
        Ok(password.fetch_optional(&self.read).await?)
    }

    pub async fn has_password(&self, account: Uuid) -> Result<bool> {
        let password = query("SELECT account_id FROM passwords WHERE account_id = $1")
            .bind(account.to_string());
        Ok(password.fetch_optional(&self.read).await?.is_some())
    }

    pub async fn password_hash(&self, account: Uuid) -> Result<Option<String>> {
        let hash = query_scalar("SELECT hash FROM passwords WHERE account_id = $1")
            .bind(account.to_string());
        Ok(hash.fetch_optional(&self.read).await?)
    }

    /// Sets the hash of an account's password, for one of its sessions. Replacing one ends the
    /// others. Tells whether there was one before; `None`, and nothing done, when that
    /// session itself has been ended meanwhile.
    pub async fn set_password(
        &self,
        account: Uuid,
        session: &str,
        hash: &str,
        and_automatic: bool,
        now: Instant,
    ) -> Result<Option<bool>> {
        let mut tx = self.begin().await?;
        let before = ways_in(&mut tx, account).await?.password;
        let this = query("SELECT id FROM sessions WHERE id = $1 AND account_id = $2")
            .bind(session)
            .bind(account.to_string());
        if this.fetch_optional(&mut *tx).await?.is_none() {
            return Ok(None);
        }
        if before {
            end_others(&mut tx, account, session).await?;
            if and_automatic {
                end_automatic(&mut *tx, account).await?;
            }
        }
        write_password(&mut *tx, account, hash, now).await?;
        tx.commit().await?;
        Ok(Some(before))
    }

    /// Removes the password; `false` when there is no passkey to sign in with instead. A second
    /// factor stays, for providers.
    pub async fn remove_password(&self, account: Uuid) -> Result<bool> {
        let mut tx = self.begin().await?;
        if ways_in(&mut tx, account).await?.passkeys == 0 {
            return Ok(false);
        }
        query("DELETE FROM passwords WHERE account_id = $1")
            .bind(account.to_string())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// `false` when it is to be switched on without a password and a passkey.
    pub async fn set_second_factor(&self, account: Uuid, on: bool) -> Result<bool> {
        let mut tx = self.begin().await?;
        let ways = ways_in(&mut tx, account).await?;
        if on && !(ways.password && ways.passkeys > 0) {
            return Ok(false);
        }
        write_second_factor(&mut *tx, account, on).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// # Errors
    /// [`StoreError::UsernameTaken`](super::StoreError::UsernameTaken)
    pub async fn rename_account(
        &self,
        account: Uuid,
        username: &str,
        username_key: &str,
        display_name: &str,
    ) -> Result<()> {
        let update = query(
            "UPDATE accounts
            SET username = $1, username_key = $2, display_name = $3, version = version + 1
            WHERE id = $4",
        )
        .bind(username)
        .bind(username_key)
        .bind(display_name)
        .bind(account.to_string());
        Ok(update.execute(&self.write).await.map(drop)?)
    }

    pub async fn set_automatic(&self, account: Uuid, on: bool) -> Result<()> {
        let update = query("UPDATE accounts SET automatic = $1 WHERE id = $2")
            .bind(i64::from(on))
            .bind(account.to_string());
        Ok(update.execute(&self.write).await.map(drop)?)
    }

    pub async fn dismiss_offer(&self, account: Uuid, now: Instant) -> Result<()> {
        let update = query("UPDATE accounts SET offer_dismissed_at = $1 WHERE id = $2")
            .bind(now.0)
            .bind(account.to_string());
        Ok(update.execute(&self.write).await.map(drop)?)
    }

    /// Deletes the account with all that belongs to it. Its orders stay, without the
    /// person.
    pub async fn delete_account(&self, account: Uuid, now: Instant) -> Result<()> {
        let mut tx = self.begin().await?;
        // In the order in which an order is placed: cart, then account.
        lock_cart(&mut *tx, &CartOwner::Account(account).cart_id(), now).await?;
        query("DELETE FROM accounts WHERE id = $1")
            .bind(account.to_string())
            .execute(&mut *tx)
            .await?;
        // After the deletion, which waited for an order that was just being placed.
        query(
            "UPDATE orders SET delivery_name = '', delivery_address = ''
            WHERE account_id IS NULL AND delivery_name <> ''",
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }
}

async fn write_second_factor(
    db: impl AnyExecutor<'_>,
    account: Uuid,
    on: bool,
) -> sqlx::Result<()> {
    query("UPDATE accounts SET second_factor = $1 WHERE id = $2")
        .bind(i64::from(on))
        .bind(account.to_string())
        .execute(db)
        .await
        .map(drop)
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
