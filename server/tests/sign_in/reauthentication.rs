//! Proving, before a change, that its owner is there.

use futures::join;
use serde_json::json;

use crate::support::{
    authenticator::{Authenticator, BE, UP, UV},
    on_both,
    time::STALE,
    visitor::{PASSWORD, Shop},
};

#[on_both]
async fn after_five_minutes_changes_ask_for_a_proof(shop: Shop) {
    let (mut visitor, passkey) = shop.member("robin").await;
    let delete = format!("/account/passkeys/{}/delete", passkey.id());
    let changes: [(&str, &[(&str, &str)]); 6] = [
        (&delete, &[]),
        ("/account/password", &[("action", "set"), ("password", PASSWORD)]),
        ("/account/password", &[("action", "remove")]),
        ("/account/second-factor", &[("on", "no")]),
        ("/account/recovery-codes", &[]),
        ("/account/delete", &[]),
    ];
    visitor.get("/account/passkeys/new").await.expect_status(200);
    shop.clock.advance(STALE);
    for (path, fields) in changes {
        let confirm = format!("/confirm?next={path}");
        visitor.get(path).await.expect_redirect(&confirm);
        visitor.post(path, fields).await.expect_redirect(&confirm);
    }
    visitor
        .get("/account/passkeys/new")
        .await
        .expect_redirect("/confirm?next=/account/passkeys/new");
    visitor.addition_options(false).await.expect_refusal(403, "proof_required");
    // Nothing was changed, and the rest of the account is open.
    visitor.get("/account").await.expect_status(200).expect_text("no password");
    assert!(shop.store.passkey(&passkey.id()).await.unwrap().is_some());
}

#[on_both]
async fn a_new_username_asks_for_a_proof_and_a_new_name_does_not(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    shop.clock.advance(STALE);
    let names = |username| [("username", username), ("display_name", "Robin the Second")];
    let confirm = "/confirm?next=/account/name";
    // Whoever sits at somebody else's browser could shut them out: it is half of a sign-in.
    visitor.post("/account/name", &names("stolen")).await.expect_redirect(confirm);
    visitor.get("/account").await.expect_text("Username: <!>robin").expect_no_text("the Second");
    visitor.post("/account/name", &names("robin")).await.expect_redirect("/account");
    visitor.get("/account").await.expect_text("Robin the Second");
    visitor.prove(&mut passkey).await.expect_status(200);
    visitor.post("/account/name", &names("robin2")).await.expect_redirect("/account");
    visitor.get("/account").await.expect_text("Username: <!>robin2");
}

#[on_both]
async fn a_passkey_proves_it_for_five_minutes(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    shop.clock.advance(STALE);
    visitor
        .get("/confirm?next=/account/password")
        .await
        .expect_status(200)
        .expect_text("PasskeyProof");
    visitor.prove(&mut passkey).await.expect_status(200);
    visitor.get("/account/password").await.expect_status(200);
    shop.clock.advance(STALE - 1);
    visitor.get("/account/password").await.expect_status(200);
    shop.clock.advance(1);
    visitor.get("/account/password").await.expect_redirect("/confirm?next=/account/password");
}

#[on_both]
async fn a_password_proves_it_too(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await.expect_redirect("/");
    shop.clock.advance(STALE);
    let wrong = [("password", "what it used to be"), ("next", "/account/password")];
    visitor
        .post("/confirm", &wrong)
        .await
        .expect_status(401)
        .expect_text("That is not the password.")
        .expect_text("value=\"/account/password\"");
    visitor.get("/account/password").await.expect_redirect("/confirm?next=/account/password");
    let right = [("password", PASSWORD), ("next", "/account/password")];
    visitor.post("/confirm", &right).await.expect_redirect("/account/password");
    visitor.get("/account/password").await.expect_status(200);
}

#[on_both]
async fn a_proof_asks_for_the_accounts_own_passkeys(shop: Shop) {
    let (mut visitor, first) = shop.member("robin").await;
    let (_, other) = shop.member("other").await;
    let mut second = Authenticator::new();
    visitor.add(&mut second).await.expect_status(200);

    let options = visitor.proof_options().await.options();
    let allowed = options["allowCredentials"].as_array().unwrap();
    let ids: Vec<_> = allowed.iter().map(|allowed| allowed["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    assert!(ids.contains(&first.id().as_str()) && ids.contains(&second.id().as_str()));
    assert!(!ids.contains(&other.id().as_str()));
    assert_eq!(allowed[0]["transports"], json!(["internal", "hybrid"]));
    assert_eq!(options["userVerification"], "required");
}

#[on_both]
async fn signed_out_there_is_nothing_to_change(shop: Shop) {
    let mut visitor = shop.visitor();
    for path in [
        "/account",
        "/account/password",
        "/account/passkeys/new",
        "/account/delete",
        "/account/second-factor",
        "/account/recovery-codes",
        "/account/events/1",
        "/confirm",
    ] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, 303, "{path}");
        assert!(
            answer.headers["location"].to_str().unwrap().starts_with("/sign-in?next="),
            "{path}"
        );
    }
    for path in [
        "/account/delete",
        "/account/recovery-codes",
        "/account/sessions/end-others",
        "/account/sessions/x/end",
        "/account/passkeys/x/delete",
        "/account/offer/dismiss",
    ] {
        visitor.post(path, &[("next", "/")]).await.expect_redirect("/sign-in?next=/account");
    }
    visitor.proof_options().await.expect_refusal(401, "sign_in_required");
    visitor.addition_options(false).await.expect_refusal(401, "sign_in_required");
    assert_eq!(visitor.cookie, None);
}

