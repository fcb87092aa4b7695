//! Sessions. What is in one is the business of [`session`](crate::session); here it is text,
//! and the account that it is signed in to.
//!
//! The database cannot be used to take over sessions: it has no id in clear. One that has ended
//! stays ended: nothing but the end of a ceremony begins one for an account.

use app::api::Timestamp;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use sqlx::{
    Any, FromRow, Row, Transaction,
    any::{AnyExecutor, AnyRow},
    query, query_as, query_scalar,
};
use uuid::Uuid;

use super::{
    AccountRow, BATCH, Batch, NewEvent, Pieces, Result, Store, StoreError, VisitorRow,
    batch::Statement, columns, events, timestamp, undecodable,
};

/// The sessions of one account, at most: a new one ends the oldest.
pub(super) const MOST_SESSIONS: i64 = 20;

/// What stands in the database for a session's id: its SHA-256, unpadded base64url. It
/// can be looked up by, but opens no session.
#[must_use]
pub fn session_key(id: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(id))
}

/// A session as it is in the database.
#[derive(Clone, Debug)]
pub struct FoundSession {
    pub data: String,
    pub expires: Timestamp,
    /// Of the account that is signed in.
    pub visitor: Option<VisitorRow>,
}

/// A session as it is to be from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionWrite {
    /// [`session_key`] of the id that it has had, if there was one.
    pub before: Option<String>,
    /// [`session_key`] of the id that it has now.
    pub key: String,
    pub account: Option<Uuid>,
    /// What its owner ends it by.
    pub handle: Option<String>,
    pub data: String,
    pub expires: Timestamp,
    /// Whether it begins in any case, also where the one before has ended meanwhile: signing in
    /// begins a session, confirming something only goes on with one.
    pub begins: bool,
}

/// A session of an account, as its owner may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// [`session_key`] of its id.
    pub key: String,
    /// What its owner ends it by.
    pub handle: String,
    pub data: String,
}

impl Store {
    /// The session with this key, with what surrounds every page of somebody who is signed in, and
    /// their cart, so that a page asks once.
    pub async fn session(&self, key: &str, now: Timestamp) -> Result<Option<FoundSession>> {
        let rows = query(concat!(
            "SELECT s.data, s.expires_at, s.signalled, s.account_id, ",
            columns::account!(),
            ", l.product_id, l.quantity
                FROM sessions s LEFT JOIN accounts a ON a.id = s.account_id
                    LEFT JOIN cart_lines l ON l.cart_id = 'account:' || s.account_id
                WHERE s.id = $1 AND s.expires_at > $2 ORDER BY l.product_id"
        ))
        .bind(key)
        .bind(now.0);
        let rows = rows.fetch_all(&self.read).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let visitor = match row.try_get::<Option<String>, _>("account_id")? {
            Some(_) => Some(visitor(&rows)?),
            None => None,
        };
        let (data, expires) = (row.try_get("data")?, timestamp(row, "expires_at")?);
        Ok(Some(FoundSession { data, expires, visitor }))
    }

    /// Begins a session; `false` when there is one with this key already.
    pub async fn begin_session(&self, session: &SessionWrite, now: Timestamp) -> Result<bool> {
        let mut batch = Batch::default();
        insert(&mut batch, session, now).or(|| StoreError::SessionEnded);
        match self.write(batch).await {
            Err(StoreError::SessionEnded) => Ok(false),
            written => written.map(|_| true),
        }
    }

    /// Changes what is in a session from `before` to `data`; `false` when something else is in it
    /// by now, or it is gone: a request that began before the sign-out and ends after it must not
    /// bring the session back.
    pub async fn change_session(
        &self,
        key: &str,
        before: &str,
        data: &str,
        expires: Timestamp,
    ) -> Result<bool> {
        let update =
            query("UPDATE sessions SET data = $1, expires_at = $2 WHERE id = $3 AND data = $4")
                .bind(data)
                .bind(expires.0)
                .bind(key)
                .bind(before);
        Ok(update.execute(&self.write).await?.rows_affected() == 1)
    }

    pub async fn delete_session(&self, key: &str) -> Result<()> {
        query("DELETE FROM sessions WHERE id = $1").bind(key).execute(&self.write).await?;
        Ok(())
    }

