//! Passkey managers are told what an account accepts.

use serde_json::{Value, json};

use crate::support::{
    authenticator::{Authenticator, encode},
    on_both,
    page::signals,
    visitor::Shop,
};

/// What the page's script posts when it has told.
fn acknowledged(told: &Value) -> Value {
    json!({ "user_id": told["user_id"], "version": told["version"] })
}

#[on_both]
async fn password_managers_are_told_once_and_again_after_a_change(shop: Shop) {
    let (mut visitor, passkey) = shop.member("robin").await;
    let told = signals(&visitor.get("/").await.body).unwrap();
    assert_eq!(told["accepted"], json!([passkey.id()]));
    assert_eq!(told["rp_id"], "localhost");
    assert_eq!(told["user_id"], encode(passkey.user_handle.as_ref().unwrap()));
    assert_eq!(told["name"], json!({ "username": "robin", "display_name": "Robin" }));
    // Until the browser says that it has told.
    assert!(signals(&visitor.get("/").await.body).is_some());
    visitor.api("passkey/signalled", acknowledged(&told)).await.expect_status(200);
    assert_eq!(signals(&visitor.get("/").await.body), None);

    let mut second = Authenticator::new();
    visitor.add(&mut second).await.expect_status(200);
    let told = signals(&visitor.get("/").await.body).unwrap();
    assert_eq!(told["accepted"].as_array().unwrap().len(), 2);
    visitor.api("passkey/signalled", acknowledged(&told)).await;

    visitor.post("/account/name", &[("username", "robin2"), ("display_name", "R")]).await;
    let told = signals(&visitor.get("/").await.body).unwrap();
    assert_eq!(told["name"], json!({ "username": "robin2", "display_name": "R" }));
    visitor.api("passkey/signalled", acknowledged(&told)).await;

    // Another browser of the same account changes something.
    let mut elsewhere = shop.visitor();
    elsewhere.sign_in(&mut second).await.expect_status(200);
    elsewhere
        .post(&format!("/account/passkeys/{}/delete", passkey.id()), &[])
        .await
        .expect_redirect("/account");
    let told = signals(&visitor.get("/").await.body).unwrap();
    assert_eq!(told["accepted"], json!([second.id()]));
}

#[on_both]
async fn a_change_that_came_in_between_is_told_as_well(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    let told = signals(&visitor.get("/").await.body).unwrap();
    visitor.add(&mut Authenticator::new()).await.expect_status(200);
    visitor.api("passkey/signalled", acknowledged(&told)).await;
    assert!(signals(&visitor.get("/").await.body).is_some());
}

#[on_both]
async fn strangers_are_told_nothing(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    visitor.post("/sign-out", &[]).await;
    assert_eq!(signals(&visitor.get("/").await.body), None);
    let nobody = json!({ "user_id": "", "version": 1 });
    visitor.api("passkey/signalled", nobody).await.expect_status(200);
    assert_eq!(visitor.cookie, None);
}

#[on_both]
async fn of_a_deleted_account_nothing_is_accepted(shop: Shop) {
    let (mut visitor, passkey) = shop.member("robin").await;
    visitor.post("/account/delete", &[]).await;
    let told = signals(&visitor.get("/goodbye").await.body).unwrap();
    assert_eq!(told["accepted"], json!([]));
    assert_eq!(told["name"], Value::Null);
    assert_eq!(told["user_id"], encode(passkey.user_handle.as_ref().unwrap()));
    // Before the browser has told, somebody begins to shop.
    let fields = [("slug", "door-mat"), ("quantity", "2"), ("action", "add")];
    visitor.post("/cart", &fields).await.expect_redirect("/cart");
    visitor.api("passkey/signalled", acknowledged(&told)).await.expect_status(200);
    assert_eq!(signals(&visitor.get("/goodbye").await.body), None);
    visitor.get("/cart").await.expect_text("door-mat");
}

#[on_both]
async fn what_was_told_of_another_account_counts_for_nobody(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    let (mut other, _) = shop.member("other").await;
    let late = acknowledged(&signals(&other.get("/").await.body).unwrap());
    visitor.api("passkey/signalled", late.clone()).await.expect_status(200);
    assert!(signals(&visitor.get("/").await.body).is_some());
    visitor.post("/account/delete", &[]).await;
    visitor.api("passkey/signalled", late).await.expect_status(200);
    assert!(signals(&visitor.get("/goodbye").await.body).is_some());
}

#[on_both]
async fn a_browser_that_never_heard_may_ask_whether_its_passkey_was_accepted(shop: Shop) {
    let (mut visitor, passkey) = shop.member("robin").await;
    for (id, known) in [(passkey.id(), true), ("AAAA".to_owned(), false)] {
        let answer = visitor.api("passkey/known", json!({ "credential_id": id })).await;
        assert_eq!(answer.expect_status(200).json(), json!(known));
    }
}
