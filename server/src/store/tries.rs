//! Wrong tries at what could be guessed.

use std::time::Duration;

use app::api::Timestamp;
use sqlx::{AssertSqlSafe, FromRow, Row, any::AnyRow, query, query_as};

use super::{BATCH, Batch, Result, Store, columns, flag, places, timestamp};

/// Wrong tries that are counted together. Each adds its time to both ends, so that there can be
/// only so many before they are over (a generic cell rate algorithm, twice).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriesRow {
    pub subject: String,
    /// When those of the last minute are forgotten.
    pub minute_over: Timestamp,
    /// When those of the last hour are.
    pub hour_over: Timestamp,
}

impl FromRow<'_, AnyRow> for TriesRow {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(Self {
            subject: row.try_get("subject")?,
            minute_over: timestamp(row, "minute_over")?,
            hour_over: timestamp(row, "hour_over")?,
        })
    }
}

/// One more wrong try, and the time that it is remembered for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongTry {
    pub subject: String,
    pub minute: Duration,
    pub hour: Duration,
}

impl Store {
    /// What is remembered of wrong tries; nothing of a subject without any.
    pub async fn tries(&self, subjects: &[WrongTry]) -> Result<Vec<TriesRow>> {
        // Nothing but the numbers of the places is put into the text.
        let sql = format!(
            concat!("SELECT ", columns::tries!(), " FROM tries t WHERE t.subject IN ({})"),
            places(1, subjects.len())
        );
        let rows = query_as(AssertSqlSafe(sql));
        let rows = subjects.iter().fold(rows, |rows, tried| rows.bind(tried.subject.clone()));
        Ok(rows.fetch_all(&self.read).await?)
    }

    /// What is remembered of wrong tries, and whether a username is taken.
    pub async fn tries_and_taken(
        &self,
        subjects: &[WrongTry],
        username_key: &str,
    ) -> Result<(Vec<TriesRow>, bool)> {
        let sql = format!(
            concat!(
                "SELECT (SELECT COUNT(*) FROM accounts WHERE username_key = $1) AS taken, ",
                columns::tries!(),
                " FROM (SELECT 1 AS one) o LEFT JOIN tries t ON t.subject IN ({})"
            ),
            places(2, subjects.len())
        );
        let rows = query(AssertSqlSafe(sql)).bind(username_key.to_owned());
        let rows = subjects.iter().fold(rows, |rows, tried| rows.bind(tried.subject.clone()));
        let rows = rows.fetch_all(&self.read).await?;
        let taken = rows.first().map_or(Ok(false), |row| flag(row, "taken"))?;
        let is_there = |row: &&AnyRow| {
            row.try_get::<Option<String>, _>("subject").is_ok_and(|subject| subject.is_some())
        };
        let found =
            rows.iter().filter(is_there).map(TriesRow::from_row).collect::<Result<_, _>>()?;
        Ok((found, taken))
    }

    /// Counts wrong tries that no ceremony ends with.
    pub async fn count_tries(&self, tries: &[WrongTry], now: Timestamp) -> Result<()> {
        self.write(Batch::of(|batch| count(batch, tries, now))).await.map(drop)
    }

    pub(super) async fn delete_old_tries(&self, now: Timestamp) -> Result<u64> {
        let delete = query(
            "DELETE FROM tries WHERE subject IN (SELECT subject FROM tries
                    WHERE hour_over <= $1 AND minute_over <= $1 LIMIT $2)",
        )
        .bind(now.0)
        .bind(BATCH);
        Ok(delete.execute(&self.write).await?.rows_affected())
    }
}

/// Two at once are both counted.
pub(super) fn count(batch: &mut Batch, tries: &[WrongTry], now: Timestamp) {
    if tries.is_empty() {
        return;
    }
    let rows: Vec<_> =
        (0..tries.len()).map(|row| format!("({})", places(row * 3 + 2, 3))).collect();
    let insert = batch.add(format!(
        "INSERT INTO tries (subject, minute_over, hour_over) VALUES {}
        ON CONFLICT (subject) DO UPDATE SET
            minute_over = excluded.minute_over +
                CASE WHEN tries.minute_over > $1 THEN tries.minute_over - $1 ELSE 0 END,
            hour_over = excluded.hour_over +
                CASE WHEN tries.hour_over > $1 THEN tries.hour_over - $1 ELSE 0 END",
        rows.join(", ")
    ));
    insert.bind(now.0);
    for tried in tries {
        let (minute, hour) = (now + tried.minute, now + tried.hour);
        insert.bind(&tried.subject).bind(minute.0).bind(hour.0);
    }
}

pub(super) fn forget(batch: &mut Batch, subject: &str) {
    batch.add("DELETE FROM tries WHERE subject = $1").bind(subject);
}
