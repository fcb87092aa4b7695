//! A passkey or a recovery code after the password.

use serde_json::json;

use crate::support::{
    authenticator::UP,
    on_both,
    time::STALE,
    visitor::{OTHER_PASSWORD, PASSWORD, Shop},
};

#[on_both]
async fn a_second_factor_needs_a_password_and_a_passkey(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    visitor.post("/account/second-factor", &[("on", "yes")]).await.expect_status(409);
    let mut other = shop.visitor();
    other.sign_up_with_password("other").await;
    other.post("/account/second-factor", &[("on", "yes")]).await.expect_status(409);
    other.post("/account/second-factor", &[("on", "true")]).await.expect_status(400);
    other.sign_out_and_in("other").await.expect_redirect("/cart");
}

#[on_both]
async fn bypass_of_the_second_factor_opens_nothing(shop: Shop) {
    let (_, mut passkey) = shop.careful("robin").await;
    let mut visitor = shop.visitor();
    visitor.sign_in_with_password("robin").await.expect_redirect("/second-factor?next=/cart");
    visitor.get("/second-factor?next=/cart").await.expect_status(200).expect_no_text("Robin");
    for path in ["/account", "/checkout", "/account/password", "/confirm", "/orders/LK-1"] {
        visitor.get(path).await.expect_status(303).expect_no_text("Robin");
    }
    visitor.addition_options(false).await.expect_refusal(401, "sign_in_required");
    visitor.addition_options(true).await.expect_refusal(401, "sign_in_required");
    visitor.post("/account/recovery-codes", &[]).await.expect_redirect("/sign-in?next=/account");
    visitor
        .post("/confirm", &[("password", PASSWORD)])
        .await
        .expect_redirect("/sign-in?next=/account");
    assert_eq!(visitor.get("/").await.expect_text("Sign in").status, 200);

    visitor.prove(&mut passkey).await.expect_status(200);
    visitor.get("/account").await.expect_text("Robin").expect_text("With the password and");
    visitor.get("/second-factor?next=/cart").await.expect_redirect("/cart");
}

#[on_both]
async fn a_saved_password_waits_for_the_second_factor_as_well(shop: Shop) {
    let (_, mut passkey) = shop.careful("robin").await;
    let mut visitor = shop.visitor();
    visitor.post("/cart", &[("slug", "door-mat"), ("quantity", "2"), ("action", "add")]).await;
    let fields = [("username", "robin"), ("password", PASSWORD), ("next", "/cart")];
    let answer = visitor.post_by_script("/sign-in", &fields).await.expect_status(200);
    assert_eq!(answer.json(), json!({ "to": "/second-factor?next=/cart", "name": null }));
    assert!(!visitor.is_signed_in().await);
    visitor.prove(&mut passkey).await.expect_status(200);
    visitor.get("/cart").await.expect_text("door-mat");
    visitor.get("/checkout").await.expect_status(200).expect_text("door-mat");
}

#[on_both]
async fn the_second_factor_is_the_accounts_own(shop: Shop) {
    let (_, mut passkey) = shop.careful("robin").await;
    let (_, mut other) = shop.member("other").await;
    let mut visitor = shop.visitor();
    visitor.sign_in_with_password("robin").await;
    visitor.prove(&mut other).await.expect_refusal(400, "wrong_user");
    passkey.flags = UP;
    visitor.prove(&mut passkey).await.expect_refusal(400, "user_not_verified");
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn the_second_factor_is_waited_for_five_minutes(shop: Shop) {
    let (_, mut passkey) = shop.careful("robin").await;
    let mut visitor = shop.visitor();
    visitor.sign_in_with_password("robin").await;
    let options = visitor.proof_options().await.options();
    shop.clock.advance(STALE);
    visitor.finish_proof(&passkey.get(&options)).await.expect_refusal(400, "challenge_unknown");
    visitor.proof_options().await.expect_refusal(401, "sign_in_required");
    visitor.get("/second-factor?next=/cart").await.expect_redirect("/sign-in?next=/cart");
}

#[on_both]
async fn an_old_password_is_no_first_factor_any_more_once_it_is_changed(shop: Shop) {
    let (mut owner, mut passkey) = shop.careful("robin").await;
    let codes = owner.recovery_codes().await;
    let mut thief = shop.visitor();
    thief.sign_in_with_password("robin").await.expect_redirect("/second-factor?next=/cart");
    let options = thief.proof_options().await.options();
    let change = [("action", "set"), ("password", OTHER_PASSWORD)];
    owner.post("/account/password", &change).await.expect_redirect("/account/review");
    let code = [("code", codes[0].as_str())];
    thief.post("/second-factor", &code).await.expect_redirect("/sign-in?next=/");
    thief.finish_proof(&passkey.get(&options)).await.expect_refusal(401, "sign_in_required");
    assert!(!thief.is_signed_in().await);
    // And the code is still good.
    owner.get("/account").await.expect_text("10 of 10 left");
}

#[on_both]
async fn a_half_sign_in_signs_the_previous_account_out(shop: Shop) {
    shop.careful("robin").await;
    let (mut visitor, _) = shop.member("other").await;
    visitor.sign_in_with_password("robin").await.expect_redirect("/second-factor?next=/cart");
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn with_a_second_factor_the_password_proves_nothing(shop: Shop) {
    let (mut visitor, mut passkey) = shop.careful("robin").await;
    shop.clock.advance(STALE);
    visitor.get("/confirm").await.expect_status(200).expect_no_text("name=\"password\"");
    visitor.post("/confirm", &[("password", PASSWORD)]).await.expect_status(401);
    visitor.get("/account/password").await.expect_redirect("/confirm?next=/account/password");
    visitor.prove(&mut passkey).await.expect_status(200);
}

#[on_both]
async fn no_lock_out_by_deleting_the_second_factors_last_passkey(shop: Shop) {
    let (mut visitor, passkey) = shop.careful("robin").await;
    let path = format!("/account/passkeys/{}/delete", passkey.id());
    visitor
        .get(&path)
        .await
        .expect_text("second factor")
        .expect_no_text("Delete this passkey</button>");
    visitor.post(&path, &[]).await.expect_status(409);
    visitor.post("/account/second-factor", &[("on", "no")]).await.expect_redirect("/account");
    visitor.post(&path, &[]).await.expect_redirect("/account");
}

#[on_both]
async fn a_passkey_alone_still_signs_in(shop: Shop) {
    let (_, mut passkey) = shop.careful("robin").await;
    let answer = shop.visitor().sign_in(&mut passkey).await.expect_status(200);
    assert_eq!(answer.json()["done"]["username"], "robin");
}

#[on_both]
async fn a_recovery_code_is_a_second_factor(shop: Shop) {
    let (mut visitor, _) = shop.careful("robin").await;
    let codes = visitor.recovery_codes().await;
    let mut lost = shop.visitor();
    lost.post("/second-factor", &[("code", &codes[0])]).await.expect_redirect("/sign-in?next=/");
    lost.sign_in_with_password("robin").await.expect_redirect("/second-factor?next=/cart");
    lost.post("/second-factor", &[("code", "wrong"), ("next", "/cart")])
        .await
        .expect_status(401)
        .expect_text("value=\"/cart\"");
    let fields = [("code", codes[0].as_str()), ("next", "/cart")];
    lost.post("/second-factor", &fields).await.expect_redirect("/account/passkeys/new?next=/cart");
    assert!(lost.is_signed_in().await);
}
