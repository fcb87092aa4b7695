//! What the tests of the database layer begin with.

use std::time::Duration;

use app::api::{Delivery, Timestamp};
use latchkey::{
    clock::Clock,
    session::{Event, Lifetimes, Sessions},
    store::{
        Ceremony, NewAccount, NewEvent, NewPasskey, Owner, Placement, SessionWrite, Store,
        StoreError, session_key,
    },
};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, any::AnyRow};
use uuid::Uuid;

use super::{DatabaseUrl, time::DAY};

pub const NOW: Timestamp = Timestamp(1_900_000_000_000);

// Of the catalogue: plenty, three, one, none.
pub const MAT: &str = "door-mat";
pub const LANTERN: &str = "lantern";
pub const CABINET: &str = "key-cabinet";
pub const STAND: &str = "umbrella-stand";

pub fn later(milliseconds: i64) -> Timestamp {
    Timestamp(NOW.0 + milliseconds)
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
    }
}

pub async fn sign_up(store: &Store, username: &str) -> Uuid {
    let account = account(username);
    create(store, &account, None).await.unwrap();
    account.id
}

/// An account, with a passkey if there is one.
pub async fn create(
    store: &Store,
    account: &NewAccount,
    passkey: Option<&NewPasskey>,
) -> Result<(), StoreError> {
    let ceremony =
        Ceremony { new_account: Some(account), new_passkey: passkey, ..Ceremony::default() };
    store.complete(&ceremony, NOW).await
}

/// What a sign-in writes, for an account whose sessions were ended so many times when it began.
pub async fn sign_in(
    store: &Store,
    account: Uuid,
    epoch: i64,
    cart: Option<&str>,
) -> Result<SessionWrite, StoreError> {
    let session = session_of(account);
    let ceremony = Ceremony {
        account: Some(Owner { account, epoch }),
        session: Some(&session),
        cart,
        ..Ceremony::default()
    };
    store.complete(&ceremony, NOW).await?;
    Ok(SessionWrite { before: Some(session.key.clone()), begins: false, ..session })
}

/// A new session of an account that lasts a day.
pub fn session_of(account: Uuid) -> SessionWrite {
    let key = session_key(&Uuid::new_v4().to_string());
    SessionWrite {
        before: None,
        handle: Some(format!("handle-{key}")),
        key,
        account: Some(account),
        data: "{}".into(),
        expires: later(DAY),
        begins: true,
    }
}

/// A session of nobody begins.
pub async fn visit(store: &Store, lifetime: i64) {
    let key = session_key(&Uuid::new_v4().to_string());
    let session = SessionWrite {
        before: None,
        key,
        account: None,
        handle: None,
        data: "{}".into(),
        expires: later(lifetime),
        begins: true,
    };
    assert!(store.begin_session(&session, NOW).await.unwrap());
}

/// Something that happened to an account.
pub fn event(account: Uuid) -> NewEvent {
    Event::SessionEnded.of(account, "", "Chrome on Linux".into())
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

/// Sessions that live for 30 days unused, and for 90.
pub fn sessions(store: &Store, clock: &Clock) -> Sessions {
    let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
    let lifetimes = Lifetimes { idle: days(30), absolute: days(90) };
    Sessions::new(store.clone(), clock.clone(), lifetimes)
}

pub async fn stock(store: &Store, slug: &str) -> i64 {
    store.refresh_catalogue().await.unwrap().product(slug).unwrap().stock
}

pub fn delivery() -> Delivery {
    Delivery { name: "Ada Lovelace".into(), address: "St James's Square 12\nLondon".into() }
}

pub async fn place(store: &Store, account: Uuid, placement: &str) -> Placement {
    place_at(store, account, placement, NOW).await
}

/// In a session of its own.
pub async fn place_at(store: &Store, account: Uuid, placement: &str, now: Timestamp) -> Placement {
    let session = SessionWrite { expires: now + Duration::from_secs(60), ..session_of(account) };
    store.begin_session(&session, now).await.unwrap();
    let handle = session.handle.unwrap();
    store.place_order(account, &handle, placement, &delivery(), now).await.unwrap()
}

/// The rows of a query, past the store.
pub async fn rows(url: &str, sql: &str) -> Vec<AnyRow> {
    let mut connection = AnyConnection::connect(url).await.unwrap();
    sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap()
}

pub async fn execute(url: &str, sql: &str) {
    rows(url, sql).await;
}
