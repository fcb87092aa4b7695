//! Accounts, their names and their passwords.

use futures::future::join_all;
use latchkey::store::{NewAccount, SessionWrite, Store, StoreError};
use uuid::Uuid;

use crate::support::{
    on_both,
    store::{NOW, account, create, event, passkey, sign_in, sign_up},
};

#[on_both]
async fn an_account_comes_back_as_it_was_made(store: Store) {
    let account = NewAccount {
        username: "Ada".into(),
        display_name: "Ada Lovelace".into(),
        password_hash: Some("$argon2id$…".into()),
        ..account("ada")
    };
    create(&store, &account, Some(&passkey("key"))).await.unwrap();

    let found = store.account(account.id).await.unwrap().unwrap();
    assert_eq!((found.id, found.username.as_str()), (account.id, "Ada"));
    assert_eq!(found.display_name, "Ada Lovelace");
    let password = store.password_of("ada", "Chrome on Linux").await.unwrap();
    let password = password.unwrap();
    assert_eq!((password.account.id, password.hash.as_str()), (account.id, "$argon2id$…"));
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
    assert_eq!(
        store.password_of("ada", "Chrome on Linux").await.unwrap().map(drop),
        None,
        "she has no password"
    );
    assert_eq!(store.password_of("bob", "Chrome on Linux").await.unwrap().map(drop), None);
    assert!(!store.has_password(ada).await.unwrap());
    assert!(!store.username_taken("bob").await.unwrap());
    assert_eq!(store.passkey("key").await.unwrap(), None);
}

#[on_both]
async fn a_username_is_given_once(store: Store) {
    let first = NewAccount { username: "Ada".into(), ..account("ada") };
    create(&store, &first, None).await.unwrap();
    // Another way to write it has the same key.
    let second = NewAccount { username: "ADA".into(), ..account("ada") };
    let refused = create(&store, &second, None).await;
    assert!(matches!(refused, Err(StoreError::UsernameTaken)), "{refused:?}");
}

#[on_both]
async fn of_many_who_want_a_username_one_gets_it(store: Store) {
    let wanted: Vec<_> = (0..16).map(|_| account("ada")).collect();
    let created = join_all(wanted.iter().map(|account| create(&store, account, None))).await;
    let (given, refused): (Vec<_>, Vec<_>) = created.into_iter().partition(Result::is_ok);
    assert_eq!(given.len(), 1);
    assert!(refused.iter().all(|r| matches!(r, Err(StoreError::UsernameTaken))));
}

#[on_both]
async fn a_credential_belongs_to_one_account(store: Store) {
    create(&store, &account("ada"), Some(&passkey("key"))).await.unwrap();
    let bob = account("bob");
    let refused = create(&store, &bob, Some(&passkey("key"))).await;
    assert!(matches!(refused, Err(StoreError::CredentialTaken)), "{refused:?}");
    assert_eq!(store.account(bob.id).await.unwrap(), None, "all or nothing");
}

#[on_both]
async fn a_password_hash_can_be_replaced(store: Store) {
    let ada = NewAccount { password_hash: Some("old".into()), ..account("ada") };
    create(&store, &ada, None).await.unwrap();
    let hers = sign_in(&store, ada.id, 0, None).await.unwrap();
    let other = sign_in(&store, ada.id, 0, None).await.unwrap();
    let set = async |hash: &str, session: &SessionWrite| {
        let after = |_| (session.clone(), event(ada.id));
        store.set_password(ada.id, hash, false, after, NOW).await
    };
    let hash = async || store.password_of("ada", "").await.unwrap().unwrap().hash;
    let exists =
        async |session: &SessionWrite| store.session(&session.key, NOW).await.unwrap().is_some();
    assert!(set("new", &hers).await.unwrap());
    assert_eq!(hash().await, "new");
    assert!(exists(&hers).await);
    // Whoever was shut out by that sets no password.
    assert!(!exists(&other).await);
    let refused = set("theirs", &other).await;
    assert!(matches!(refused, Err(StoreError::SessionEnded)), "{refused:?}");
    assert_eq!(hash().await, "new");
    assert!(exists(&hers).await);
}
