//! What the tests of the database layer begin with.

use app::api::{Delivery, Instant};
use latchkey::{
    clock::Clock,
    store::{NewAccount, NewPasskey, Placement, Sessions, Store, session_key},
};
use serde_json::json;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, any::AnyRow};
use tower_sessions::{
    SessionStore,
    cookie::time::OffsetDateTime,
    session::{Id, Record},
};
use uuid::Uuid;

use super::{DatabaseUrl, time::DAY};

pub const NOW: Instant = Instant(1_900_000_000_000);

// Of the catalogue: plenty, three, one, none.
pub const MAT: &str = "door-mat";
pub const LANTERN: &str = "lantern";
pub const CABINET: &str = "key-cabinet";
pub const STAND: &str = "umbrella-stand";

pub fn later(milliseconds: i64) -> Instant {
    Instant(NOW.0 + milliseconds)
}

/// One alone has one writer with SQLite, so little could go wrong.
pub async fn two_servers(url: &DatabaseUrl) -> [Store; 2] {
    [Store::open(&url.0).await.unwrap(), Store::open(&url.0).await.unwrap()]
}

pub fn account(username: &str) -> NewAccount {
    NewAccount {
        id: Uuid::new_v4(),
        username: username.into(),
        username_key: username.into(),
        display_name: username.into(),
        password_hash: None,
        passkey: None,
        identity: None,
    }
}

pub async fn sign_up(store: &Store, username: &str) -> Uuid {
    let account = account(username);
    store.create_account(&account, NOW).await.unwrap();
    account.id
}

pub fn passkey(id: &str) -> NewPasskey {
    NewPasskey {
        id: id.into(),
        credential: "{\"counter\":1}".into(),
        aaguid: Uuid::nil().to_string(),
        transports: vec!["internal".into(), "hybrid".into()],
        counter: 1,
        backup_eligible: true,
        backed_up: false,
        verified_model: false,
        with: "Chrome on Linux".into(),
        here: true,
    }
}

pub fn sessions(store: &Store) -> Sessions {
    Sessions::new(store.clone(), Clock::stopped_at(NOW))
}

pub fn record(lifetime: i64) -> Record {
    let expires = i128::from(NOW.0 + lifetime) * 1_000_000;
    Record {
        id: Id::default(),
        data: [].into(),
        expiry_date: OffsetDateTime::from_unix_timestamp_nanos(expires).unwrap(),
    }
}

pub async fn begin_session_of(store: &Store, account: Uuid) -> String {
    let mut record = record(DAY);
    record.data.insert("account".into(), json!(account));
    sessions(store).create(&mut record).await.unwrap();
    session_key(&record.id)
}

/// A session that lasts a day; returns its key.
pub async fn begin_session(store: &Store) -> String {
    let mut record = record(DAY);
    sessions(store).create(&mut record).await.unwrap();
    session_key(&record.id)
}

pub async fn stock(store: &Store, slug: &str) -> i64 {
    store.product(slug).await.unwrap().unwrap().stock
}

pub fn delivery() -> Delivery {
    Delivery { name: "Ada Lovelace".into(), address: "St James's Square 12\nLondon".into() }
}

pub async fn place(store: &Store, account: Uuid, placement: &str) -> Placement {
    store.place_order(account, placement, &delivery(), NOW).await.unwrap()
}

/// The rows of a query, past the store.
pub async fn rows(url: &str, sql: &str) -> Vec<AnyRow> {
    let mut connection = AnyConnection::connect(url).await.unwrap();
    sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap()
}

pub async fn execute(url: &str, sql: &str) {
    rows(url, sql).await;
}
