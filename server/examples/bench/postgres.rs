//! A server of PostgreSQL, for databases that come and go.

use std::fs;

use sqlx::{
    AnyConnection, AssertSqlSafe, Connection, any::install_default_drivers, query_scalar, raw_sql,
};
use tokio::runtime::Runtime;
use url::Url;

use crate::seed::Outcome;

pub struct Postgres {
    url: Url,
    /// The process that all others are started by.
    pub process: u32,
}

impl Postgres {
    pub fn new(url: &str) -> Outcome<Self> {
        install_default_drivers();
        let status = Runtime::new()?.block_on(async {
            let mut database = AnyConnection::connect(url).await?;
            let backend: i32 =
                query_scalar("SELECT pg_backend_pid()").fetch_one(&mut database).await?;
            // As long as there is a connection, there is its process.
            let status = fs::read_to_string(format!("/proc/{backend}/status"));
            database.close().await?;
            Ok::<_, sqlx::Error>(status.unwrap_or_default())
        })?;
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        let process = parent.and_then(|parent| parent.trim().parse().ok()).unwrap_or_default();
        Ok(Self { url: url.parse()?, process })
    }

    /// Makes an empty database, and gives its URL.
    pub fn create(&self, name: &str) -> Outcome<String> {
        self.drop(name)?;
        self.execute(format!("CREATE DATABASE {name}"))?;
        Ok(self.url_of(name))
    }

    /// The same with what is in another one.
    pub fn copy(&self, template: &str, name: &str) -> Outcome<String> {
        self.drop(name)?;
        self.execute(format!("CREATE DATABASE {name} TEMPLATE {template}"))?;
        Ok(self.url_of(name))
    }

    pub fn drop(&self, name: &str) -> Outcome {
        self.execute(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    }

    fn url_of(&self, name: &str) -> String {
        let mut url = self.url.clone();
        url.set_path(name);
        url.into()
    }

    /// All names are ours.
    fn execute(&self, sql: String) -> Outcome {
        let url = self.url.as_str();
        Runtime::new()?.block_on(async {
            let mut database = AnyConnection::connect(url).await?;
            raw_sql(AssertSqlSafe(sql)).execute(&mut database).await?;
            Ok(database.close().await?)
        })
    }
}