    /// The sessions in which the account is signed in, newest first.
    pub async fn sessions_of(&self, account: Uuid, now: Timestamp) -> Result<Vec<SessionRow>> {
        let sessions = query(
            "SELECT id, COALESCE(handle, id) AS handle, data FROM sessions
            WHERE account_id = $1 AND expires_at > $2 ORDER BY created_at DESC, id",
        )
        .bind(account.to_string())
        .bind(now.0)
        .try_map(|row: AnyRow| {
            Ok(SessionRow {
                key: row.try_get("id")?,
                handle: row.try_get("handle")?,
                data: row.try_get("data")?,
            })
        });
        Ok(sessions.fetch_all(&self.read).await?)
    }

    /// Ends one of the account's sessions, as another one of them asks for; `false` when it has
    /// no such session (any more). `event`: what to keep of it, given what was in it.
    pub async fn end_session(
        &self,
        account: Uuid,
        handle: &str,
        asking: &SessionWrite,
        event: impl FnOnce(&str) -> NewEvent + Send,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        next_epoch(&mut *tx, account).await?;
        let ended: Option<String> = query_scalar(
            "DELETE FROM sessions WHERE account_id = $1 AND COALESCE(handle, id) = $2
            RETURNING data",
        )
        .bind(account.to_string())
        .bind(handle)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(ended) = ended else {
            return Ok(false);
        };
        end_automatic(&mut *tx, account).await?;
        let event = event(&ended);
        let rest = Batch::of(|batch| {
            // A session may also end itself.
            if asking.handle.as_deref() != Some(handle) {
                write(batch, asking, now);
            }
            events::insert_all(batch, std::slice::from_ref(&event), now);
        });
        rest.run(&mut tx).await?;
        tx.commit().await?;
        events::log([&event]);
        Ok(true)
    }

    /// Ends all sessions of the account but the one that asks for it.
    pub async fn end_other_sessions(
        &self,
        account: Uuid,
        asking: &SessionWrite,
        event: &NewEvent,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        end_others(&mut tx, account, &asking.key).await?;
        end_automatic(&mut *tx, account).await?;
        self.finish(tx, asking, event, now).await
    }

    /// Ends all sessions of the account with this name, or of all accounts, as the host asks for;
    /// returns of how many accounts. `event`: what the owner is told.
    pub async fn end_sessions(
        &self,
        username_key: Option<&str>,
        event: impl Fn(Uuid) -> NewEvent + Send,
        now: Timestamp,
    ) -> Result<usize> {
        let mut tx = self.begin().await?;
        let mut told = vec![];
        let accounts: Vec<String> = query_scalar(
            "UPDATE accounts SET sessions_epoch = sessions_epoch + 1, automatic = 0
            WHERE CAST($1 AS TEXT) IS NULL OR username_key = $1 RETURNING id",
        )
        .bind(username_key)
        .fetch_all(&mut *tx)
        .await?;
        for account in &accounts {
            query("DELETE FROM sessions WHERE account_id = $1")
                .bind(account)
                .execute(&mut *tx)
                .await?;
            let account = account.parse().map_err(|error| undecodable("id", error))?;
            let event = [event(account)];
            Batch::of(|batch| events::insert_all(batch, &event, now)).run(&mut tx).await?;
            told.extend(event);
        }
        tx.commit().await?;
        events::log(&told);
        Ok(accounts.len())
    }

    /// The account, if the session with this key is one of its own, as of now.
    pub async fn account_within(&self, session: &str) -> Result<Option<AccountRow>> {
        let account = query_as(concat!(
            "SELECT ",
            columns::account!(),
            " FROM accounts a JOIN sessions s ON s.account_id = a.id WHERE s.id = $1"
        ))
        .bind(session);
        Ok(account.fetch_optional(&self.read).await?)
    }

    pub async fn set_signalled(&self, key: &str, version: i64) -> Result<()> {
        let update =
            query("UPDATE sessions SET signalled = $1 WHERE id = $2").bind(version).bind(key);
        update.execute(&self.write).await?;
        Ok(())
    }

    pub(super) async fn delete_expired_sessions(&self, now: Timestamp) -> Result<u64> {
        let delete = query(
            "DELETE FROM sessions WHERE id IN
                (SELECT id FROM sessions WHERE expires_at <= $1 LIMIT $2)",
        )
        .bind(now.0)
        .bind(BATCH);
        Ok(delete.execute(&self.write).await?.rows_affected())
    }
}

/// What surrounds the pages of an account, of rows that have its columns, and each a line of its
/// cart or nothing of one.
fn visitor(rows: &[AnyRow]) -> sqlx::Result<VisitorRow> {
    let mut pieces = vec![];
    for row in rows {
        if let Some(product_id) = row.try_get("product_id")? {
            pieces.push(Pieces { product_id, quantity: row.try_get("quantity")? });
        }
    }
    Ok(VisitorRow {
        account: AccountRow::from_row(&rows[0])?,
        pieces,
        signalled: rows[0].try_get("signalled")?,
    })
}

