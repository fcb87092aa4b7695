//! The store keeps what it promises, on both databases, also when many ask at once.

use app::api::{Cart, Delivery, Instant, Money};
use futures::future::join_all;
use latchkey::{
    clock::Clock,
    store::{
        CartOwner, Challenge, NewAccount, NewIdentity, NewPasskey, PasskeyUse, Placement, Sessions,
        Shortage, Store, StoreError, session_key,
    },
};
use serde_json::json;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row, any::AnyRow, query_scalar, raw_sql};
use tower_sessions::{
    SessionStore,
    cookie::time::{Duration, OffsetDateTime},
    session::{Id, Record},
};
use uuid::Uuid;

use crate::support::{DatabaseUrl, on_both};

const NOW: Instant = Instant(1_900_000_000_000);
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

// Of the catalogue: plenty, three, one, none.
const MAT: &str = "door-mat";
const LANTERN: &str = "lantern";
const CABINET: &str = "key-cabinet";
const STAND: &str = "umbrella-stand";

fn later(milliseconds: i64) -> Instant {
    Instant(NOW.0 + milliseconds)
}

// ---------------------------------------------------------------- opening

#[on_both]
async fn data_outlives_the_server(url: DatabaseUrl) {
    let store = Store::open(&url.0).await.unwrap();
    let ada = sign_up(&store, "ada").await;
    let cart = CartOwner::Account(ada);
    store.set_quantity(&cart, LANTERN, 2, NOW).await.unwrap();
    place(&store, ada, "first").await;
    store.close().await;

    let store = Store::open(&url.0).await.unwrap();
    assert_eq!(store.account(ada).await.unwrap().unwrap().username, "ada");
    assert_eq!(stock(&store, LANTERN).await, 1, "the catalogue is not filled in again");
}

#[on_both]
async fn orders_outlive_the_change_of_their_tables(url: DatabaseUrl) {
    // A store of the first version, with an order in it.
    let mut database = AnyConnection::connect(&created(&url.0)).await.unwrap();
    let mut first = sqlx::migrate!();
    first.migrations = first.migrations[..1].to_vec().into();
    first.run_direct(None, &mut database, false).await.unwrap();
    raw_sql(
        "INSERT INTO accounts VALUES ('00000000-0000-0000-0000-000000000007', 'Ada', 'ada', 'Ada', 1);
        INSERT INTO orders VALUES
            ('LK-1', '00000000-0000-0000-0000-000000000007', 'p', 'Ada', 'London', 500, 2);
        INSERT INTO order_lines VALUES ('LK-1', 1, 'door-mat', 'Mat', 250, 2);",
    )
    .execute(&mut database)
    .await
    .unwrap();
    database.close().await.unwrap();

    let store = Store::open(&url.0).await.unwrap();
    let order = store.order(Uuid::from_u128(7), "LK-1").await.unwrap().unwrap();
    assert_eq!((order.total, order.placed), (Money(500), Instant(2)));
    assert_eq!((order.delivery.address.as_str(), order.lines[0].quantity), ("London", 2));
}

#[on_both]
async fn servers_may_start_at_the_same_time(url: DatabaseUrl) {
    let opened = join_all((0..4).map(|_| Store::open(&url.0))).await;
    for store in opened {
        assert_eq!(store.unwrap().products().await.unwrap().len(), 12);
    }
}

#[on_both]
async fn products_come_in_order_and_by_slug(store: Store) {
    let products = store.products().await.unwrap();
    assert!(products.is_sorted_by_key(|product| product.id));
    assert_eq!(store.product(MAT).await.unwrap().as_ref(), Some(&products[5]));
    assert_eq!(store.product("no-such-thing").await.unwrap(), None);
}

// ---------------------------------------------------------------- accounts and passkeys