#[on_both]
async fn a_request_with_the_id_from_before_leaves_the_new_one_alone(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    let mut before = visitor.clone();
    visitor.prove(&mut passkey).await.expect_status(200);
    assert_eq!(before.get("/cart").await.cookie(), None);
    assert_eq!(
        before.sign_out().await.cookie().map(|cookie| cookie.contains("Max-Age=0")),
        Some(true)
    );
    assert!(visitor.is_signed_in().await);
}

#[on_both]
async fn a_proof_does_not_resurrect_a_session_that_is_ended_meanwhile(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await.expect_status(303);
    let mut elsewhere = shop.visitor();
    elsewhere.sign_in_with_password("robin").await.expect_status(303);
    let fields = [("password", PASSWORD), ("next", "/account/password")];
    let proof = visitor.post("/confirm", &fields);
    let (answer, ended) = join!(proof, elsewhere.post("/account/sessions/end-others", &[]));
    ended.expect_redirect("/account");
    answer.expect_status(303);
    assert!(!visitor.is_signed_in().await);
    assert!(elsewhere.is_signed_in().await);
}

#[on_both]
async fn nobody_proves_it_with_another_accounts_passkey(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    let (_, mut other) = shop.member("other").await;
    shop.clock.advance(STALE);
    visitor.prove(&mut other).await.expect_refusal(400, "wrong_user");
    visitor.prove(&mut Authenticator::new()).await.expect_refusal(404, "unknown_credential");
    visitor.get("/account/password").await.expect_redirect("/confirm?next=/account/password");
}

#[on_both]
async fn a_forged_proof_is_refused_like_a_forged_sign_in(shop: Shop) {
    let (mut visitor, good) = shop.member("robin").await;
    shop.clock.advance(STALE);
    type Bend = fn(&mut Authenticator);
    let cases: [(&str, Bend); 6] = [
        ("user_not_verified", |passkey| passkey.flags = UP),
        ("user_not_present", |passkey| passkey.flags = UV),
        ("wrong_origin", |passkey| passkey.origin = "https://evil.example".into()),
        ("counter_went_back", |passkey| passkey.counter = 1),
        ("wrong_user", |passkey| passkey.user_handle = Some(vec![1; 16])),
        ("backup_flags_wrong", |passkey| passkey.flags = UP | UV | BE),
    ];
    for (code, bend) in cases {
        let mut passkey = good.clone();
        bend(&mut passkey);
        visitor.prove(&mut passkey).await.expect_refusal(400, code);
    }
    visitor.get("/account/password").await.expect_redirect("/confirm?next=/account/password");
    // A security key that keeps no user handle will do: the account is known.
    let mut key = good;
    (key.user_handle, key.counter) = (None, 50);
    visitor.prove(&mut key).await.expect_status(200);
}

#[on_both]
async fn a_clone_is_checked_against_what_is_stored_by_now(shop: Shop) {
    let (mut visitor, mut key) = shop.member("robin").await;
    let options = visitor.proof_options().await.options();
    let mut clone = key.clone();
    key.counter = 8;
    shop.visitor().sign_in(&mut key).await.expect_status(200);
    clone.counter = 6;
    visitor.finish_proof(&clone.get(&options)).await.expect_refusal(400, "counter_went_back");
    assert_eq!(shop.store.passkey(&key.id()).await.unwrap().unwrap().counter, 8);
}

#[on_both]
async fn replay_of_a_proof_or_for_another_purpose_is_refused(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    let proof = visitor.proof_options().await.options();
    visitor.finish_sign_in(&passkey.get(&proof)).await.expect_refusal(400, "challenge_unknown");
    let sign_in = visitor.sign_in_options().await;
    visitor.finish_proof(&passkey.get(&sign_in)).await.expect_refusal(400, "challenge_unknown");
    let assertion = passkey.get(&proof);
    visitor.finish_proof(&assertion).await.expect_status(200);
    visitor.finish_proof(&assertion).await.expect_refusal(400, "challenge_unknown");
}

#[on_both]
async fn session_fixation_before_a_proof_gains_nothing(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    let mut before = visitor.clone();
    visitor.prove(&mut passkey).await.expect_status(200);
    assert_ne!(before.cookie, visitor.cookie);
    assert!(!before.is_signed_in().await);
    assert!(visitor.is_signed_in().await);
}

#[on_both]
async fn open_redirect_after_a_proof_is_refused(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    let away = [("password", PASSWORD), ("next", "//evil.example")];
    visitor.post("/confirm", &away).await.expect_redirect("/");
}
