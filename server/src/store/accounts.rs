//! Accounts and their passwords.

use app::api::{AccountName, Timestamp};
use sqlx::{
    Any, FromRow, Row, Transaction,
    any::{AnyExecutor, AnyRow},
    query, query_as,
};
use uuid::Uuid;

use super::{
    Batch, NewEvent, Owner, Pieces, Result, SessionWrite, Store, carts, columns, events, flag,
    sessions::{self, end_automatic, end_others, next_epoch},
    timestamp, uuid,
    ways::{lock, ways_in},
};

/// An account to be created, with the password that it may start with.
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
}

impl NewAccount {
    #[must_use]
    pub fn name(&self) -> AccountName {
        AccountName { username: self.username.clone(), display_name: self.display_name.clone() }
    }
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
    pub offer_dismissed: Option<Timestamp>,
    /// Grows with every change of the names or the passkeys.
    pub version: i64,
    /// Grows when sessions are ended.
    pub sessions_epoch: i64,
    pub created: Timestamp,
}

/// What surrounds every page of somebody who is signed in.
#[derive(Clone, Debug)]
pub struct VisitorRow {
    pub account: AccountRow,
    /// What is in the cart, by product id.
    pub pieces: Vec<Pieces>,
    /// The version of the account's passkeys that the session's browser was told last.
    pub signalled: Option<i64>,
}

/// What signing in with a password needs to know.
#[derive(Clone, Debug)]
pub struct PasswordRow {
    pub account: AccountRow,
    pub hash: String,
    /// Whether a passkey was last used in this browser by this device's own authenticator.
    pub has_passkey_here: bool,
}

impl AccountRow {
    #[must_use]
    pub fn name(&self) -> AccountName {
        AccountName { username: self.username.clone(), display_name: self.display_name.clone() }
    }

    /// The account, as long as none of its sessions is ended from here on.
    #[must_use]
    pub fn owner(&self) -> Owner {
        Owner { account: self.id, epoch: self.sessions_epoch }
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
            offer_dismissed: row.try_get::<Option<i64>, _>("offer_dismissed_at")?.map(Timestamp),
            version: row.try_get("version")?,
            sessions_epoch: row.try_get("sessions_epoch")?,
            created: timestamp(row, "created_at")?,
        })
    }
}

impl FromRow<'_, AnyRow> for PasswordRow {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            account: AccountRow::from_row(row)?,
            hash: row.try_get("hash")?,
            has_passkey_here: flag(row, "passkeys_here")?,
        })
    }
}

impl Store {
    pub async fn account(&self, id: Uuid) -> Result<Option<AccountRow>> {
        let account =
            query_as(concat!("SELECT ", columns::account!(), " FROM accounts a WHERE a.id = $1"))
                .bind(id.to_string());
        Ok(account.fetch_optional(&self.read).await?)
    }

    pub async fn account_named(&self, username_key: &str) -> Result<Option<AccountRow>> {
        let account = query_as(concat!(
            "SELECT ",
            columns::account!(),
            " FROM accounts a WHERE a.username_key = $1"
        ))
        .bind(username_key);
        Ok(account.fetch_optional(&self.read).await?)
    }

    pub async fn username_taken(&self, username_key: &str) -> Result<bool> {
        Ok(self.account_named(username_key).await?.is_some())
    }

    /// The password of the account with this username; `None` also when the account has
    /// none. `browser`: whose passkeys count as those of this device.
    pub async fn password_of(
        &self,
        username_key: &str,
        browser: &str,
    ) -> Result<Option<PasswordRow>> {
        let password = query_as(concat!(
            "SELECT ",
            columns::account!(),
            ", p.hash,
                (SELECT COUNT(*) FROM passkeys k WHERE k.account_id = a.id
                    AND k.last_used_here = 1 AND k.last_used_with = $2) AS passkeys_here
            FROM accounts a JOIN passwords p ON p.account_id = a.id
            WHERE a.username_key = $1"
        ))
        .bind(username_key)
        .bind(browser);
        Ok(password.fetch_optional(&self.read).await?)
    }