#[on_both]
async fn an_account_comes_back_as_it_was_made(store: Store) {
    let account = NewAccount {
        username: "Ada".into(),
        display_name: "Ada Lovelace".into(),
        password_hash: Some("$argon2id$…".into()),
        passkey: Some(passkey("key")),
        ..account("ada")
    };
    store.create_account(&account, NOW).await.unwrap();

    let found = store.account(account.id).await.unwrap().unwrap();
    assert_eq!((found.id, found.username.as_str()), (account.id, "Ada"));
    assert_eq!(found.display_name, "Ada Lovelace");
    let password = store.password_of("ada").await.unwrap();
    let password = password.unwrap();
    assert_eq!((password.account, password.hash.as_str()), (account.id, "$argon2id$…"));
    assert!(store.has_password(account.id).await.unwrap());
    assert!(store.username_taken("ada").await.unwrap());

    let key = store.passkey("key").await.unwrap().unwrap();
    assert_eq!(store.passkeys_of(account.id).await.unwrap(), std::slice::from_ref(&key));
    assert_eq!((key.account, key.created, key.last_used), (account.id, NOW, NOW));
    assert_eq!(key.transports, ["internal", "hybrid"]);
    assert_eq!((key.counter, key.backup_eligible, key.backed_up), (1, true, false));
}

#[on_both]
async fn what_is_unknown_is_none(store: Store) {
    let ada = sign_up(&store, "ada").await;
    assert_eq!(store.account(Uuid::new_v4()).await.unwrap(), None);
    assert_eq!(store.password_of("ada").await.unwrap().map(drop), None, "she has no password");
    assert_eq!(store.password_of("bob").await.unwrap().map(drop), None);
    assert!(!store.has_password(ada).await.unwrap());
    assert!(!store.username_taken("bob").await.unwrap());
    assert_eq!(store.passkey("key").await.unwrap(), None);
}

#[on_both]
async fn a_username_is_given_once(store: Store) {
    let first = NewAccount { username: "Ada".into(), ..account("ada") };
    store.create_account(&first, NOW).await.unwrap();
    // Another way to write it has the same key.
    let second = NewAccount { username: "ADA".into(), ..account("ada") };
    let refused = store.create_account(&second, NOW).await;
    assert!(matches!(refused, Err(StoreError::UsernameTaken)), "{refused:?}");
}

#[on_both]
async fn of_many_who_want_a_username_one_gets_it(store: Store) {
    let wanted: Vec<_> = (0..16).map(|_| account("ada")).collect();
    let created = join_all(wanted.iter().map(|a| store.create_account(a, NOW))).await;
    let (given, refused): (Vec<_>, Vec<_>) = created.into_iter().partition(Result::is_ok);
    assert_eq!(given.len(), 1);
    assert!(refused.iter().all(|r| matches!(r, Err(StoreError::UsernameTaken))));
}

#[on_both]
async fn a_credential_belongs_to_one_account(store: Store) {
    let with_key = |name| NewAccount { passkey: Some(passkey("key")), ..account(name) };
    store.create_account(&with_key("ada"), NOW).await.unwrap();
    let bob = with_key("bob");
    let refused = store.create_account(&bob, NOW).await;
    assert!(matches!(refused, Err(StoreError::CredentialTaken)), "{refused:?}");
    assert_eq!(store.account(bob.id).await.unwrap(), None, "all or nothing");
}

#[on_both]
async fn a_password_hash_can_be_replaced(store: Store) {
    let ada = NewAccount { password_hash: Some("old".into()), ..account("ada") };
    store.create_account(&ada, NOW).await.unwrap();
    let (hers, other) =
        (begin_session_of(&store, ada.id).await, begin_session_of(&store, ada.id).await);
    assert_eq!(store.set_password(ada.id, &hers, "new", false, NOW).await.unwrap(), Some(true));
    assert_eq!(store.password_of("ada").await.unwrap().unwrap().hash, "new");
    assert!(store.session_exists(&hers).await.unwrap());
    // Whoever was shut out by that sets no password.
    assert!(!store.session_exists(&other).await.unwrap());
    assert_eq!(store.set_password(ada.id, &other, "theirs", false, NOW).await.unwrap(), None);
    assert_eq!(store.password_of("ada").await.unwrap().unwrap().hash, "new");
    assert!(store.session_exists(&hers).await.unwrap());
}

