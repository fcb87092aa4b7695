//! Connections that are used again at once.
//!
//! sqlx's pool asks a connection whether it is still there before it lends it out, and again when it
//! comes back. Each is a way to the database as long as that of the question itself. So those that
//! only read, or write a batch, are kept here, outside of the pool, and lent out as they are, unless
//! they were left alone for a while. One that something went wrong with is closed.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::{
    FutureExt, StreamExt, TryFutureExt, TryStreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use sqlx::{
    Any, AnyConnection, AnyPool, Connection, Describe, Either, Execute, Executor, SqlStr,
    any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo},
};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// One that was left alone for longer is asked whether it is still there.
const FRESH: Duration = Duration::from_secs(1);
/// So long may that take: through a network that has forgotten it, nothing ever comes.
const ANSWER: Duration = Duration::from_secs(5);
/// So long is one waited for, as with sqlx's pool.
const TURN: Duration = Duration::from_secs(30);

/// Clones share them.
#[derive(Clone)]
pub(super) struct Connections(Arc<Shared>);

struct Shared {
    /// Where new ones come from.
    pool: AnyPool,
    most: u32,
    turns: Arc<Semaphore>,
    idle: Mutex<Vec<(Instant, AnyConnection)>>,
}

/// A connection for a while.
pub(super) struct Lent {
    shared: Arc<Shared>,
    /// There, until it is given back.
    connection: Option<(AnyConnection, OwnedSemaphorePermit)>,
}

impl Connections {
    /// So many connections, at most, beside those of the pool.
    pub(super) fn new(pool: AnyPool, most: u32) -> Self {
        let turns = Arc::new(Semaphore::new(most as usize));
        Self(Arc::new(Shared { pool, most, turns, idle: Mutex::default() }))
    }

    pub(super) async fn lend(&self) -> sqlx::Result<Lent> {
        let shared = &self.0;
        let turn = timeout(TURN, shared.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| sqlx::Error::PoolTimedOut)?;
        let turn = turn.map_err(|_| sqlx::Error::PoolClosed)?;
        let connection = match shared.take().await {
            Some(connection) => connection,
            None => shared.pool.acquire().await?.detach(),
        };
        Ok(Lent { shared: shared.clone(), connection: Some((connection, turn)) })
    }

    /// Waits for those that are lent, and closes all.
    pub(super) async fn close(&self) {
        let _all = self.0.turns.acquire_many(self.0.most).await;
        self.0.turns.close();
        self.0.idle().clear();
        self.0.pool.close().await;
    }
}

impl Shared {
    async fn take(&self) -> Option<AnyConnection> {
        let (since, mut connection) = self.idle().pop()?;
        let is_there = since.elapsed() < FRESH || answers(&mut connection).await;
        is_there.then_some(connection)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Instant, AnyConnection)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answers(connection: &mut AnyConnection) -> bool {
    matches!(timeout(ANSWER, connection.ping()).await, Ok(Ok(())))
}

impl Lent {
    pub(super) fn connection(&mut self) -> sqlx::Result<&mut AnyConnection> {
        self.connection.as_mut().map(|(connection, _)| connection).ok_or(sqlx::Error::PoolClosed)
    }

    /// Whoever is through with it says so, and how it went.
    pub(super) fn give_back<T>(mut self, outcome: &sqlx::Result<T>) {
        let is_sound = matches!(outcome, Ok(_) | Err(sqlx::Error::Database(_)));
        if let Some((connection, _turn)) = self.connection.take()
            && is_sound
        {
            self.shared.idle().push((Instant::now(), connection));
        }
    }
}

/// The request went away that it was lent for: what it had begun ends first.
impl Drop for Lent {
    fn drop(&mut self) {
        let (Some((mut connection, turn)), Ok(runtime)) =
            (self.connection.take(), Handle::try_current())
        else {
            return;
        };
        let shared = self.shared.clone();
        runtime.spawn(async move {
            if answers(&mut connection).await {
                shared.idle().push((Instant::now(), connection));
            }
            drop(turn);
        });
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connections").field(&self.0.pool).finish()
    }
}

impl<'c> Executor<'c> for &'c Connections {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, sqlx::Result<Either<AnyQueryResult, AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let all = async move {
            let mut lent = self.lend().await?;
            let all = lent.connection()?.fetch_many(query).try_collect::<Vec<_>>().await;
            lent.give_back(&all);
            all
        };
        all.map_ok(|all| stream::iter(all).map(Ok)).try_flatten_stream().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        async move {
            let mut lent = self.lend().await?;
            let found = lent.connection()?.fetch_optional(query).await;
            lent.give_back(&found);
            found
        }
        .boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, sqlx::Result<AnyStatement>>
    where
        'c: 'e,
    {
        async move { self.lend().await?.connection()?.prepare_with(sql, parameters).await }.boxed()
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Any>>>
    where
        'c: 'e,
    {
        async move { self.lend().await?.connection()?.describe(sql).await }.boxed()
    }
}
