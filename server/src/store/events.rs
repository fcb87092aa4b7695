//! What happened to an account that matters for its security.

use app::api::Instant;
use sqlx::{FromRow, Row, any::AnyRow, query, query_as};
use uuid::Uuid;

use super::{Result, Store, instant};

/// Milliseconds that an event is kept.
const KEPT: i64 = 90 * 24 * 60 * 60 * 1000;
/// How many of them a page shows, and how many failures beside them: strangers can cause
/// those, and must not be able to push everything else out of sight.
const SHOWN: i64 = 50;
const FAILURES_SHOWN: i64 = 20;
/// Milliseconds between two failures of the same way to sign in, with the same kind of browser,
/// that are kept, and how many of that way there may be meanwhile: nobody is to fill the database
/// with them, and few can hide behind the owner's own mistakes.
const FAILURES_APART: i64 = 60 * 60 * 1000;
const FAILURES_MEANWHILE: i64 = 3;

#[derive(Clone, Copy, Debug)]
pub struct NewEvent<'a> {
    pub kind: &'a str,
    /// What the kind leaves open, such as the name of a passkey.
    pub detail: &'a str,
    /// Browser and system.
    pub browser: &'a str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    pub id: String,
    pub kind: String,
    pub detail: String,
    pub browser: String,
    pub at: Instant,
}

impl FromRow<'_, AnyRow> for EventRow {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            kind: row.try_get("kind")?,
            detail: row.try_get("detail")?,
            browser: row.try_get("browser")?,
            at: instant(row, "at")?,
        })
    }
}

impl Store {
    pub async fn record_event(
        &self,
        account: Uuid,
        event: NewEvent<'_>,
        now: Instant,
    ) -> Result<()> {
        self.insert_event(account, event, now, 0).await
    }

    /// Like [`Store::record_event`], at most once an hour for one account, kind, detail and
    /// browser.
    pub async fn record_failure(
        &self,
        account: Uuid,
        event: NewEvent<'_>,
        now: Instant,
    ) -> Result<()> {
        self.insert_event(account, event, now, FAILURES_APART).await
    }

    async fn insert_event(
        &self,
        account: Uuid,
        event: NewEvent<'_>,
        now: Instant,
        apart: i64,
    ) -> Result<()> {
        query(
            "INSERT INTO events (id, account_id, kind, detail, browser, at)
            SELECT $1, a.id, $2, $3, $4, $5 FROM accounts a
            WHERE a.id = $6 AND NOT EXISTS (SELECT 1 FROM events
                WHERE account_id = a.id AND kind = $2 AND detail = $3 AND browser = $4
                AND at > $5 - $7)
            AND (SELECT COUNT(*) FROM events
                WHERE account_id = a.id AND kind = $2 AND detail = $3 AND at > $5 - $7) < $8",
        )
        // In the order of time, also within a millisecond.
        .bind(Uuid::now_v7().to_string())
        .bind(event.kind)
        .bind(event.detail)
        .bind(event.browser)
        .bind(now.0)
        .bind(account.to_string())
        .bind(apart)
        .bind(FAILURES_MEANWHILE)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// The newest events of an account, newest first; of those of the kind `failure`, fewer.
    pub async fn events_of(&self, account: Uuid, failure: &str) -> Result<Vec<EventRow>> {
        let events = query_as(
            "SELECT * FROM events WHERE id IN
                (SELECT id FROM events WHERE account_id = $1 AND kind <> $2
                ORDER BY at DESC, id DESC LIMIT $3)
            OR id IN
                (SELECT id FROM events WHERE account_id = $1 AND kind = $2
                ORDER BY at DESC, id DESC LIMIT $4)
            ORDER BY at DESC, id DESC",
        )
        .bind(account.to_string())
        .bind(failure)
        .bind(SHOWN)
        .bind(FAILURES_SHOWN);
        Ok(events.fetch_all(&self.read).await?)
    }

    /// `None` for anybody else's.
    pub async fn event(&self, account: Uuid, id: &str) -> Result<Option<EventRow>> {
        let event = query_as("SELECT * FROM events WHERE id = $1 AND account_id = $2")
            .bind(id)
            .bind(account.to_string());
        Ok(event.fetch_optional(&self.read).await?)
    }

    pub(super) async fn delete_old_events(&self, now: Instant) -> Result<u64> {
        let delete = query("DELETE FROM events WHERE at < $1").bind(now.0 - KEPT);
        Ok(delete.execute(&self.write).await?.rows_affected())
    }
}
