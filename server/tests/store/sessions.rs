//! Sessions, which stay ended once they are.

use latchkey::{
    clock::Clock,
    store::{NewIdentity, Sessions, Store, session_key},
};
use serde_json::json;
use sqlx::{AnyConnection, Connection, Row, raw_sql};
use tower_sessions::{SessionStore, cookie::time::Duration, session::Record};

use crate::support::{
    DatabaseUrl, on_both,
    store::{NOW, begin_session_of, record, rows, sessions, sign_up},
    time::{DAY, MINUTE},
};

#[on_both]
async fn a_session_comes_back_until_it_expires(store: Store) {
    let clock = Clock::stopped_at(NOW);
    let sessions = Sessions::new(store, clock.clone());
    let mut record = record(10 * MINUTE);
    record.data.insert("cart".into(), json!("abc"));
    sessions.create(&mut record).await.unwrap();
    assert_eq!(sessions.load(&record.id).await.unwrap(), Some(record.clone()));

    record.data.insert("more".into(), json!([1, 2]));
    record.expiry_date += Duration::minutes(10);
    sessions.save(&record).await.unwrap();
    clock.advance(20 * MINUTE - 1);
    assert_eq!(sessions.load(&record.id).await.unwrap(), Some(record.clone()));
    clock.advance(1);
    assert_eq!(sessions.load(&record.id).await.unwrap(), None);
}

#[on_both]
async fn an_id_that_is_taken_is_replaced(store: Store) {
    let sessions = sessions(&store);
    let mut first = record(MINUTE);
    sessions.create(&mut first).await.unwrap();
    let mut second = Record { id: first.id, ..record(DAY) };
    sessions.create(&mut second).await.unwrap();
    assert_ne!(first.id, second.id);
    assert_eq!(sessions.load(&first.id).await.unwrap(), Some(first));
    assert_eq!(sessions.load(&second.id).await.unwrap(), Some(second));
}

#[on_both]
async fn an_ended_session_stays_ended(store: Store) {
    let sessions = sessions(&store);
    let mut record = record(MINUTE);
    sessions.create(&mut record).await.unwrap();
    sessions.delete(&record.id).await.unwrap();
    // A request that had begun before ends now.
    sessions.save(&record).await.unwrap();
    assert_eq!(sessions.load(&record.id).await.unwrap(), None);
}

#[on_both]
async fn an_ended_session_does_not_come_back_under_a_new_id(store: Store) {
    let ada = sign_up(&store, "ada").await;
    let sessions = sessions(&store);
    let [mut before, mut raced, mut after] = [0, 0, 2].map(|epoch| {
        let mut record = record(MINUTE);
        record.data.insert("account".into(), json!(ada));
        record.data.insert("epoch".into(), json!(epoch));
        record
    });
    sessions.create(&mut before).await.unwrap();
    store.end_session(ada, &session_key(&before.id), NOW).await.unwrap().unwrap();
    // A request that was under way wants to change the session's id now.
    assert!(sessions.create(&mut raced).await.is_err());
    store.end_other_sessions(ada, "none").await.unwrap();
    assert!(sessions.create(&mut raced).await.is_err());
    sessions.create(&mut after).await.unwrap();
    assert_eq!(store.sessions_of(ada, NOW).await.unwrap().len(), 1);
}

#[on_both]
async fn no_session_begins_while_the_others_are_being_ended(url: DatabaseUrl) {
    let store = Store::open(&url.0).await.unwrap();
    let ada = sign_up(&store, "ada").await;
    let mut ending = AnyConnection::connect(&url.0).await.unwrap();
    let begin = if url.0.starts_with("sqlite") { "BEGIN IMMEDIATE" } else { "BEGIN" };
    raw_sql(begin).execute(&mut ending).await.unwrap();
    raw_sql("UPDATE accounts SET sessions_epoch = sessions_epoch + 1")
        .execute(&mut ending)
        .await
        .unwrap();
    raw_sql("DELETE FROM sessions").execute(&mut ending).await.unwrap();

    let sessions = sessions(&store);
    let beginning = tokio::spawn(async move {
        let mut record = record(MINUTE);
        record.data.insert("account".into(), json!(ada));
        sessions.create(&mut record).await
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!beginning.is_finished());
    raw_sql("COMMIT").execute(&mut ending).await.unwrap();
    assert!(beginning.await.unwrap().is_err());
    assert!(store.sessions_of(ada, NOW).await.unwrap().is_empty());
}

#[on_both]
async fn an_ended_session_links_no_identity(store: Store) {
    let ada = sign_up(&store, "ada").await;
    let ended = begin_session_of(&store, ada).await;
    let session = begin_session_of(&store, ada).await;
    let identity = NewIdentity {
        issuer: "https://id.example".into(),
        subject: "7".into(),
        label: "ada".into(),
    };
    store.end_session(ada, &ended, NOW).await.unwrap().unwrap();
    assert!(!store.link(ada, &ended, &identity, NOW).await.unwrap());
    assert_eq!(store.identities_of(ada).await.unwrap(), []);

    assert!(store.link(ada, &session, &identity, NOW).await.unwrap());
    assert_eq!(store.identities_of(ada).await.unwrap().len(), 1);
}

#[on_both]
async fn a_stolen_database_opens_no_session(url: DatabaseUrl) {
    let store = Store::open(&url.0).await.unwrap();
    let ada = sign_up(&store, "ada").await;
    let (mut anonymous, mut hers) = (record(MINUTE), record(MINUTE));
    hers.data.insert("account".into(), json!(ada));
    for record in [&mut anonymous, &mut hers] {
        sessions(&store).create(record).await.unwrap();
    }

    let rows = rows(&url.0, "SELECT id, account_id, data FROM sessions").await;
    let account_of = |record: &Record| -> Option<String> {
        let key = session_key(&record.id);
        rows.iter().find(|row| row.get::<&str, _>("id") == key).unwrap().get("account_id")
    };
    assert_eq!(account_of(&anonymous), None);
    assert_eq!(account_of(&hers), Some(ada.to_string()));
    for row in &rows {
        let row = row.get::<String, _>("id") + row.get("data");
        assert!(!row.contains(&anonymous.id.to_string()));
        assert!(!row.contains(&hers.id.to_string()));
    }
}