    pub async fn has_password(&self, account: Uuid) -> Result<bool> {
        let password = query("SELECT account_id FROM passwords WHERE account_id = $1")
            .bind(account.to_string());
        Ok(password.fetch_optional(&self.read).await?.is_some())
    }

    /// An account, and the hash of its password, if it has one.
    pub async fn account_with_hash(
        &self,
        account: Uuid,
    ) -> Result<Option<(AccountRow, Option<String>)>> {
        let found = query(concat!(
            "SELECT ",
            columns::account!(),
            ", p.hash
            FROM accounts a LEFT JOIN passwords p ON p.account_id = a.id WHERE a.id = $1"
        ))
        .bind(account.to_string())
        .try_map(|row: AnyRow| Ok((AccountRow::from_row(&row)?, row.try_get("hash")?)));
        Ok(found.fetch_optional(&self.read).await?)
    }

    /// Sets the hash of an account's password, for one of its sessions. Replacing one ends the
    /// others, `and_automatic` also automatic sign-in. `after`: what the session is to be then,
    /// and what to keep of it, given whether there was a password before.
    ///
    /// # Errors
    /// [`StoreError::SessionEnded`] when that session itself has been ended meanwhile.
    pub async fn set_password(
        &self,
        account: Uuid,
        hash: &str,
        and_automatic: bool,
        after: impl FnOnce(bool) -> (SessionWrite, NewEvent) + Send,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        lock(&mut *tx, account).await?;
        let before = replace_password(&mut *tx, account, hash, now).await?;
        let (session, event) = after(before);
        Batch::of(|batch| sessions::write(batch, &session, now)).run(&mut tx).await?;
        if before {
            end_others(&mut tx, account, &session.key).await?;
            if and_automatic {
                end_automatic(&mut *tx, account).await?;
            }
        }
        let rest = Batch::of(|batch| {
            if !before {
                insert_password(batch, account, hash, now);
            }
            events::insert_all(batch, std::slice::from_ref(&event), now);
        });
        rest.run(&mut tx).await?;
        tx.commit().await?;
        events::log([&event]);
        Ok(before)
    }

    /// Removes the password, for one of the account's sessions; `false` when there is no
    /// passkey to sign in with instead. A second factor stays, for providers.
    ///
    /// # Errors
    /// [`StoreError::SessionEnded`] when that session has been ended meanwhile.
    pub async fn remove_password(
        &self,
        account: Uuid,
        session: &SessionWrite,
        event: &NewEvent,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        if ways_in(&mut tx, account).await?.ways.passkeys == 0 {
            return Ok(false);
        }
        query("DELETE FROM passwords WHERE account_id = $1")
            .bind(account.to_string())
            .execute(&mut *tx)
            .await?;
        // Whoever is just signing in with it does not get in any more.
        next_epoch(&mut *tx, account).await?;
        self.finish(tx, session, event, now).await?;
        Ok(true)
    }

    /// Switches the second factor, for one of the account's sessions; `false` when it is to be
    /// switched on without a password and a passkey.
    ///
    /// # Errors
    /// [`StoreError::SessionEnded`] when that session has been ended meanwhile.
    pub async fn set_second_factor(
        &self,
        account: Uuid,
        on: bool,
        session: &SessionWrite,
        event: &NewEvent,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        let ways = ways_in(&mut tx, account).await?.ways;
        if on && !(ways.password && ways.passkeys > 0) {
            return Ok(false);
        }
        // Whoever began to sign in with one factor does not get in any more.
        next_epoch(&mut *tx, account).await?;
        query("UPDATE accounts SET second_factor = $1 WHERE id = $2")
            .bind(i64::from(on))
            .bind(account.to_string())
            .execute(&mut *tx)
            .await?;
        self.finish(tx, session, event, now).await?;
        Ok(true)
    }

