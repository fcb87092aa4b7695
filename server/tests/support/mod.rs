//! Every test on both kinds of database, and on one of its own.

pub mod authenticator;
pub mod bend;
pub mod page;
pub mod provider;
pub mod saved;
pub mod store;
pub mod time;
pub mod town;
pub mod visitor;

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures::FutureExt;
use latchkey::store::Store;
pub use latchkey_on_both::on_both;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor, any::install_default_drivers};
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

/// What a test is given to work with, made from the URL of an empty database.
#[allow(async_fn_in_trait, reason = "tests await it where they are")]
pub trait On {
    async fn on(url: String) -> Self;
}

/// Nobody has opened the database yet.
pub struct DatabaseUrl(pub String);

impl On for DatabaseUrl {
    async fn on(url: String) -> Self {
        install_default_drivers();
        Self(url)
    }
}

impl On for Store {
    async fn on(url: String) -> Self {
        Self::open(&url).await.unwrap()
    }
}

/// On a file that is removed afterwards.
pub async fn on_sqlite<D: On>(test: impl AsyncFnOnce(D)) {
    let folder = TempDir::new().unwrap();
    test(D::on(format!("sqlite:{}/test.db", folder.path().display())).await).await;
}

/// In a new schema of the database at `TEST_DATABASE_URL`, dropped afterwards, also when
/// the test fails. It does as well as a database of its own and is made five times as fast.
pub async fn on_postgres<D: On>(test: impl AsyncFnOnce(D)) {
    let server = std::env::var("TEST_DATABASE_URL").expect(
        "`make test` runs these tests: it starts a PostgreSQL for them. To run some alone, \
         `export TEST_DATABASE_URL=$(./.setup postgres start)` before `cargo test`, and \
         `./.setup postgres stop` at the end",
    );
    let name = format!("test_{}", Uuid::new_v4().simple());
    let mut url: Url = server.parse().unwrap();
    url.query_pairs_mut().append_pair("options[search_path]", &name);

    tell(&server, format!("CREATE SCHEMA {name}")).await;
    let run = async { test(D::on(url.into()).await).await };
    let outcome = AssertUnwindSafe(run).catch_unwind().await;
    tell(&server, format!("DROP SCHEMA {name} CASCADE")).await;
    if let Err(failure) = outcome {
        resume_unwind(failure);
    }
}

async fn tell(server: &str, statement: String) {
    install_default_drivers();
    let mut connection = AnyConnection::connect(server).await.unwrap();
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
    connection.close().await.unwrap();
}
