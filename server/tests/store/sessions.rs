//! Sessions, which stay ended once they are.

use std::time::Duration;

use app::api::Offer;
use futures::future::join_all;
use latchkey::{
    clock::Clock,
    session::{AuthenticationMethods, Cookie, Method, RequestSession, Session, SignedIn},
    store::{
        CartOwner, Ceremony, NewAccount, NewIdentity, Owner, SessionWrite, Store, StoreError,
        session_key,
    },
};
use sqlx::{AnyConnection, Connection, Row, raw_sql};
use tower_sessions::session::Id;
use uuid::Uuid;

use crate::support::{
    DatabaseUrl, on_both,
    store::{
        LANTERN, MAT, NOW, account, create, delivery, event, passkey, rows, session_of, sessions,
        sign_in, sign_up, two_servers,
    },
    time::DAY,
};

fn with_cart(cart: &str) -> Session {
    Session { cart: Some(cart.into()), came_back: true, ..Session::default() }
}

#[on_both]
async fn a_session_comes_back_until_it_expires(store: Store) {
    let clock = Clock::stopped_at(NOW);
    let sessions = sessions(&store, &clock);
    let id = sessions.begin(&with_cart("abc")).await.unwrap();
    assert_eq!(sessions.find(id).await.unwrap().unwrap().0.session, with_cart("abc"));

    clock.advance(30 * DAY - 1);
    sessions.change(id, &with_cart("abc"), &with_cart("def")).await.unwrap().unwrap();
    clock.advance(30 * DAY - 1);
    assert_eq!(sessions.find(id).await.unwrap().unwrap().0.session, with_cart("def"));
    clock.advance(1);
    assert!(sessions.find(id).await.unwrap().is_none());
}

#[on_both]
async fn changes_at_the_same_time_are_all_kept(url: DatabaseUrl) {
    let clock = Clock::stopped_at(NOW);
    let [one, other] = two_servers(&url).await.map(|store| sessions(&store, &clock));
    let before = Session { offer: Some(Offer::Passkey), ..Session::default() };
    for round in 0..10 {
        let id = one.begin(&before).await.unwrap();
        let cart = Session { cart: Some(round.to_string()), ..before.clone() };
        let no_offer = Session { offer: None, ..before.clone() };
        let mut told = before.clone();
        told.tell("Done.");
        let changes = [(&one, &cart), (&other, &no_offer), (&one, &told)];
        let changes = changes.map(|(server, after)| server.change(id, &before, after));
        for changed in join_all(changes).await {
            assert!(changed.unwrap().is_some());
        }
        let kept = other.find(id).await.unwrap().unwrap().0.session;
        assert_eq!(kept, Session { offer: None, cart: cart.cart, ..told });
    }
}

#[on_both]
async fn an_ended_session_stays_ended_and_a_late_save_sends_no_dead_id_back(url: DatabaseUrl) {
    let store = Store::open(&url.0).await.unwrap();
    let ada = sign_up(&store, "ada").await;
    let sessions = sessions(&store, &Clock::stopped_at(NOW));
    let methods = AuthenticationMethods::one(Method::Password);
    let hers = Session::of(SignedIn::new(ada, methods, "Chrome on Linux".into(), NOW));
    let beginning = RequestSession::new(sessions.clone(), None, None, None);
    let begun = beginning.renewed(hers, true, NOW).unwrap();
    store.begin_session(&begun.write, NOW).await.unwrap();
    beginning.committed(begun);
    let Cookie::Set(id, _) = beginning.cookie() else { panic!("no cookie") };
    let visiting = sessions.begin(&with_cart("abc")).await.unwrap();

    for id in [id, visiting] {
        // A request that had begun before the sign-out ends after it.
        let late = RequestSession::new(sessions.clone(), Some(id), None, None);
        late.load().await.unwrap();
        late.change(|session| session.tell("Done."));
        RequestSession::new(sessions.clone(), Some(id), None, None).sign_out().await.unwrap();
        late.save().await.unwrap();
        assert_eq!(late.cookie(), Cookie::Kept);
        assert!(sessions.find(id).await.unwrap().is_none());
    }
    assert_eq!(rows(&url.0, "SELECT id FROM sessions").await.len(), 0);
}

#[on_both]
async fn a_session_that_is_used_lives_on(store: Store) {
    let clock = Clock::stopped_at(NOW);
    let sessions = sessions(&store, &clock);
    let id = sessions.begin(&with_cart("abc")).await.unwrap();
    let look = async || {
        let request = RequestSession::new(sessions.clone(), Some(id), None, None);
        request.load().await.unwrap();
        request.save().await.unwrap();
        request.cookie()
    };
    // Not with every request.
    assert_eq!(look().await, Cookie::Kept);
    clock.advance(DAY);
    assert_eq!(look().await, Cookie::Set(id, 30 * DAY / 1000));
    assert_eq!(look().await, Cookie::Kept);
}

#[on_both]
async fn nothing_begins_a_session_of_an_account_but_a_ceremony(store: Store) {
    let sessions = sessions(&store, &Clock::stopped_at(NOW));
    let methods = AuthenticationMethods::one(Method::Password);
    let hers = Session::of(SignedIn::new(Uuid::new_v4(), methods, "Chrome".into(), NOW));
    let refused = sessions.begin(&hers).await;
    assert!(matches!(refused, Err(StoreError::SessionEnded)), "{refused:?}");
}

