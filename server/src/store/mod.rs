//! The one place with SQL.
//!
//! One text of SQL serves SQLite and PostgreSQL: `$1` placeholders, and no types but
//! TEXT and BIGINT (the schema is `server/migrations`). Times are handed in, in Unix
//! milliseconds; amounts are euro cents.

mod accounts;
mod batch;
mod carts;
mod catalogue;
mod ceremony;
mod challenges;
mod columns;
mod connections;
mod events;
mod identities;
mod orders;
mod passkeys;
mod recovery_codes;
mod review;
mod sessions;
mod tries;
mod ways;
mod wire;
mod writer;

use std::{io::ErrorKind, sync::Arc, thread::available_parallelism};

use app::api::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::{
    Any, AnyPool, Connection, Executor, Row, Transaction,
    any::{AnyPoolOptions, AnyRow, install_default_drivers},
    error::DatabaseError,
    query, raw_sql,
    sqlite::SqliteConnectOptions,
};
use uuid::Uuid;

use batch::{Batch, Returned};
use catalogue::Cached;
use connections::Connections;
use writer::Writer;

pub use accounts::{AccountRow, NewAccount, PasswordRow, VisitorRow};
pub use carts::{CartOwner, MAX_QUANTITY, Pieces};
pub use catalogue::Catalogue;
pub use ceremony::{Ceremony, Owner};
pub use challenges::UsedChallenge;
pub use events::{EventRow, NewEvent};
pub use identities::{IdentityRow, NewIdentity};
pub use orders::{Placement, Shortage};
pub use passkeys::{Deletion, KnownPasskey, NewPasskey, PasskeyRow, PasskeyUse};
pub use recovery_codes::{AccountToRecover, RecoveryCodesRow};
pub use review::Rejected;
pub use sessions::{FoundSession, SessionRow, SessionWrite, session_key};
pub use tries::{TriesRow, WrongTry};
pub use ways::Ways;

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the username is taken")]
    UsernameTaken,
    #[error("the passkey is registered already")]
    CredentialTaken,
    #[error("the identity is linked already")]
    IdentityTaken,
    #[error("the challenge was answered before")]
    ChallengeUsed,
    #[error("another assertion with this counter was faster")]
    CounterWentBack,
    #[error("the account has no such recovery code, or not any more")]
    CodeUsed,
    #[error("the session has been ended")]
    SessionEnded,
    /// With others that were to be committed at once; the log has the cause.
    #[error("it could not be committed")]
    NotCommitted,
    #[error("the secret “{0}” in the database cannot be read")]
    Secret(&'static str),
    #[error("a session cannot be written: {0}")]
    Session(serde_json::Error),
    #[error("the database's URL {0}")]
    Wire(&'static str),
    #[error(transparent)]
    Database(sqlx::Error),
    #[error(transparent)]
    Migration(#[from] sqlx::migrate::MigrateError),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let violates = |constraint, column| {
            let cause = error.as_database_error();
            cause.is_some_and(|cause| violates(cause, constraint, column))
        };
        if violates("accounts_username_key_unique", "accounts.username_key") {
            Self::UsernameTaken
        } else if violates("passkeys_id_unique", "passkeys.id") {
            Self::CredentialTaken
        } else if violates("identities_subject_unique", "identities.issuer, identities.subject") {
            Self::IdentityTaken
        } else {
            Self::Database(error)
        }
    }
}

/// PostgreSQL names the constraint, SQLite only the column.
fn violates(cause: &dyn DatabaseError, constraint: &str, column: &str) -> bool {
    cause.constraint() == Some(constraint)
        || cause.message().strip_prefix("UNIQUE constraint failed: ") == Some(column)
}

/// Where something that opens an account comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Made<'a> {
    /// Browser and system.
    pub with: &'a str,
    /// The handle of the session that makes it; empty where that only begins with it.
    pub within: &'a str,
}

/// The database. Clones share its connections.
///
/// Every method fails with [`StoreError::Database`] when the database does; other
/// errors are named where they can happen.
#[derive(Clone, Debug)]
pub struct Store {
    read: Connections,
    /// SQLite has one writer at a time. With one connection for it, writers queue up
    /// here, in order, instead of polling for SQLite's lock: on a disk, that is twice as
    /// many sign-ins and a tenth of the longest waits. On PostgreSQL this is `read`.
    write: AnyPool,
    /// Who takes what waits to be written together; none with PostgreSQL, which does so itself.
    writer: Option<Writer>,
    catalogue: Arc<Cached>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Sqlite,
    Postgres,
}

/// So many connections that only read. Each has a thread of its own.
fn readers() -> u32 {
    available_parallelism().map_or(2, |cores| cores.get().clamp(2, 16) as u32)
}

/// For what reads, and for ceremonies; and for all other transactions.
const POSTGRES_KEPT: u32 = 12;
const POSTGRES_CONNECTIONS: u32 = 4;

/// WAL lets readers go on beside the writer; FULL makes what was answered survive a
/// power cut. The timeout (milliseconds) is for other processes. What a savepoint would undo stays
/// in memory, as do 8 MB of what was read and written.
const SQLITE_WRITES: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -8000";
/// A write that takes the wrong way fails in its first test.
const SQLITE_READS: &str =
    "PRAGMA busy_timeout = 5000; PRAGMA query_only = ON; PRAGMA cache_size = -8000";

/// How many rows of a kind are deleted at once.
const BATCH: i64 = 500;

/// Any number, but the same in all servers.
const STARTING: i64 = 0x6c61_7463_686b_6579;

