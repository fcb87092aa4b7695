//! Challenges, each of which is taken once.

use futures::future::join_all;
use latchkey::store::{CartOwner, Challenge, Store, StoreError, session_key};
use tower_sessions::SessionStore;

use crate::support::{
    on_both,
    store::{MAT, NOW, begin_session, later, record, sessions, sign_up},
    time::{DAY, MINUTE},
};

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

#[on_both]
async fn replay_of_a_challenge_is_refused(store: Store) {
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
