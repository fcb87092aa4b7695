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
        commit(&mut connection, together).await;
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

async fn commit(connection: &mut AnyConnection, jobs: &mut Vec<Job>) {
    let mut answers = Vec::with_capacity(jobs.len());
    let outcome = try_commit(connection, jobs, &mut answers).await;
    jobs.clear();
    if let Err(error) = &outcome {
        tracing::error!(%error, many = answers.len(), "nothing could be committed");
    }
    for (to, answer) in answers {
        let answer = if outcome.is_ok() { answer } else { Err(StoreError::NotCommitted) };
        // Who does not wait any more need not hear it.
        let _ = to.send(answer);
    }
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