impl Store {
    /// Opens `sqlite:<path>` (and creates the file) or `postgres://…`, brings the schema
    /// up to date and fills an empty catalogue. Servers may do so at the same time.
    ///
    /// A SQLite database has to be a file: in memory, each connection has its own.
    ///
    /// # Errors
    /// [`StoreError::Migration`] when the schema is newer than this program.
    pub async fn open(url: &str) -> Result<Self> {
        install_default_drivers();
        let store = if url.starts_with("sqlite:") {
            Self::connect_sqlite(url).await?
        } else {
            Self::connect_postgres(url).await?
        };
        store.prepare().await?;
        Ok(store)
    }

    async fn connect_sqlite(url: &str) -> Result<Self> {
        keep_private(url)?;
        let write = sqlite_pool(1, SQLITE_WRITES).connect(&or_created(url)).await?;
        let readers = readers();
        let read = sqlite_pool(readers, SQLITE_READS).connect(url).await?;
        let read = Connections::new(read, readers);
        let writer = Some(Writer::start(write.clone()));
        Ok(Self { read, write, writer, catalogue: Arc::default(), kind: Kind::Sqlite })
    }

    async fn connect_postgres(url: &str) -> Result<Self> {
        wire::check(url)?;
        let pool = AnyPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).connect(url).await?;
        let read = Connections::new(pool.clone(), POSTGRES_KEPT);
        let catalogue = Arc::default();
        Ok(Self { read, write: pool, writer: None, catalogue, kind: Kind::Postgres })
    }

    /// All in one transaction that one server at a time is in: the others find it done.
    async fn prepare(&self) -> Result<()> {
        let mut tx = self.begin().await?;
        if let Kind::Postgres = self.kind {
            // As text, because `Any` knows no void. On SQLite, `begin` was the lock.
            let lock = query("SELECT CAST(pg_advisory_xact_lock($1) AS TEXT)").bind(STARTING);
            lock.execute(&mut *tx).await?;
        }
        // `run` is this with an argument of another type, which would not be `Send`.
        sqlx::migrate!().run_direct(None, &mut *tx, false).await?;
        if query("SELECT id FROM products").fetch_optional(&mut *tx).await?.is_none() {
            raw_sql(include_str!("catalogue.sql")).execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Waits for what is under way, then closes all connections.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    /// A transaction that writes; undone when dropped without a commit. SQLite's holds
    /// the write lock from its start: one that read first and then wanted to write would
    /// fail if another had written in between.
    async fn begin(&self) -> sqlx::Result<Transaction<'static, Any>> {
        self.write
            .begin_with(match self.kind {
                Kind::Sqlite => "BEGIN IMMEDIATE",
                Kind::Postgres => "BEGIN",
            })
            .await
    }

    /// Runs a batch in a transaction of its own.
    async fn write(&self, batch: Batch) -> Result<Returned> {
        if batch.is_empty() {
            return Ok(None);
        }
        if let Some(writer) = &self.writer {
            return writer.write(batch).await;
        }
        let mut lent = self.read.lend().await?;
        let mut tx = lent.connection()?.begin().await?;
        let returned = batch.run(&mut tx).await?;
        let committed = tx.commit().await;
        lent.give_back(&committed);
        committed?;
        Ok(returned)
    }

    /// Deletes what is over: used challenges and sessions that have expired, events of more than
    /// 90 days ago, wrong tries that are forgotten, and the carts of visitors that were not touched
    /// for 30 days. It is a batch of each, so that nobody waits long for the lock; returns how many
    /// rows that were, and there may be more of them until it is none.
    pub async fn delete_expired(&self, now: Timestamp) -> Result<u64> {
        Ok(self.delete_expired_challenges(now).await?
            + self.delete_expired_sessions(now).await?
            + self.delete_old_events(now).await?
            + self.delete_abandoned_carts(now).await?
            + self.delete_old_tries(now).await?)
    }
}

fn sqlite_pool(connections: u32, pragmas: &'static str) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        // A file neither hangs up nor leaks.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        // What a full disk has undone by itself, sqlx takes for begun.
        .after_release(|connection, _| {
            Box::pin(async move {
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
        .after_connect(move |connection, _| {
            Box::pin(async move { connection.execute(pragmas).await.map(drop) })
        })
}

/// Nobody else on the machine is to read the database: not the file, which is made here, and not
/// what SQLite keeps beside it, which it makes with the permissions of the file.
fn keep_private(url: &str) -> sqlx::Result<()> {
    let options: SqliteConnectOptions = url.parse()?;
    let path = options.get_filename();
    #[cfg(unix)]
    {
        use std::{
            fs::{OpenOptions, Permissions, set_permissions},
            os::unix::fs::{OpenOptionsExt, PermissionsExt},
        };
        OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        for file in ["", "-wal", "-shm"].map(|end| format!("{}{end}", path.display())) {
            match set_permissions(file, Permissions::from_mode(0o600)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
    }
    Ok(())
}

/// The URL that also creates the file.
fn or_created(url: &str) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}mode=rwc")
}

/// "$2, $3, $4": the only part of a statement that is not written down.
fn places(first: usize, many: usize) -> String {
    let places: Vec<_> = (first..first + many).map(|n| format!("${n}")).collect();
    places.join(", ")
}

fn uuid(row: &AnyRow, column: &str) -> sqlx::Result<Uuid> {
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|error| undecodable(column, error))
}

fn json<T: DeserializeOwned>(row: &AnyRow, column: &str) -> sqlx::Result<T> {
    let text: &str = row.try_get(column)?;
    serde_json::from_str(text).map_err(|error| undecodable(column, error))
}

fn timestamp(row: &AnyRow, column: &str) -> sqlx::Result<Timestamp> {
    row.try_get(column).map(Timestamp)
}

fn flag(row: &AnyRow, column: &str) -> sqlx::Result<bool> {
    row.try_get::<i64, _>(column).map(|value| value != 0)
}

fn undecodable(column: &str, error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: Box::new(error) }
}
