//! Accounts, their names and their passwords.

use futures::future::join_all;
use latchkey::store::{NewAccount, Store, StoreError};
use uuid::Uuid;

use crate::support::{
    on_both,
    store::{NOW, account, begin_session_of, passkey, sign_up},
};

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
