//! SQLite's one writer.
//!
//! SQLite lets one write at a time, and to make a commit last it waits for the disk. So what waits
//! for its turn is taken together: each with a savepoint of its own, which undoes it alone, and one
//! commit for all of them. Nobody is answered before that.

use sqlx::{AnyConnection, AnyPool, Connection, Executor};
use tokio::sync::{mpsc, oneshot};

use super::{
    Result, StoreError,
    batch::{Batch, Returned},
};

/// How many are committed together, at most.
const MOST: usize = 64;
/// After so many commits, whoever else waits for the connection gets it.
const AT_A_TIME: usize = 16;

#[derive(Clone, Debug)]
pub(super) struct Writer(mpsc::UnboundedSender<Job>);

#[derive(Debug)]
struct Job {
    batch: Batch,
    answer: oneshot::Sender<Result<Returned>>,
}

impl Writer {
    /// It ends with the last [`Store`](super::Store) that has it.
    pub(super) fn start(pool: AnyPool) -> Self {
        let (sender, mut jobs) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut together = Vec::with_capacity(MOST);
            while !together.is_empty() || jobs.recv_many(&mut together, MOST).await > 0 {
                write_together(&pool, &mut jobs, &mut together).await;
            }
        });
        Self(sender)
    }

    /// Runs a batch in a transaction, and waits until that lasts.
    ///
    /// # Errors
    /// Those of [`Batch::run`], and of the commit.
    pub(super) async fn write(&self, batch: Batch) -> Result<Returned> {
        let (answer, answered) = oneshot::channel();
        // Nobody answers what could not even be begun.
        self.0.send(Job { batch, answer }).map_err(|_| StoreError::NotCommitted)?;
        answered.await.map_err(|_| StoreError::NotCommitted)?
    }
}

/// Whom to answer, and what, once it is committed.
type Answer = (oneshot::Sender<Result<Returned>>, Result<Returned>);

/// Writes what is there, and what comes meanwhile, for a while: others write as well.
async fn write_together(
    pool: &AnyPool,
    jobs: &mut mpsc::UnboundedReceiver<Job>,
    together: &mut Vec<Job>,
) {
    let mut connection = match pool.acquire().await {
        Ok(connection) => connection,
        Err(error) => {
            tracing::error!(%error, "nothing can be written");
            return together.clear();
        }
    };
    for _ in 0..AT_A_TIME {
        if !commit(&mut connection, together).await {
            // What a full disk has undone by itself, sqlx takes for begun.
            return connection.close_on_drop();
        }
        while together.len() < MOST
            && let Ok(job) = jobs.try_recv()
        {
            together.push(job);
        }
        if together.is_empty() {
            return;
        }
    }
}

/// Returns whether the connection is still good.
async fn commit(connection: &mut AnyConnection, jobs: &mut Vec<Job>) -> bool {
    // Who went away while waiting is left as it was.
    jobs.retain(|job| !job.answer.is_closed());
    if jobs.is_empty() {
        return true;
    }
    let many = jobs.len();
    let mut answers = Vec::with_capacity(many);
    let outcome = try_commit(connection, jobs, &mut answers).await;
    jobs.clear();
    if let Err(error) = &outcome {
        tracing::error!(%error, many, "nothing could be committed");
    }
    for (to, answer) in answers {
        let answer = if outcome.is_ok() { answer } else { Err(StoreError::NotCommitted) };
        // Who does not wait any more need not hear it.
        let _ = to.send(answer);
    }
    outcome.is_ok()
}

async fn try_commit(
    connection: &mut AnyConnection,
    jobs: &mut Vec<Job>,
    answers: &mut Vec<Answer>,
) -> sqlx::Result<()> {
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    let alone = jobs.len() == 1;
    for Job { mut batch, answer } in jobs.drain(..) {
        if !alone {
            batch.begin_with("SAVEPOINT one");
        }
        let outcome = batch.run(&mut tx).await;
        let failed = outcome.is_err();
        answers.push((answer, outcome));
        if failed && !alone {
            tx.execute("ROLLBACK TO one").await?;
        }
    }
    // Where all have failed, there is nothing to wait for the disk for.
    match answers.iter().any(|(_, outcome)| outcome.is_ok()) {
        true => tx.commit().await,
        false => tx.rollback().await,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sqlx::{AssertSqlSafe, query, query_scalar};
    use tempfile::TempDir;
    use tokio::time::timeout;

    use super::super::{Batch, Store};

    /// With a table of notes.
    async fn store() -> (Store, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("shop.db").display());
        let store = Store::open(&url).await.unwrap();
        query("CREATE TABLE notes (text TEXT)").execute(&store.write).await.unwrap();
        (store, folder)
    }

    async fn notes(store: &Store) -> Vec<String> {
        query_scalar("SELECT text FROM notes").fetch_all(&store.read).await.unwrap()
    }

    fn insert(text: &str) -> Batch {
        Batch::of(|batch| {
            batch.add("INSERT INTO notes VALUES ($1)").bind(text);
        })
    }

    /// The file may not grow any more.
    async fn fill_the_disk(store: &Store) {
        let pages: i64 = query_scalar("PRAGMA page_count").fetch_one(&store.write).await.unwrap();
        let limit = AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        query(limit).execute(&store.write).await.unwrap();
    }

    #[tokio::test]
    async fn once_a_full_disk_has_room_again_all_is_well() {
        let (store, _folder) = store().await;
        let much = "much".repeat(100_000);

        fill_the_disk(&store).await;
        store.write(insert(&much)).await.unwrap_err();
        // A new connection knows nothing of the limit.
        store.write(insert("a")).await.unwrap();

        fill_the_disk(&store).await;
        let mut tx = store.begin().await.unwrap();
        let full = query("INSERT INTO notes VALUES ($1)").bind(&much).execute(&mut *tx).await;
        full.unwrap_err();
        drop(tx);
        let tx = store.begin().await.unwrap();
        tx.commit().await.unwrap();
        store.write(insert("b")).await.unwrap();

        assert_eq!(notes(&store).await, ["a", "b"]);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_written() {
        let (store, _folder) = store().await;
        // While it is held, nothing else is written.
        let held = store.begin().await.unwrap();
        let gone = store.write(insert("gone"));
        timeout(Duration::from_millis(10), gone).await.unwrap_err();
        let there = tokio::spawn({
            let store = store.clone();
            async move { store.write(insert("there")).await }
        });
        held.commit().await.unwrap();
        there.await.unwrap().unwrap();
        assert_eq!(notes(&store).await, ["there"]);
    }
}
