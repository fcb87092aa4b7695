//! Challenges, each of which is answered once.

use futures::future::join_all;
use latchkey::store::{CartOwner, Ceremony, Store, StoreError, UsedChallenge};

use crate::support::{
    DatabaseUrl, on_both,
    store::{MAT, NOW, account, create, later, sign_up, two_servers, visit},
    time::{DAY, MINUTE},
};

/// Good for five minutes.
fn used(challenge: &str) -> UsedChallenge {
    UsedChallenge { challenge: challenge.into(), expires: later(5 * MINUTE) }
}

async fn answer(store: &Store, challenge: &UsedChallenge) -> Result<(), StoreError> {
    let ceremony = Ceremony { challenge: Some(challenge), ..Ceremony::default() };
    store.complete(&ceremony, NOW).await
}

#[on_both]
async fn replay_of_a_challenge_is_refused(url: DatabaseUrl) {
    let servers = two_servers(&url).await;
    let challenge = used("challenge");
    let answers = servers.iter().cycle().take(16).map(|server| answer(server, &challenge));
    let taken = join_all(answers).await;
    assert_eq!(taken.iter().filter(|answer| answer.is_ok()).count(), 1);
    for refused in taken.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, StoreError::ChallengeUsed), "{refused:?}");
    }
    answer(&servers[0], &used("another")).await.unwrap();
}

#[on_both]
async fn what_is_refused_has_used_nothing_up(store: Store) {
    create(&store, &account("ada"), None).await.unwrap();
    let (challenge, taken) = (used("challenge"), account("ada"));
    let ceremony =
        Ceremony { challenge: Some(&challenge), new_account: Some(&taken), ..Ceremony::default() };
    let refused = store.complete(&ceremony, NOW).await;
    assert!(matches!(refused, Err(StoreError::UsernameTaken)), "{refused:?}");
    // All or nothing: whoever refuses it uses the challenge up by itself.
    answer(&store, &challenge).await.unwrap();
}

#[on_both]
async fn all_servers_of_a_shop_know_each_others_challenges(url: DatabaseUrl) {
    let [one, other] = two_servers(&url).await;
    let keys = join_all([&one, &other, &one].map(Store::secret_key)).await;
    let keys: Vec<_> = keys.into_iter().map(Result::unwrap).collect();
    assert!(keys.iter().all(|key| *key == keys[0] && *key != [0; 64]));
}

#[on_both]
async fn what_is_over_is_deleted(store: Store) {
    visit(&store, MINUTE).await;
    visit(&store, DAY).await;
    answer(&store, &used("challenge")).await.unwrap();
    let ada = CartOwner::Account(sign_up(&store, "ada").await);
    let abandoned = CartOwner::Visitor("abandoned".into());
    let left_at_once = CartOwner::Visitor("left at once".into());
    for cart in [&ada, &abandoned, &abandoned, &left_at_once] {
        store.set_quantity(cart, MAT, 1, NOW).await.unwrap();
    }

    assert_eq!(store.delete_expired(NOW).await.unwrap(), 0);
    assert_eq!(store.delete_expired(later(MINUTE)).await.unwrap(), 1, "the short session");
    assert_eq!(store.delete_expired(later(5 * MINUTE)).await.unwrap(), 0, "an answer may be late");
    assert_eq!(store.delete_expired(later(15 * MINUTE)).await.unwrap(), 1, "the challenge");
    assert_eq!(store.delete_expired(later(59 * MINUTE)).await.unwrap(), 0);
    assert_eq!(store.delete_expired(later(60 * MINUTE)).await.unwrap(), 1, "the cart left at once");
    assert_eq!(store.delete_expired(later(DAY)).await.unwrap(), 1, "the other session");
    assert_eq!(store.delete_expired(later(30 * DAY - 1)).await.unwrap(), 0);
    assert_eq!(store.delete_expired(later(30 * DAY)).await.unwrap(), 1, "the cart");
    assert_eq!(store.cart_count(&ada).await.unwrap(), 1, "an account's cart stays");
    for cart in [&abandoned, &left_at_once] {
        assert_eq!(store.cart_count(cart).await.unwrap(), 0);
    }
}
