//! Passkeys and their counters.

use app::api::Timestamp;
use futures::future::join_all;
use latchkey::store::{Ceremony, NewAccount, Owner, PasskeyUse, Store, StoreError};

use crate::support::{
    on_both,
    store::{NOW, account, create, later, passkey},
    time::MINUTE,
};

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

async fn record_use(
    store: &Store,
    used: &PasskeyUse,
    account: &NewAccount,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ceremony = Ceremony {
        account: Some(Owner { account: account.id, epoch: 0 }),
        passkey_used: Some(used),
        ..Ceremony::default()
    };
    store.complete(&ceremony, now).await
}

#[on_both]
async fn an_assertion_updates_its_passkey(store: Store) {
    let ada = account("ada");
    create(&store, &ada, Some(&passkey("key"))).await.unwrap();
    record_use(&store, &use_of("key", 1, 5), &ada, later(MINUTE)).await.unwrap();

    let key = store.passkey("key").await.unwrap().unwrap();
    assert_eq!((key.counter, key.backed_up), (5, true));
    assert_eq!(key.credential, "{\"counter\":5}");
    assert_eq!((key.created, key.last_used), (NOW, later(MINUTE)));
    for stale in [use_of("key", 1, 6), use_of("other", 1, 6)] {
        let refused = record_use(&store, &stale, &ada, NOW).await;
        assert!(matches!(refused, Err(StoreError::CounterWentBack)), "{refused:?}");
    }
}

#[on_both]
async fn of_simultaneous_replays_of_one_counter_one_passes(store: Store) {
    let ada = account("ada");
    create(&store, &ada, Some(&passkey("key"))).await.unwrap();
    let used = use_of("key", 1, 2);
    let passed = join_all((0..16).map(|_| record_use(&store, &used, &ada, NOW))).await;
    assert_eq!(passed.into_iter().filter(|passed| passed.is_ok()).count(), 1);
}