#[on_both]
async fn an_assertion_updates_its_passkey(store: Store) {
    let ada = NewAccount { passkey: Some(passkey("key")), ..account("ada") };
    store.create_account(&ada, NOW).await.unwrap();
    assert!(store.record_use(&use_of("key", 1, 5), later(MINUTE)).await.unwrap());

    let key = store.passkey("key").await.unwrap().unwrap();
    assert_eq!((key.counter, key.backed_up), (5, true));
    assert_eq!(key.credential, "{\"counter\":5}");
    assert_eq!((key.created, key.last_used), (NOW, later(MINUTE)));
    assert!(!store.record_use(&use_of("key", 1, 6), NOW).await.unwrap(), "it is 5 by now");
    assert!(!store.record_use(&use_of("other", 1, 6), NOW).await.unwrap());
}

#[on_both]
async fn of_two_assertions_with_one_counter_one_passes(store: Store) {
    let ada = NewAccount { passkey: Some(passkey("key")), ..account("ada") };
    store.create_account(&ada, NOW).await.unwrap();
    let used = use_of("key", 1, 2);
    let passed = join_all((0..16).map(|_| store.record_use(&used, NOW))).await;
    assert_eq!(passed.into_iter().filter(|passed| *passed.as_ref().unwrap()).count(), 1);
}

#[on_both]
async fn an_order_that_is_being_placed_is_kept_without_the_person(url: DatabaseUrl) {
    let store = Store::open(&url.0).await.unwrap();
    for round in 0..20 {
        let ada = sign_up(&store, &format!("ada-{round}")).await;
        store.set_quantity(&CartOwner::Account(ada), MAT, 1, NOW).await.unwrap();
        let delivery = Delivery { name: "Ada".into(), address: "London".into() };
        let placement = round.to_string();
        let (placed, deleted) = tokio::join!(
            store.place_order(ada, &placement, &delivery, NOW),
            store.delete_account(ada, NOW),
        );
        deleted.unwrap();
        // Too late, it finds no cart or no account.
        drop(placed);
    }
    let mut database = AnyConnection::connect(&url.0).await.unwrap();
    let persons = "SELECT COUNT(*) FROM orders WHERE delivery_name <> '' OR account_id IS NOT NULL";
    let persons: i64 = query_scalar(persons).fetch_one(&mut database).await.unwrap();
    assert_eq!(persons, 0);
}

