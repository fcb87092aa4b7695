//! Passkeys and their counters.

use futures::future::join_all;
use latchkey::store::{NewAccount, PasskeyUse, Store};

use crate::support::{
    on_both,
    store::{NOW, account, later, passkey},
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
async fn of_simultaneous_replays_of_one_counter_one_passes(store: Store) {
    let ada = NewAccount { passkey: Some(passkey("key")), ..account("ada") };
    store.create_account(&ada, NOW).await.unwrap();
    let used = use_of("key", 1, 2);
    let passed = join_all((0..16).map(|_| store.record_use(&used, NOW))).await;
    assert_eq!(passed.into_iter().filter(|passed| *passed.as_ref().unwrap()).count(), 1);
}