#[on_both]
async fn the_newest_sessions_of_an_account_stay(store: Store) {
    let (ada, bob) = (sign_up(&store, "ada").await, sign_up(&store, "bob").await);
    let his = sign_in(&store, bob, 0, None).await.unwrap();
    let mut begun = vec![];
    for n in 0..23 {
        let session = SessionWrite { expires: NOW + Duration::from_secs(60), ..session_of(ada) };
        let ceremony = Ceremony {
            account: Some(Owner { account: ada, epoch: 0 }),
            session: Some(&session),
            ..Ceremony::default()
        };
        store.complete(&ceremony, NOW + Duration::from_millis(n)).await.unwrap();
        begun.push(session.key);
    }
    begun.reverse();
    let kept = store.sessions_of(ada, NOW).await.unwrap();
    let kept: Vec<_> = kept.into_iter().map(|session| session.key).collect();
    assert_eq!(kept, begun[..20]);
    assert_eq!(store.sessions_of(bob, NOW).await.unwrap()[0].key, his.key);
}

#[on_both]
async fn a_sign_in_that_comes_too_late_has_moved_nothing(store: Store) {
    let ada = sign_up(&store, "ada").await;
    let cart = CartOwner::Visitor("cart".into());
    store.add_to_cart(&cart, MAT, 2, NOW).await.unwrap();
    let asking = sign_in(&store, ada, 0, None).await.unwrap();
    store.end_other_sessions(ada, &asking, &event(ada), NOW).await.unwrap();
    let refused = sign_in(&store, ada, 0, Some("cart")).await;
    assert!(matches!(refused, Err(StoreError::SessionEnded)), "{refused:?}");
    assert_eq!(store.cart_count(&cart).await.unwrap(), 2);
    assert_eq!(store.cart_count(&CartOwner::Account(ada)).await.unwrap(), 0);
    assert_eq!(store.sessions_of(ada, NOW).await.unwrap().len(), 1);
}

#[on_both]
async fn a_sign_in_that_began_with_what_does_not_do_any_more_is_refused(store: Store) {
    let ada = NewAccount { password_hash: Some("hash".into()), ..account("ada") };
    create(&store, &ada, Some(&passkey("key"))).await.unwrap();
    let asking = sign_in(&store, ada.id, 0, None).await.unwrap();
    // From now on the password alone does not sign in, and then not at all.
    let event = event(ada.id);
    assert!(store.set_second_factor(ada.id, true, &asking, &event, NOW).await.unwrap());
    let refused = sign_in(&store, ada.id, 0, None).await;
    assert!(matches!(refused, Err(StoreError::SessionEnded)), "{refused:?}");
    sign_in(&store, ada.id, 1, None).await.unwrap();
    assert!(store.remove_password(ada.id, &asking, &event, NOW).await.unwrap());
    let refused = sign_in(&store, ada.id, 1, None).await;
    assert!(matches!(refused, Err(StoreError::SessionEnded)), "{refused:?}");
    // Nobody who is signed in is any less so.
    assert_eq!(store.sessions_of(ada.id, NOW).await.unwrap().len(), 2);
}

#[on_both]
async fn an_ended_session_neither_fills_a_cart_nor_orders_nor_deletes(store: Store) {
    let ada = sign_up(&store, "ada").await;
    store.add_to_cart(&CartOwner::Account(ada), LANTERN, 1, NOW).await.unwrap();
    let asking = sign_in(&store, ada, 0, None).await.unwrap();
    let ended = sign_in(&store, ada, 0, None).await.unwrap();
    let handle = ended.handle.clone().unwrap();
    let hers = CartOwner::SignedIn { account: ada, handle: handle.clone() };
    store.add_to_cart(&hers, LANTERN, 1, NOW).await.unwrap();
    store.end_other_sessions(ada, &asking, &event(ada), NOW).await.unwrap();

    let refused = store.add_to_cart(&hers, LANTERN, 1, NOW).await;
    assert!(matches!(refused, Err(StoreError::SessionEnded)), "{refused:?}");
    let refused = store.place_order(ada, &handle, "first", &delivery(), NOW).await;
    assert!(matches!(refused, Err(StoreError::SessionEnded)), "{refused:?}");
    let farewell = SessionWrite { account: None, handle: None, key: "new".into(), ..ended };
    let refused = store.delete_account(ada, &farewell, NOW).await;
    assert!(matches!(refused, Err(StoreError::SessionEnded)), "{refused:?}");
    assert_eq!(store.cart_count(&CartOwner::Account(ada)).await.unwrap(), 2);
    assert!(store.account(ada).await.unwrap().is_some());
    assert_eq!(store.orders_of(ada).await.unwrap(), []);
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
    let sessions = sessions(&store, &Clock::stopped_at(NOW));
    let anonymous = sessions.begin(&with_cart("abc")).await.unwrap();
    let id = Id::default().to_string();
    let hers = SessionWrite { key: session_key(&id), ..session_of(ada) };
    store.begin_session(&hers, NOW).await.unwrap();

    let rows = rows(&url.0, "SELECT id, account_id, data FROM sessions").await;
    let account_of = |id: &str| -> Option<String> {
        let key = session_key(id);
        rows.iter().find(|row| row.get::<&str, _>("id") == key).unwrap().get("account_id")
    };
    let anonymous = anonymous.to_string();
    assert_eq!(account_of(&anonymous), None);
    assert_eq!(account_of(&id), Some(ada.to_string()));
    for row in &rows {
        let row = row.get::<String, _>("id") + row.get("data");
        assert!(!row.contains(&anonymous) && !row.contains(&id));
    }
}