// ---------------------------------------------------------------- sessions

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
async fn session_ids_are_not_in_the_database(url: DatabaseUrl) {
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

// ---------------------------------------------------------------- challenges

#[on_both]
async fn a_challenge_can_be_taken_once(store: Store) {
    let session = begin_session(&store).await;
    store.keep_challenge(&challenge(&session)).await.unwrap();
    let take = || store.take_challenge("challenge", &session, "sign-in", NOW);
    let taken: Vec<_> =
        join_all((0..16).map(|_| take())).await.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(taken, ["state"]);
    assert_eq!(take().await.unwrap(), None);
}

#[on_both]
async fn nobody_can_spoil_the_challenge_of_others(store: Store) {
    let (hers, foreign) = (begin_session(&store).await, begin_session(&store).await);
    store.keep_challenge(&challenge(&hers)).await.unwrap();
    let take = |session, purpose| store.take_challenge("challenge", session, purpose, NOW);
    assert_eq!(take(&foreign, "sign-in").await.unwrap(), None);
    assert_eq!(take(&hers, "sign-up").await.unwrap(), None);
    assert_eq!(take(&hers, "sign-in").await.unwrap().as_deref(), Some("state"));
}

#[on_both]
async fn a_challenge_expires(store: Store) {
    let session = begin_session(&store).await;
    store.keep_challenge(&challenge(&session)).await.unwrap();
    let take = |now| store.take_challenge("challenge", &session, "sign-in", now);
    assert_eq!(take(later(5 * MINUTE)).await.unwrap(), None);
    assert_eq!(take(NOW).await.unwrap(), None, "the try has used it up");
}

#[on_both]
async fn challenges_end_with_their_session(store: Store) {
    let mut record = record(DAY);
    sessions(&store).create(&mut record).await.unwrap();
    let challenge = challenge(&session_key(&record.id));
    store.keep_challenge(&challenge).await.unwrap();
    sessions(&store).delete(&record.id).await.unwrap();

    let taken = store.take_challenge("challenge", &challenge.session, "sign-in", NOW);
    assert_eq!(taken.await.unwrap(), None);
    let refused = store.keep_challenge(&challenge).await;
    assert!(matches!(refused, Err(StoreError::NoSession)), "{refused:?}");
}

#[on_both]
async fn what_is_over_is_deleted(store: Store) {
    let mut short = record(MINUTE);
    sessions(&store).create(&mut short).await.unwrap();
    let session = begin_session(&store).await;
    store.keep_challenge(&challenge(&session)).await.unwrap();
    let ada = CartOwner::Account(sign_up(&store, "ada").await);
    let abandoned = CartOwner::Session("abandoned".into());
    for cart in [&ada, &abandoned] {
        store.set_quantity(cart, MAT, 1, NOW).await.unwrap();
    }

    assert_eq!(store.delete_expired(NOW).await.unwrap(), 0);
    assert_eq!(store.delete_expired(later(MINUTE)).await.unwrap(), 1, "the short session");
    assert_eq!(store.delete_expired(later(5 * MINUTE)).await.unwrap(), 1, "the challenge");
    assert_eq!(store.delete_expired(later(DAY)).await.unwrap(), 1, "the other session");
    assert_eq!(store.delete_expired(later(30 * DAY)).await.unwrap(), 0);
    assert_eq!(store.delete_expired(later(31 * DAY)).await.unwrap(), 1, "the cart");
    assert_eq!(store.cart_count(&ada).await.unwrap(), 1, "an account's cart stays");
    assert_eq!(store.cart_count(&abandoned).await.unwrap(), 0);
}

// ---------------------------------------------------------------- carts

#[on_both]
async fn a_cart_keeps_what_is_put_in(store: Store) {
    let cart = visitor("a");
    assert_eq!(store.cart(&cart).await.unwrap(), Cart::default());
    assert_eq!(store.cart_count(&cart).await.unwrap(), 0);
    assert_eq!(store.add_to_cart(&cart, MAT, 2, NOW).await.unwrap(), Some(2));
    assert_eq!(store.add_to_cart(&cart, MAT, 3, NOW).await.unwrap(), Some(5));
    assert_eq!(store.set_quantity(&cart, LANTERN, 1, NOW).await.unwrap(), Some(1));

    assert_eq!(store.cart_count(&cart).await.unwrap(), 6);
    assert_eq!(content(&store, &cart).await, [(LANTERN.into(), 1), (MAT.into(), 5)]);
    let total = 12_900 + 5 * 3_200;
    assert_eq!(store.cart(&cart).await.unwrap().total(), Money(total));

    assert_eq!(store.set_quantity(&cart, MAT, 0, NOW).await.unwrap(), Some(0));
    assert_eq!(content(&store, &cart).await, [(LANTERN.into(), 1)]);
    assert_eq!(content(&store, &visitor("b")).await, []);
}

#[on_both]
async fn a_cart_holds_no_more_than_there_is(url: DatabaseUrl) {
    let store = Store::open(&url.0).await.unwrap();
    let cart = visitor("a");
    assert_eq!(store.set_quantity(&cart, LANTERN, 50, NOW).await.unwrap(), Some(3));
    assert_eq!(store.add_to_cart(&cart, LANTERN, i64::MAX, NOW).await.unwrap(), Some(3));
    assert_eq!(store.add_to_cart(&cart, LANTERN, -2, NOW).await.unwrap(), Some(1));
    assert_eq!(store.set_quantity(&cart, LANTERN, i64::MIN, NOW).await.unwrap(), Some(0));
    assert_eq!(store.add_to_cart(&cart, STAND, 1, NOW).await.unwrap(), Some(0));
    assert_eq!(store.add_to_cart(&cart, "no-such-thing", 1, NOW).await.unwrap(), None);
    assert_eq!(content(&store, &cart).await, []);

    execute(&url.0, "UPDATE products SET stock = 1000 WHERE slug = 'door-mat'").await;
    assert_eq!(store.set_quantity(&cart, MAT, 500, NOW).await.unwrap(), Some(99));
}

#[on_both]
async fn additions_at_the_same_time_add_up(url: DatabaseUrl) {
    let cart = visitor("a");
    let servers = two_servers(&url).await;
    let added =
        servers.iter().cycle().take(20).map(|server| server.add_to_cart(&cart, MAT, 1, NOW));
    for added in join_all(added).await {
        added.unwrap();
    }
    assert_eq!(content(&servers[0], &cart).await, [(MAT.into(), 20)]);
}

#[on_both]
async fn a_visitors_cart_is_merged_once(store: Store) {
    let ada = sign_up(&store, "ada").await;
    let hers = CartOwner::Account(ada);
    let bobs = CartOwner::Account(sign_up(&store, "bob").await);
    for (cart, slug, quantity) in [
        (&visitor("a"), MAT, 2),
        (&visitor("a"), LANTERN, 2),
        (&visitor("a"), CABINET, 1),
        (&visitor("b"), MAT, 7),
        (&hers, MAT, 3),
        (&hers, LANTERN, 2),
        (&bobs, MAT, 4),
    ] {
        store.add_to_cart(cart, slug, quantity, NOW).await.unwrap();
    }

    // At the same time, and afterwards.
    for merged in join_all((0..4).map(|_| store.merge_cart("a", ada, NOW))).await {
        merged.unwrap();
    }
    store.merge_cart("a", ada, NOW).await.unwrap();
    store.merge_cart("never-seen", ada, NOW).await.unwrap();

    let merged = [(LANTERN.into(), 3), (MAT.into(), 5), (CABINET.into(), 1)];
    assert_eq!(content(&store, &hers).await, merged, "added, up to the stock");
    assert_eq!(content(&store, &visitor("a")).await, []);
    assert_eq!(content(&store, &visitor("b")).await, [(MAT.into(), 7)]);
    assert_eq!(content(&store, &bobs).await, [(MAT.into(), 4)]);
}

#[on_both]
async fn a_visitors_cart_goes_to_one_account(store: Store) {
    let (ada, bob) = (sign_up(&store, "ada").await, sign_up(&store, "bob").await);
    for round in 0..10 {
        let cart = round.to_string();
        store.add_to_cart(&visitor(&cart), MAT, 1, NOW).await.unwrap();
        for merged in join_all([ada, bob].map(|into| store.merge_cart(&cart, into, NOW))).await {
            merged.unwrap();
        }
    }
    let hers = store.cart_count(&CartOwner::Account(ada)).await.unwrap();
    let his = store.cart_count(&CartOwner::Account(bob)).await.unwrap();
    assert_eq!(hers + his, 10);
}

#[on_both]
async fn an_accounts_cart_cannot_be_merged_away(store: Store) {
    let (ada, bob) = (sign_up(&store, "ada").await, sign_up(&store, "bob").await);
    store.add_to_cart(&CartOwner::Account(bob), MAT, 4, NOW).await.unwrap();
    for guess in [bob.to_string(), format!("account:{bob}")] {
        store.merge_cart(&guess, ada, NOW).await.unwrap();
        assert_eq!(content(&store, &CartOwner::Session(guess)).await, []);
    }
    assert_eq!(content(&store, &CartOwner::Account(ada)).await, []);
    assert_eq!(content(&store, &CartOwner::Account(bob)).await, [(MAT.into(), 4)]);
}

// ---------------------------------------------------------------- orders

#[on_both]
async fn an_order_is_kept_as_it_was_placed(url: DatabaseUrl) {
    let store = Store::open(&url.0).await.unwrap();
    let ada = sign_up(&store, "ada").await;
    fill(&store, ada, LANTERN, 2).await;
    fill(&store, ada, MAT, 3).await;
    let Placement::Placed(number) = place(&store, ada, "first").await else { panic!() };
    assert!(number.starts_with("LK-") && number.len() == 13, "{number}");
    execute(&url.0, "UPDATE products SET price = 1, name = 'changed'").await;

    let order = store.order(ada, &number).await.unwrap().unwrap();
    assert_eq!((order.number, order.placed, order.delivery), (number, NOW, delivery()));
    assert_eq!(order.total, Money(2 * 12_900 + 3 * 3_200));
    let lines: Vec<_> =
        order.lines.iter().map(|l| (l.slug.as_str(), l.price.0, l.quantity)).collect();
    assert_eq!(lines, [(LANTERN, 12_900, 2), (MAT, 3_200, 3)]);
    assert_eq!(order.lines[0].name, "Wall lantern");
    assert_eq!((stock(&store, LANTERN).await, stock(&store, MAT).await), (1, 37));
    assert_eq!(store.cart_count(&CartOwner::Account(ada)).await.unwrap(), 0);
}

#[on_both]
async fn orders_are_listed_newest_first(store: Store) {
    let ada = sign_up(&store, "ada").await;
    for (day, quantity) in [(1, 2), (3, 1), (2, 5)] {
        fill(&store, ada, MAT, quantity).await;
        let placement = day.to_string();
        store.place_order(ada, &placement, &delivery(), later(day * DAY)).await.unwrap();
    }
    let orders = store.orders_of(ada).await.unwrap();
    let listed: Vec<_> = orders.iter().map(|o| (o.placed, o.pieces, o.total)).collect();
    let expected = [(3, 1), (2, 5), (1, 2)]
        .map(|(day, pieces)| (later(day * DAY), pieces, Money(3_200 * pieces)));
    assert_eq!(listed, expected);
}

#[on_both]
async fn orders_are_their_accounts_own(store: Store) {
    let (ada, bob) = (sign_up(&store, "ada").await, sign_up(&store, "bob").await);
    fill(&store, ada, MAT, 1).await;
    fill(&store, bob, MAT, 1).await;
    let Placement::Placed(number) = place(&store, ada, "same").await else { panic!() };
    assert_eq!(store.order(bob, &number).await.unwrap(), None);
    assert_eq!(store.orders_of(bob).await.unwrap(), []);
    // A placement says nothing across accounts either.
    assert!(
        matches!(place(&store, bob, "same").await, Placement::Placed(other) if other != number)
    );
}

#[on_both]
async fn nothing_in_the_cart_makes_no_order(store: Store) {
    let ada = sign_up(&store, "ada").await;
    assert_eq!(place(&store, ada, "first").await, Placement::Empty);
    fill(&store, ada, MAT, 1).await;
    fill(&store, ada, MAT, 0).await;
    assert_eq!(place(&store, ada, "first").await, Placement::Empty);
    assert_eq!(store.orders_of(ada).await.unwrap(), []);
}

#[on_both]
async fn one_placement_makes_one_order(store: Store) {
    let ada = sign_up(&store, "ada").await;
    fill(&store, ada, MAT, 3).await;
    let posts = join_all((0..8).map(|_| place(&store, ada, "first"))).await;
    let placed: Vec<_> = posts.iter().filter_map(number_if_placed).collect();
    let [number] = placed[..] else { panic!("{posts:?}") };
    let again = Placement::Already(number.clone());
    assert_eq!(posts.iter().filter(|post| **post == again).count(), 7, "{posts:?}");

    // Neither does the next cart belong to it.
    fill(&store, ada, MAT, 1).await;
    assert_eq!(place(&store, ada, "first").await, again);
    assert_eq!(store.cart_count(&CartOwner::Account(ada)).await.unwrap(), 1);
    assert_eq!(store.orders_of(ada).await.unwrap().len(), 1);
    assert_eq!(stock(&store, MAT).await, 37);
}

#[on_both]
async fn one_cart_is_ordered_once(store: Store) {
    let ada = sign_up(&store, "ada").await;
    fill(&store, ada, MAT, 3).await;
    // The checkout is open in several tabs: each has a placement of its own.
    let tabs: Vec<_> = (0..8).map(|tab| tab.to_string()).collect();
    let posts = join_all(tabs.iter().map(|tab| place(&store, ada, tab))).await;
    assert_eq!(posts.iter().filter_map(number_if_placed).count(), 1, "{posts:?}");
    assert_eq!(posts.iter().filter(|post| **post == Placement::Empty).count(), 7);
    assert_eq!(stock(&store, MAT).await, 37);
}

#[on_both]
async fn the_last_pieces_are_sold_once(url: DatabaseUrl) {
    let servers = two_servers(&url).await;
    let mut accounts = Vec::new();
    for number in 0..20 {
        let account = sign_up(&servers[0], &format!("visitor-{number}")).await;
        fill(&servers[0], account, LANTERN, 1).await;
        accounts.push(account);
    }
    let posts = accounts.iter().zip(servers.iter().cycle());
    let posts = join_all(posts.map(|(account, server)| place(server, *account, "first"))).await;

    assert_eq!(posts.iter().filter_map(number_if_placed).count(), 3, "{posts:?}");
    assert_eq!(stock(&servers[0], LANTERN).await, 0);
    let short = Placement::Short(vec![shortage(LANTERN, 1, 0)]);
    for (account, post) in accounts.iter().zip(&posts) {
        let placed = number_if_placed(post).is_some();
        assert!(placed || *post == short, "{post:?}");
        let kept = servers[0].cart_count(&CartOwner::Account(*account)).await.unwrap();
        assert_eq!(kept, i64::from(!placed), "those who got nothing keep their carts");
    }
}

/// Each has what the other wants as well, put in the cart in the other order.
#[on_both]
async fn orders_with_common_products_do_not_lock_each_other_out(store: Store) {
    let (ada, bob) = (sign_up(&store, "ada").await, sign_up(&store, "bob").await);
    for round in 0..5 {
        for (account, slugs) in [(ada, [MAT, "coat-hook"]), (bob, ["coat-hook", MAT])] {
            for slug in slugs {
                fill(&store, account, slug, 1).await;
            }
        }
        let round = round.to_string();
        let posts = join_all([place(&store, ada, &round), place(&store, bob, &round)]).await;
        assert_eq!(posts.iter().filter_map(number_if_placed).count(), 2);
    }
}

#[on_both]
async fn a_shortage_changes_nothing(url: DatabaseUrl) {
    let store = Store::open(&url.0).await.unwrap();
    let ada = sign_up(&store, "ada").await;
    for (slug, quantity) in [(MAT, 2), (LANTERN, 3), (CABINET, 1)] {
        fill(&store, ada, slug, quantity).await;
    }
    // Somebody was faster.
    execute(&url.0, "UPDATE products SET stock = stock - 1 WHERE slug <> 'umbrella-stand'").await;

    let short = vec![shortage(LANTERN, 3, 2), shortage(CABINET, 1, 0)];
    assert_eq!(place(&store, ada, "first").await, Placement::Short(short));
    assert_eq!(stock(&store, MAT).await, 39, "put back");
    assert_eq!(store.cart_count(&CartOwner::Account(ada)).await.unwrap(), 6);
    assert_eq!(store.orders_of(ada).await.unwrap(), []);

    // The same form can be sent again once the cart is right.
    fill(&store, ada, LANTERN, 2).await;
    fill(&store, ada, CABINET, 0).await;
    assert!(matches!(place(&store, ada, "first").await, Placement::Placed(_)));
}

// ---------------------------------------------------------------- what the tests say

/// One alone has one writer with SQLite, so little could go wrong.
async fn two_servers(url: &DatabaseUrl) -> [Store; 2] {
    [Store::open(&url.0).await.unwrap(), Store::open(&url.0).await.unwrap()]
}

fn account(username: &str) -> NewAccount {
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

/// The URL with which SQLite makes its file.
fn created(url: &str) -> String {
    if url.starts_with("sqlite:") { format!("{url}?mode=rwc") } else { url.to_owned() }
}

async fn sign_up(store: &Store, username: &str) -> Uuid {
    let account = account(username);
    store.create_account(&account, NOW).await.unwrap();
    account.id
}

fn passkey(id: &str) -> NewPasskey {
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

fn use_of(id: &str, counter_before: i64, counter: i64) -> PasskeyUse {
    PasskeyUse {
        credential_id: id.into(),
        counter_before,
        counter,
        backed_up: true,
        credential: format!("{{\"counter\":{counter}}}"),
        with: "Firefox on Windows".into(),
        here: false,
    }
}

fn sessions(store: &Store) -> Sessions {
    Sessions::new(store.clone(), Clock::stopped_at(NOW))
}

fn record(lifetime: i64) -> Record {
    let expires = i128::from(NOW.0 + lifetime) * 1_000_000;
    Record {
        id: Id::default(),
        data: [].into(),
        expiry_date: OffsetDateTime::from_unix_timestamp_nanos(expires).unwrap(),
    }
}

async fn begin_session_of(store: &Store, account: Uuid) -> String {
    let mut record = record(DAY);
    record.data.insert("account".into(), json!(account));
    sessions(store).create(&mut record).await.unwrap();
    session_key(&record.id)
}

/// A session that lasts a day; returns its key.
async fn begin_session(store: &Store) -> String {
    let mut record = record(DAY);
    sessions(store).create(&mut record).await.unwrap();
    session_key(&record.id)
}

/// For signing in, within five minutes.
fn challenge(session: &str) -> Challenge {
    Challenge {
        challenge: "challenge".into(),
        session: session.into(),
        purpose: "sign-in".into(),
        state: "state".into(),
        expires: later(5 * MINUTE),
    }
}

fn visitor(cart: &str) -> CartOwner {
    CartOwner::Session(cart.into())
}

async fn content(store: &Store, cart: &CartOwner) -> Vec<(String, i64)> {
    let lines = store.cart(cart).await.unwrap().lines;
    lines.into_iter().map(|line| (line.product.slug, line.quantity)).collect()
}

async fn fill(store: &Store, account: Uuid, slug: &str, quantity: i64) {
    let cart = CartOwner::Account(account);
    let there = store.set_quantity(&cart, slug, quantity, NOW).await.unwrap();
    assert_eq!(there, Some(quantity));
}

async fn stock(store: &Store, slug: &str) -> i64 {
    store.product(slug).await.unwrap().unwrap().stock
}

fn delivery() -> Delivery {
    Delivery { name: "Ada Lovelace".into(), address: "St James's Square 12\nLondon".into() }
}

async fn place(store: &Store, account: Uuid, placement: &str) -> Placement {
    store.place_order(account, placement, &delivery(), NOW).await.unwrap()
}

fn number_if_placed(placement: &Placement) -> Option<&String> {
    match placement {
        Placement::Placed(number) => Some(number),
        _ => None,
    }
}

fn shortage(slug: &str, wanted: i64, left: i64) -> Shortage {
    Shortage { slug: slug.into(), wanted, left }
}

/// The rows of a query, past the store.
async fn rows(url: &str, sql: &str) -> Vec<AnyRow> {
    let mut connection = AnyConnection::connect(url).await.unwrap();
    sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap()
}

async fn execute(url: &str, sql: &str) {
    rows(url, sql).await;
}