    /// Changes the names of an account, for one of its sessions.
    ///
    /// # Errors
    /// [`StoreError::UsernameTaken`], or [`StoreError::SessionEnded`] when that session has been
    /// ended meanwhile.
    pub async fn rename_account(
        &self,
        account: Uuid,
        name: &AccountName,
        username_key: &str,
        session: &SessionWrite,
        event: &NewEvent,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        query(
            "UPDATE accounts
            SET username = $1, username_key = $2, display_name = $3, version = version + 1
            WHERE id = $4",
        )
        .bind(&name.username)
        .bind(username_key)
        .bind(&name.display_name)
        .bind(account.to_string())
        .execute(&mut *tx)
        .await?;
        self.finish(tx, session, event, now).await
    }

    /// Switches automatic sign-in, for one of the account's sessions.
    ///
    /// # Errors
    /// [`StoreError::SessionEnded`] when that session has been ended meanwhile.
    pub async fn set_automatic(
        &self,
        account: Uuid,
        on: bool,
        session: &SessionWrite,
        event: &NewEvent,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        query("UPDATE accounts SET automatic = $1 WHERE id = $2")
            .bind(i64::from(on))
            .bind(account.to_string())
            .execute(&mut *tx)
            .await?;
        self.finish(tx, session, event, now).await
    }

    /// "Not now" to the offer of a passkey, in one of the account's sessions.
    ///
    /// # Errors
    /// [`StoreError::SessionEnded`] when that session has been ended meanwhile.
    pub async fn dismiss_offer(
        &self,
        account: Uuid,
        session: &SessionWrite,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        query("UPDATE accounts SET offer_dismissed_at = $1 WHERE id = $2")
            .bind(now.0)
            .bind(account.to_string())
            .execute(&mut *tx)
            .await?;
        Batch::of(|batch| sessions::write(batch, session, now)).run(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Deletes the account with all that belongs to it. Its orders stay, without the
    /// person. `farewell`: the session that is left of the one that asked for it.
    ///
    /// # Errors
    /// [`StoreError::SessionEnded`] when that session has been ended meanwhile.
    pub async fn delete_account(
        &self,
        account: Uuid,
        farewell: &SessionWrite,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        lock(&mut *tx, account).await?;
        // Before the deletion, which takes the account's sessions with it.
        Batch::of(|batch| sessions::write(batch, farewell, now)).run(&mut tx).await?;
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

    /// Ends a change of an account: what its session is from now on, and what is kept of it.
    pub(super) async fn finish(
        &self,
        mut tx: Transaction<'_, Any>,
        session: &SessionWrite,
        event: &NewEvent,
        now: Timestamp,
    ) -> Result<()> {
        let rest = Batch::of(|batch| {
            sessions::write(batch, session, now);
            events::insert_all(batch, std::slice::from_ref(event), now);
        });
        rest.run(&mut tx).await?;
        tx.commit().await?;
        events::log([event]);
        Ok(())
    }
}

/// Creates an account, and its cart. The constraints say what is taken.
pub(super) fn insert(batch: &mut Batch, account: &NewAccount, now: Timestamp) {
    batch
        .add(
            "INSERT INTO accounts (id, username, username_key, display_name, created_at)
            VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(account.id.to_string())
        .bind(&account.username)
        .bind(&account.username_key)
        .bind(&account.display_name)
        .bind(now.0);
    if let Some(hash) = &account.password_hash {
        insert_password(batch, account.id, hash, now);
    }
    carts::insert_for_account(batch, account.id, now);
}

fn insert_password(batch: &mut Batch, account: Uuid, hash: &str, now: Timestamp) {
    batch
        .add("INSERT INTO passwords (account_id, hash, changed_at) VALUES ($1, $2, $3)")
        .bind(account.to_string())
        .bind(hash)
        .bind(now.0);
}

/// `false` when there is no password yet.
async fn replace_password(
    db: impl AnyExecutor<'_>,
    account: Uuid,
    hash: &str,
    now: Timestamp,
) -> sqlx::Result<bool> {
    let update = query("UPDATE passwords SET hash = $1, changed_at = $2 WHERE account_id = $3")
        .bind(hash)
        .bind(now.0)
        .bind(account.to_string());
    Ok(update.execute(db).await?.rows_affected() == 1)
}
