//! What happened to an account that matters for its security.

use std::time::Duration;

use app::api::Timestamp;
use sqlx::{FromRow, Row, any::AnyRow, query, query_as};
use uuid::Uuid;

use super::{BATCH, Batch, Result, Store, columns, places, timestamp};

/// How long an event is kept.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How many of them a page shows, and how many failures beside them: strangers can cause
/// those, and must not be able to push everything else out of sight.
const SHOWN: i64 = 50;
const FAILURES_SHOWN: i64 = 20;
/// The time between two failures of one way to sign in, with one kind of browser, that are kept,
/// and how many of that way there may be meanwhile: nobody is to fill the database with them, and
/// few can hide behind the owner's own mistakes.
const FAILURES_APART: Duration = Duration::from_secs(60 * 60);
const FAILURES_MEANWHILE: i64 = 3;

/// Something that happened, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    pub account: Uuid,
    pub kind: String,
    /// What the kind leaves open, such as the name of a passkey.
    pub detail: String,
    /// Browser and system.
    pub browser: String,
    /// What was signed in with, without what people have named: for the log only.
    pub methods: String,
    /// Whether strangers can cause it: then it is kept now and then only.
    pub rare: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    pub id: String,
    pub kind: String,
    pub detail: String,
    pub browser: String,
    pub at: Timestamp,
}

impl FromRow<'_, AnyRow> for EventRow {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            kind: row.try_get("kind")?,
            detail: row.try_get("detail")?,
            browser: row.try_get("browser")?,
            at: timestamp(row, "at")?,
        })
    }
}

impl Store {
    /// The newest events of an account, newest first; of those of the kind `failure`, fewer.
    pub async fn events_of(&self, account: Uuid, failure: &str) -> Result<Vec<EventRow>> {
        let events = query_as(concat!(
            "SELECT ",
            columns::event!(),
            " FROM events e WHERE e.id IN
                (SELECT id FROM events WHERE account_id = $1 AND kind <> $2
                ORDER BY at DESC, id DESC LIMIT $3)
            OR e.id IN
                (SELECT id FROM events WHERE account_id = $1 AND kind = $2
                ORDER BY at DESC, id DESC LIMIT $4)
            ORDER BY e.at DESC, e.id DESC"
        ))
        .bind(account.to_string())
        .bind(failure)
        .bind(SHOWN)
        .bind(FAILURES_SHOWN);
        Ok(events.fetch_all(&self.read).await?)
    }

    /// `None` for anybody else's.
    pub async fn event(&self, account: Uuid, id: &str) -> Result<Option<EventRow>> {
        let event = query_as(concat!(
            "SELECT ",
            columns::event!(),
            " FROM events e WHERE e.id = $1 AND e.account_id = $2"
        ))
        .bind(id)
        .bind(account.to_string());
        Ok(event.fetch_optional(&self.read).await?)
    }

    pub(super) async fn delete_old_events(&self, now: Timestamp) -> Result<u64> {
        let delete =
            query("DELETE FROM events WHERE id IN (SELECT id FROM events WHERE at < $1 LIMIT $2)")
                .bind((now - KEPT).0)
                .bind(BATCH);
        Ok(delete.execute(&self.write).await?.rows_affected())
    }
}

/// Tells the log, which has all of them, also those that are kept now and then only. What people
/// have named is left out.
pub(super) fn log<'a>(events: impl IntoIterator<Item = &'a NewEvent>) {
    for event in events.into_iter().filter(|event| !event.account.is_nil()) {
        let methods = (!event.methods.is_empty()).then_some(event.methods.as_str());
        tracing::info!(target: "security", event = event.kind, account = %event.account, methods);
    }
}

/// Keeps events. Of those that strangers can cause, at most one an hour for one account, kind,
/// detail and browser. Whoever has committed them tells the [`log`].
pub(super) fn insert_all(batch: &mut Batch, events: &[NewEvent], now: Timestamp) {
    match events {
        [] => {}
        [event] if event.rare => insert_rare(batch, event, now),
        events => insert(batch, events, now),
    }
}

fn insert(batch: &mut Batch, events: &[NewEvent], now: Timestamp) {
    const COLUMNS: usize = 6;
    let row = |row: usize| format!("({})", places(row * COLUMNS + 1, COLUMNS));
    let rows: Vec<_> = (0..events.len()).map(row).collect();
    let insert = batch.add(format!(
        "INSERT INTO events (id, account_id, kind, detail, browser, at) VALUES {}",
        rows.join(", ")
    ));
    for event in events {
        insert
            // In the order of time, also within a millisecond.
            .bind(Uuid::now_v7().to_string())
            .bind(event.account.to_string())
            .bind(&event.kind)
            .bind(&event.detail)
            .bind(&event.browser)
            .bind(now.0);
    }
}

fn insert_rare(batch: &mut Batch, event: &NewEvent, now: Timestamp) {
    batch
        .add(
            "INSERT INTO events (id, account_id, kind, detail, browser, at)
            SELECT $1, a.id, $2, $3, $4, $5 FROM accounts a
            WHERE a.id = $6 AND NOT EXISTS (SELECT 1 FROM events
                WHERE account_id = a.id AND kind = $2 AND detail = $3 AND browser = $4 AND at > $7)
            AND (SELECT COUNT(*) FROM events
                WHERE account_id = a.id AND kind = $2 AND detail = $3 AND at > $7) < $8",
        )
        .bind(Uuid::now_v7().to_string())
        .bind(&event.kind)
        .bind(&event.detail)
        .bind(&event.browser)
        .bind(now.0)
        .bind(event.account.to_string())
        .bind((now - FAILURES_APART).0)
        .bind(FAILURES_MEANWHILE);
}