/// Fails with [`StoreError::SessionEnded`] when it is gone, and does not begin anew.
pub(super) fn write(batch: &mut Batch, session: &SessionWrite, now: Timestamp) {
    match &session.before {
        Some(before) if session.begins => {
            change(batch, before, session, now);
            insert(batch, session, now).if_none().or(|| StoreError::SessionEnded);
        }
        Some(before) => {
            change(batch, before, session, now).or(|| StoreError::SessionEnded);
        }
        None => {
            insert(batch, session, now).or(|| StoreError::SessionEnded);
        }
    }
}

/// Changes the session in place. One with a new id is a new one: its browser is to hear of the
/// account's passkeys again.
fn change<'a>(
    batch: &'a mut Batch,
    before: &str,
    session: &SessionWrite,
    now: Timestamp,
) -> &'a mut Statement {
    batch
        .add(
            "UPDATE sessions SET id = $1, account_id = $2, handle = $3, data = $4,
                expires_at = $5, signalled = CASE WHEN id = $1 THEN signalled END,
                created_at = CASE WHEN $6 = 1 THEN $7 ELSE created_at END
            WHERE id = $8 AND expires_at > $7",
        )
        .bind(&session.key)
        .bind(session.account.map(|account| account.to_string()))
        .bind(session.handle.as_ref())
        .bind(&session.data)
        .bind(session.expires.0)
        .bind(i64::from(session.begins))
        .bind(now.0)
        .bind(before)
}

/// Affects nothing where there is one with this key.
fn insert<'a>(batch: &'a mut Batch, session: &SessionWrite, now: Timestamp) -> &'a mut Statement {
    batch
        .add(
            "INSERT INTO sessions (id, account_id, handle, data, created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
        )
        .bind(&session.key)
        .bind(session.account.map(|account| account.to_string()))
        .bind(session.handle.as_ref())
        .bind(&session.data)
        .bind(now.0)
        .bind(session.expires.0)
}

/// Ends the account's sessions but the one with the key `keep`. It also locks the account.
pub(super) async fn end_others(
    tx: &mut Transaction<'_, Any>,
    account: Uuid,
    keep: &str,
) -> sqlx::Result<()> {
    next_epoch(&mut **tx, account).await?;
    query("DELETE FROM sessions WHERE account_id = $1 AND id <> $2")
        .bind(account.to_string())
        .bind(keep)
        .execute(&mut **tx)
        .await
        .map(drop)
}

/// A browser whose session was ended from elsewhere may still keep the password, and would
/// sign in again by itself.
pub(super) async fn end_automatic(db: impl AnyExecutor<'_>, account: Uuid) -> sqlx::Result<()> {
    query("UPDATE accounts SET automatic = 0 WHERE id = $1")
        .bind(account.to_string())
        .execute(db)
        .await
        .map(drop)
}

/// Ends the sessions of the account that has just got this one, but for the newest.
pub(super) fn end_oldest(batch: &mut Batch, begun: &SessionWrite) {
    batch
        .add(
            "DELETE FROM sessions WHERE account_id = $1 AND id <> $2 AND id NOT IN
                (SELECT id FROM sessions WHERE account_id = $1 AND id <> $2
                ORDER BY created_at DESC, id LIMIT $3)",
        )
        .bind(begun.account.map(|account| account.to_string()))
        .bind(&begun.key)
        .bind(MOST_SESSIONS - 1);
}

/// # Errors
/// [`StoreError::SessionEnded`] unless the account, which is locked, has a session with this
/// handle.
pub(super) async fn expect(
    db: impl AnyExecutor<'_>,
    account: Uuid,
    handle: &str,
    now: Timestamp,
) -> Result<()> {
    let session = query(
        "SELECT id FROM sessions
        WHERE account_id = $1 AND COALESCE(handle, id) = $2 AND expires_at > $3",
    )
    .bind(account.to_string())
    .bind(handle)
    .bind(now.0);
    session.fetch_optional(db).await?.map(drop).ok_or(StoreError::SessionEnded)
}

/// Whoever began to sign in before does not get in any more. It also locks the account.
pub(super) async fn next_epoch(db: impl AnyExecutor<'_>, account: Uuid) -> sqlx::Result<()> {
    query("UPDATE accounts SET sessions_epoch = sessions_epoch + 1 WHERE id = $1")
        .bind(account.to_string())
        .execute(db)
        .await
        .map(drop)
}
