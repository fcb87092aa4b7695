//! Sessions, which stay ended once they are.

use latchkey::{
    clock::Clock,
    session::{Session, Sessions},
    store::{Ceremony, NewIdentity, Owner, SessionWrite, Store, StoreError, session_key},
};
use serde_json::json;
use sqlx::{AnyConnection, Connection, Row, raw_sql};
use tower_sessions::{
    SessionStore,
    cookie::time::Duration,
    session::{Id, Record},
};

use crate::support::{
    DatabaseUrl, on_both,
    store::{NOW, event, record, rows, session_of, sessions, sign_in, sign_up},
    time::{DAY, MINUTE},
};

fn with_cart(cart: &str) -> Session {
    Session { cart: Some(cart.into()), ..Session::default() }
}

#[on_both]
async fn a_session_comes_back_until_it_expires(store: Store) {
    let clock = Clock::stopped_at(NOW);
    let sessions = Sessions::new(store, clock.clone());
    let mut record = record(10 * MINUTE);
    record.data.insert("session".into(), json!(with_cart("abc")));
    sessions.create(&mut record).await.unwrap();
    assert_eq!(sessions.load(&record.id).await.unwrap(), Some(record.clone()));

    record.data.insert("session".into(), json!(with_cart("def")));
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
    let asking = sign_in(&store, ada, 0, None).await.unwrap();
    let ended = sign_in(&store, ada, 0, None).await.unwrap();
    let handle = ended.handle.clone().unwrap();
    assert!(store.end_session(ada, &handle, &asking, |_| event(ada), NOW).await.unwrap());
    // A request that was under way wants to change the session's id now.
    let renewed = SessionWrite { key: "new".into(), ..ended };
    for account in
        [None, Some(Owner { account: ada, epoch: 0 }), Some(Owner { account: ada, epoch: 1 })]
    {
        let ceremony = Ceremony { account, session: Some(&renewed), ..Ceremony::default() };
        let refused = store.complete(&ceremony, NOW).await;
        assert!(matches!(refused, Err(StoreError::SessionEnded)), "{refused:?}");
    }
    // So does a sign-in that had begun before.
    let refused = sign_in(&store, ada, 0, None).await;
    assert!(matches!(refused, Err(StoreError::SessionEnded)), "{refused:?}");
    store.end_other_sessions(ada, &asking, &event(ada), NOW).await.unwrap();
    let refused = sign_in(&store, ada, 1, None).await;
    assert!(matches!(refused, Err(StoreError::SessionEnded)), "{refused:?}");
    sign_in(&store, ada, 2, None).await.unwrap();
    assert_eq!(store.sessions_of(ada, NOW).await.unwrap().len(), 2);
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

    let beginning = {
        let store = store.clone();
        tokio::spawn(async move { sign_in(&store, ada, 0, None).await })
    };
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!beginning.is_finished());
    raw_sql("COMMIT").execute(&mut ending).await.unwrap();
    assert!(beginning.await.unwrap().is_err());
    assert!(store.sessions_of(ada, NOW).await.unwrap().is_empty());
}

#[on_both]
async fn an_ended_session_links_no_identity(store: Store) {
    let ada = sign_up(&store, "ada").await;
    let ended = sign_in(&store, ada, 0, None).await.unwrap();
    let session = sign_in(&store, ada, 0, None).await.unwrap();
    let identity = NewIdentity {
        issuer: "https://id.example".into(),
        subject: "7".into(),
        label: "ada".into(),
    };
    let handle = ended.handle.clone().unwrap();
    assert!(store.end_session(ada, &handle, &session, |_| event(ada), NOW).await.unwrap());
    let link = async |session: &SessionWrite, epoch| {
        let ceremony = Ceremony {
            account: Some(Owner { account: ada, epoch }),
            new_identity: Some(&identity),
            session: Some(session),
            ..Ceremony::default()
        };
        store.complete(&ceremony, NOW).await
    };
    for epoch in [0, 1] {
        let refused = link(&ended, epoch).await;
        assert!(matches!(refused, Err(StoreError::SessionEnded)), "{refused:?}");
    }
    assert_eq!(store.identities_of(ada).await.unwrap(), []);

    link(&session, 1).await.unwrap();
    assert_eq!(store.identities_of(ada).await.unwrap().len(), 1);
}

#[on_both]
async fn a_stolen_database_opens_no_session(url: DatabaseUrl) {
    let store = Store::open(&url.0).await.unwrap();
    let ada = sign_up(&store, "ada").await;
    let mut anonymous = record(MINUTE);
    sessions(&store).create(&mut anonymous).await.unwrap();
    let id = Id::default().to_string();
    let hers = SessionWrite { key: session_key(&id), ..session_of(ada) };
    store.begin_session(&hers, NOW).await.unwrap();

    let rows = rows(&url.0, "SELECT id, account_id, data FROM sessions").await;
    let account_of = |id: &str| -> Option<String> {
        let key = session_key(id);
        rows.iter().find(|row| row.get::<&str, _>("id") == key).unwrap().get("account_id")
    };
    let anonymous = anonymous.id.to_string();
    assert_eq!(account_of(&anonymous), None);
    assert_eq!(account_of(&id), Some(ada.to_string()));
    for row in &rows {
        let row = row.get::<String, _>("id") + row.get("data");
        assert!(!row.contains(&anonymous) && !row.contains(&id));
    }
}
