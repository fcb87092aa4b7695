//! The upkeep of an account, through the real router: passkeys, password, second factor,
//! sessions, recovery codes; and what an attacker would try.

use std::{convert::Infallible, path::Path};

use axum::{body::Body, http::Method};
use futures::{join, stream};
use latchkey::{
    Attestation, Store,
    store::{Deletion, NewEvent},
};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::support::{
    authenticator::{Authenticator, BE, BS, UP, UV, encode},
    on_both,
    visitor::{PASSWORD, Shop, Visitor},
};

const MINUTE: i64 = 60 * 1000;
const DAY: i64 = 24 * 60 * MINUTE;
/// A proof is good for five minutes.
const STALE: i64 = 5 * MINUTE;

// ---------------------------------------------------------------- a fresh proof

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
async fn a_session_that_is_ended_during_its_proof_is_out(shop: Shop) {
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
async fn nobody_proves_it_with_another_accounts_passkey(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    let (_, mut other) = shop.member("other").await;
    shop.clock.advance(STALE);
    visitor.prove(&mut other).await.expect_refusal(400, "wrong_user");
    visitor.prove(&mut Authenticator::new()).await.expect_refusal(404, "unknown_credential");
    visitor.get("/account/password").await.expect_redirect("/confirm?next=/account/password");
}

#[on_both]
async fn a_proof_is_verified_like_a_sign_in(shop: Shop) {
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
async fn a_proof_is_checked_against_what_is_stored_by_now(shop: Shop) {
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
async fn a_challenge_for_a_proof_is_for_nothing_else(shop: Shop) {
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
async fn a_proof_changes_the_session_id(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    let mut before = visitor.clone();
    visitor.prove(&mut passkey).await.expect_status(200);
    assert_ne!(before.cookie, visitor.cookie);
    assert!(!before.is_signed_in().await);
    assert!(visitor.is_signed_in().await);
}

#[on_both]
async fn the_way_after_a_proof_stays_in_the_store(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    let away = [("password", PASSWORD), ("next", "//evil.example")];
    visitor.post("/confirm", &away).await.expect_redirect("/");
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

// ---------------------------------------------------------------- passkeys

#[on_both]
async fn a_second_passkey_signs_in_like_the_first(shop: Shop) {
    let (mut visitor, first) = shop.member("robin").await;
    let options = visitor.addition_options(false).await.options();
    let excluded: Vec<_> = options["excludeCredentials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|excluded| excluded["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(excluded, [first.id()]);
    assert_eq!(options["user"]["name"], "robin");
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");

    let mut second = Authenticator::new();
    visitor.finish_addition(&second.create(&options)).await.expect_status(200);
    shop.visitor().sign_in(&mut second).await.expect_status(200);
    let cards = visitor.get("/account").await;
    assert_eq!(cards.body.matches("class=\"key\"").count(), 2);
}

#[on_both]
async fn a_passkey_is_added_to_ones_own_account_only(shop: Shop) {
    let (mut robin, _) = shop.member("robin").await;
    let (mut thief, _) = shop.member("thief").await;
    let options = robin.addition_options(false).await.options();
    let mut passkey = Authenticator::new();
    let created = passkey.create(&options);
    thief.finish_addition(&created).await.expect_refusal(400, "challenge_unknown");

    // The same browser, signed in to another account meanwhile.
    let (_, mut other) = shop.member("other").await;
    let options = robin.addition_options(false).await.options();
    robin.sign_in(&mut other).await.expect_status(200);
    robin.finish_addition(&passkey.create(&options)).await.expect_refusal(400, "challenge_unknown");
    assert!(shop.store.passkey(&passkey.id()).await.unwrap().is_none());
}

#[on_both]
async fn a_passkey_of_somebody_else_cannot_be_added(shop: Shop) {
    let (mut robin, _) = shop.member("robin").await;
    let (_, mut other) = shop.member("other").await;
    robin.add(&mut other).await.expect_refusal(409, "credential_taken");
}

#[on_both]
async fn an_addition_is_verified_like_a_sign_up(shop: Shop) {
    let (mut robin, _) = shop.member("robin").await;
    for (flags, code) in
        [(UP, "user_not_verified"), (UV, "user_not_present"), (0, "user_not_present")]
    {
        let mut passkey = Authenticator::new();
        passkey.flags = flags;
        robin.add(&mut passkey).await.expect_refusal(400, code);
    }
}

#[on_both]
async fn a_passkey_has_its_owners_name_for_it(shop: Shop) {
    let (mut visitor, passkey) = shop.member("robin").await;
    let path = format!("/account/passkeys/{}/name", passkey.id());
    visitor.post(&path, &[("name", "  My <desk>  ")]).await.expect_redirect("/account");
    visitor
        .get("/account")
        .await
        .expect_text("My &lt;desk&gt;")
        .expect_text("The passkey has its new name.");
    visitor.get("/account").await.expect_no_text("The passkey has its new name.");

    let long = "x".repeat(65);
    visitor
        .post(&path, &[("name", &long)])
        .await
        .expect_status(422)
        .expect_text("at most 64 characters")
        .expect_text(&long)
        .expect_text("My &lt;desk&gt;");
    visitor.get(&path).await.expect_redirect("/account");

    visitor.post(&path, &[("name", " ")]).await.expect_redirect("/account");
    visitor.get("/account").await.expect_no_text("My &lt;desk&gt;");
}

#[on_both]
async fn what_belongs_to_others_is_not_found(shop: Shop) {
    let (mut robin, theirs) = shop.member("robin").await;
    let (mut thief, _) = shop.member("thief").await;
    let account = shop.store.account_named("robin").await.unwrap().unwrap().id;
    let event = shop.store.events_of(account, "sign_in_failed").await.unwrap()[0].id.clone();
    let session = shop.store.sessions_of(account, shop.clock.now()).await.unwrap()[0].key.clone();

    robin.get(&format!("/account/events/{event}")).await.expect_status(200);
    for id in [event.as_str(), "nonsense", "%00"] {
        thief.get(&format!("/account/events/{id}")).await.expect_status(404);
    }
    for id in [theirs.id().as_str(), "nonsense", "%00"] {
        thief.get(&format!("/account/passkeys/{id}/delete")).await.expect_status(404);
        thief.post(&format!("/account/passkeys/{id}/delete"), &[]).await.expect_status(404);
        let path = format!("/account/passkeys/{id}/name");
        thief.post(&path, &[("name", "mine")]).await.expect_status(404);
        thief.post(&path, &[("name", &"x".repeat(65))]).await.expect_status(404);
    }
    for id in [session.as_str(), "nonsense", "%00"] {
        thief.post(&format!("/account/sessions/{id}/end"), &[]).await.expect_status(404);
    }
    assert!(robin.is_signed_in().await);
    let passkey = shop.store.passkey(&theirs.id()).await.unwrap().unwrap();
    assert_eq!((passkey.account, passkey.own_name), (account, None));
}

#[on_both]
async fn a_deleted_passkey_opens_nothing(shop: Shop) {
    let (mut visitor, mut first) = shop.member("robin").await;
    visitor.add(&mut Authenticator::new()).await.expect_status(200);
    let path = format!("/account/passkeys/{}/delete", first.id());
    visitor.get(&path).await.expect_status(200).expect_text("Delete this passkey");
    visitor.post(&path, &[]).await.expect_redirect("/account");
    visitor.get("/account").await.expect_text("opens nothing any more");
    shop.visitor().sign_in(&mut first).await.expect_refusal(404, "unknown_credential");
    visitor.post(&path, &[]).await.expect_status(404);
}

#[on_both]
async fn the_last_way_to_sign_in_stays(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    let path = format!("/account/passkeys/{}/delete", passkey.id());
    visitor
        .get(&path)
        .await
        .expect_status(200)
        .expect_text("only way to sign in")
        .expect_no_text("Delete this passkey</button>");
    visitor.post(&path, &[]).await.expect_status(409).expect_text("last way to sign in");
    shop.visitor().sign_in(&mut passkey).await.expect_status(200);

    // With a password it may go, after a warning; then the password has to stay.
    let set = [("action", "set"), ("password", PASSWORD)];
    visitor.post("/account/password", &set).await.expect_redirect("/account");
    visitor.get(&path).await.expect_text("last passkey").expect_text("Delete this passkey");
    visitor.post(&path, &[]).await.expect_redirect("/account");
    visitor.post("/account/password", &[("action", "remove")]).await.expect_status(409);
    visitor.get("/account").await.expect_text("Change or remove the password");
}

#[on_both]
async fn two_deletions_at_once_leave_a_way_in(shop: Shop) {
    for round in 0..4 {
        let (mut visitor, first) = shop.member(&format!("robin-{round}")).await;
        let mut second = Authenticator::new();
        visitor.add(&mut second).await.expect_status(200);
        let account = shop.store.passkey(&first.id()).await.unwrap().unwrap().account;
        let (one, other) = (first.id(), second.id());
        let (one, other) = tokio::join!(
            shop.store.delete_passkey(account, &one, &[]),
            shop.store.delete_passkey(account, &other, &[]),
        );
        let mut outcomes = [one.unwrap(), other.unwrap()];
        outcomes.sort_by_key(|outcome| *outcome == Deletion::Needed);
        assert_eq!(outcomes, [Deletion::Deleted, Deletion::Needed]);
    }
}

#[on_both]
async fn the_last_use_is_kept_with_browser_and_backup_state(shop: Shop) {
    let (mut visitor, mut passkey) = (shop.visitor(), Authenticator::new());
    passkey.flags = UP | UV | BE;
    visitor.sign_up("robin", &mut passkey).await.expect_status(200);
    visitor.get("/account").await.expect_text("This device only").expect_text("This device</li>");
    visitor.add(&mut Authenticator::new()).await.expect_status(200);

    shop.clock.advance(10 * MINUTE);
    passkey.flags = UP | UV | BE | BS;
    let mut elsewhere = Visitor { user_agent: FIREFOX, ..shop.visitor() };
    elsewhere.sign_in(&mut passkey).await.expect_status(200);
    let page = elsewhere.get("/account").await;
    page.expect_text("with Firefox on Windows").expect_text("Synced");
}

const FIREFOX: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:153.0) Gecko/20100101 Firefox/153.0";

// ---------------------------------------------------------------- password

#[on_both]
async fn a_new_password_ends_the_other_sessions(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    let mut elsewhere = shop.visitor();
    elsewhere.sign_in_with_password("robin").await.expect_redirect("/cart");

    let change = [("action", "set"), ("password", "herons admire bicycles")];
    visitor.post("/account/password", &change).await.expect_redirect("/account");
    assert!(visitor.is_signed_in().await);
    assert!(!elsewhere.is_signed_in().await);
    elsewhere.sign_in_with_password("robin").await.expect_status(401);
    let new = [("username", "robin"), ("password", "herons admire bicycles")];
    elsewhere.post("/sign-in", &new).await.expect_redirect("/");
}

#[on_both]
async fn a_first_password_ends_no_session(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    let mut elsewhere = shop.visitor();
    elsewhere.sign_in(&mut passkey).await.expect_status(200);
    let set = [("action", "set"), ("password", PASSWORD)];
    visitor.post("/account/password", &set).await.expect_redirect("/account");
    assert!(elsewhere.is_signed_in().await);
    visitor.get("/account").await.expect_text("Your password is set.").expect_text("Password set");
}

#[on_both]
async fn a_new_password_is_judged_like_the_first(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    for (password, sentence) in [
        ("short", "at least 12 characters"),
        ("robinrobinrobin", "easily guessed"),
        (&*"ü".repeat(65), "at most 128 bytes"),
    ] {
        let fields = [("action", "set"), ("password", password)];
        let answer = visitor.post("/account/password", &fields).await.expect_status(422);
        answer.expect_text(sentence).expect_no_text(password);
    }
    visitor.get("/account").await.expect_text("no password");
}

#[on_both]
async fn a_password_can_be_removed_when_there_is_a_passkey(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    visitor.post("/account/password", &[("action", "set"), ("password", PASSWORD)]).await;
    visitor.post("/account/second-factor", &[("on", "yes")]).await.expect_redirect("/account");
    visitor.post("/account/password", &[("action", "remove")]).await.expect_redirect("/account");
    shop.visitor().sign_in_with_password("robin").await.expect_status(401);
    shop.visitor().sign_in(&mut passkey).await.expect_status(200);
    // Nobody switched the second factor off, and its owner still can.
    visitor.get("/account").await.expect_text("Switch the second factor off");
    visitor.get("/account/second-factor").await.expect_text("It is on.");
    visitor.post("/account/second-factor", &[("on", "no")]).await.expect_redirect("/account");
    let page =
        visitor.get("/account").await.expect_text("There is no password that could need one.");
    page.expect_text("The second factor is off.");
    visitor.post("/account/password", &[("action", "remove")]).await.expect_redirect("/account");
    visitor.get("/account").await.expect_text("There was no password to remove.");
}

// ---------------------------------------------------------------- second factor

/// An account with a password, a passkey and the second factor switched on.
async fn careful(shop: &Shop) -> (Visitor, Authenticator) {
    let (mut visitor, passkey) = shop.member("robin").await;
    visitor.post("/account/password", &[("action", "set"), ("password", PASSWORD)]).await;
    visitor.post("/account/second-factor", &[("on", "yes")]).await.expect_redirect("/account");
    (visitor, passkey)
}

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
async fn a_password_alone_opens_nothing(shop: Shop) {
    let (_, mut passkey) = careful(&shop).await;
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
    let (_, mut passkey) = careful(&shop).await;
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
    let (_, mut passkey) = careful(&shop).await;
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
    let (_, mut passkey) = careful(&shop).await;
    let mut visitor = shop.visitor();
    visitor.sign_in_with_password("robin").await;
    let options = visitor.proof_options().await.options();
    shop.clock.advance(STALE);
    visitor.finish_proof(&passkey.get(&options)).await.expect_refusal(400, "challenge_unknown");
    visitor.proof_options().await.expect_refusal(401, "sign_in_required");
    visitor.get("/second-factor?next=/cart").await.expect_redirect("/sign-in?next=/cart");
}

#[on_both]
async fn a_half_sign_in_signs_the_previous_account_out(shop: Shop) {
    careful(&shop).await;
    let (mut visitor, _) = shop.member("other").await;
    visitor.sign_in_with_password("robin").await.expect_redirect("/second-factor?next=/cart");
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn with_a_second_factor_the_password_proves_nothing(shop: Shop) {
    let (mut visitor, mut passkey) = careful(&shop).await;
    shop.clock.advance(STALE);
    visitor.get("/confirm").await.expect_status(200).expect_no_text("name=\"password\"");
    visitor.post("/confirm", &[("password", PASSWORD)]).await.expect_status(401);
    visitor.get("/account/password").await.expect_redirect("/confirm?next=/account/password");
    visitor.prove(&mut passkey).await.expect_status(200);
}

#[on_both]
async fn the_second_factors_last_passkey_stays(shop: Shop) {
    let (mut visitor, passkey) = careful(&shop).await;
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
    let (_, mut passkey) = careful(&shop).await;
    let answer = shop.visitor().sign_in(&mut passkey).await.expect_status(200);
    assert_eq!(answer.json()["done"]["username"], "robin");
}

// ---------------------------------------------------------------- recovery codes

/// The ten codes that the page shows, this once.
async fn recovery_codes(visitor: &mut Visitor) -> Vec<String> {
    let page = visitor.post("/account/recovery-codes", &[]).await.expect_status(200).body;
    let is_code = |word: &&str| word.len() == 29 && word.matches('-').count() == 5;
    let codes: Vec<_> =
        page.split(['<', '>', '\n', '"', ' ']).filter(is_code).map(str::to_owned).collect();
    assert_eq!(codes.len(), 10, "{page}");
    codes
}

#[on_both]
async fn a_recovery_code_signs_in_once(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    let codes = recovery_codes(&mut visitor).await;
    visitor.get("/account/recovery-codes").await.expect_no_text(&codes[0]);
    visitor.get("/account").await.expect_text("10 of 10 left");

    let mut lost = shop.visitor();
    let typed = codes[0].to_lowercase().replace('-', " ");
    let fields = [("username", "Robin"), ("code", typed.as_str()), ("next", "/checkout")];
    lost.post("/recover", &fields).await.expect_redirect("/account/passkeys/new?next=/checkout");
    lost.get("/account/passkeys/new").await.expect_status(200).expect_text("used up");
    lost.add(&mut Authenticator::new()).await.expect_status(200);
    lost.get("/account").await.expect_text("9 of 10 left").expect_text("With a recovery code");

    let answer = shop.visitor().post("/recover", &fields).await.expect_status(401);
    answer
        .expect_text("not a recovery code of this account")
        .expect_text("value=\"Robin\"")
        .expect_no_text(&typed);
}

#[on_both]
async fn of_two_who_use_a_recovery_code_one_gets_in(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    let codes = recovery_codes(&mut visitor).await;
    let fields = [("username", "robin"), ("code", codes[0].as_str())];
    let (mut one, mut other) = (shop.visitor(), shop.visitor());
    let (one, other) = tokio::join!(one.post("/recover", &fields), other.post("/recover", &fields));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 401]);
}

#[on_both]
async fn a_recovery_code_is_for_its_account(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    shop.member("other").await;
    let codes = recovery_codes(&mut visitor).await;
    for username in ["other", "nobody", "", "a b"] {
        let fields = [("username", username), ("code", codes[0].as_str())];
        shop.visitor()
            .post("/recover", &fields)
            .await
            .expect_status(401)
            .expect_text("That is not a recovery code of this account");
    }
    for code in ["", "7XK2-M9QW-TAB3-HG5R-4YPN-Z8CE", "-", &"x".repeat(5000)] {
        let fields = [("username", "robin"), ("code", code)];
        shop.visitor().post("/recover", &fields).await.expect_status(401);
    }
    assert_eq!(shop.store.recovery_codes_left(owner(&shop).await).await.unwrap(), 10);
}

#[on_both]
async fn new_recovery_codes_replace_the_old(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    let old = recovery_codes(&mut visitor).await;
    let new = recovery_codes(&mut visitor).await;
    let fields = |code: &str| [("username", "robin".to_owned()), ("code", code.to_owned())];
    for (code, status) in [(&old[0], 401), (&new[0], 303)] {
        let fields = fields(code);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        shop.visitor().post("/recover", &fields).await.expect_status(status);
    }
}

#[on_both]
async fn a_recovery_code_is_a_second_factor(shop: Shop) {
    let (mut visitor, _) = careful(&shop).await;
    let codes = recovery_codes(&mut visitor).await;
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

async fn owner(shop: &Shop) -> Uuid {
    shop.store.account_named("robin").await.unwrap().unwrap().id
}

// ---------------------------------------------------------------- sessions and events

#[on_both]
async fn an_ended_session_is_out_at_its_next_request(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    let mut elsewhere = Visitor { user_agent: FIREFOX, ..shop.visitor() };
    elsewhere.sign_in(&mut passkey).await.expect_status(200);
    let page =
        visitor.get("/account").await.expect_text("Firefox on Windows").expect_text("This session");
    let end = page
        .body
        .split("action=\"")
        .find(|part| part.starts_with("/account/sessions/") && !part.contains("end-others"));
    let end = end.unwrap().split('"').next().unwrap().to_owned();

    visitor.post(&end, &[]).await.expect_redirect("/account");
    assert!(!elsewhere.is_signed_in().await);
    assert!(visitor.is_signed_in().await);
    visitor.get("/account").await.expect_text("Ended a session of Firefox on Windows");
    visitor.post(&end, &[]).await.expect_status(404);
}

#[on_both]
async fn a_session_that_changed_its_id_can_still_be_ended(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    let mut elsewhere = Visitor { user_agent: FIREFOX, ..shop.visitor() };
    elsewhere.sign_in(&mut passkey).await.expect_status(200);
    let page = visitor.get("/account").await;
    let forms = page.body.split("action=\"/account/sessions/").skip(1);
    let ends: Vec<_> = forms
        .map(|form| format!("/account/sessions/{}", form.split('"').next().unwrap()))
        .collect();
    let before = elsewhere.cookie.clone();
    elsewhere.prove(&mut passkey).await.expect_status(200);
    assert_ne!(elsewhere.cookie, before);
    let end = ends.iter().find(|end| !end.contains("end-others")).unwrap();
    visitor.post(end, &[]).await.expect_redirect("/account");
    assert!(!elsewhere.is_signed_in().await && visitor.is_signed_in().await);
}

#[on_both]
async fn who_is_shut_out_while_sending_does_nothing_more(shop: Shop) {
    let posts = [
        "/account/recovery-codes",
        "/account/delete",
        "/account/sessions/end-others",
        "/account/name",
    ];
    for (round, path) in posts.into_iter().enumerate() {
        let name = format!("robin{round}");
        let (mut visitor, mut passkey) = shop.member(&name).await;
        let mut elsewhere = shop.visitor();
        elsewhere.sign_in(&mut passkey).await.expect_status(200);
        let (asked, is_asked) = oneshot::channel::<()>();
        let (send, rest) = oneshot::channel::<()>();
        // The store waits for this body, and meanwhile the session is ended.
        let body = stream::once(async move {
            asked.send(()).unwrap();
            rest.await.unwrap();
            Ok::<_, Infallible>("username=thief&display_name=Thief")
        });
        let headers = [
            ("accept", "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        let sending = elsewhere.send(Method::POST, path, &headers, Body::from_stream(body));
        let ending = async {
            is_asked.await.unwrap();
            visitor.post("/account/sessions/end-others", &[]).await.expect_redirect("/account");
            send.send(()).unwrap();
        };
        let (answer, ()) = join!(sending, ending);
        answer.expect_redirect("/sign-in?next=/account");
        let page = visitor.get("/account").await.expect_status(200);
        page.expect_text(&format!("Username: <!>{name}")).expect_text("You have none.");
    }
}

#[on_both]
async fn all_other_sessions_end_together(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    let (mut other, _) = shop.member("other").await;
    let mut elsewhere = [shop.visitor(), shop.visitor()];
    for session in &mut elsewhere {
        session.sign_in(&mut passkey).await.expect_status(200);
    }
    visitor.post("/account/sessions/end-others", &[]).await.expect_redirect("/account");
    for session in &mut elsewhere {
        assert!(!session.is_signed_in().await);
    }
    assert!(visitor.is_signed_in().await && other.is_signed_in().await);
}

#[on_both]
async fn what_happened_is_told_newest_first(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    for _ in 0..3 {
        shop.clock.advance(1000);
        let wrong = [("username", "robin"), ("password", "what it used to be")];
        shop.visitor().post("/sign-in", &wrong).await.expect_status(401);
    }
    shop.clock.advance(1000);
    visitor.add(&mut Authenticator::new()).await.expect_status(200);
    let events = shop.store.events_of(owner(&shop).await, "sign_in_failed").await.unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    // Failures of one hour are one event: nobody can fill the database with them.
    assert_eq!(kinds, ["passkey_added", "sign_in_failed", "signed_in", "account_created"]);
    visitor
        .get("/account")
        .await
        .expect_text("Failed sign-in with a password")
        .expect_text("Added a passkey");

    // But each way that failed is told.
    let wrong = [("username", "robin"), ("code", "7XK2")];
    shop.visitor().post("/recover", &wrong).await.expect_status(401);
    visitor.get("/account").await.expect_text("Failed sign-in with a recovery code");
}

#[on_both]
async fn strangers_cannot_push_events_out_of_sight(shop: Shop) {
    shop.member("robin").await;
    let account = owner(&shop).await;
    for hour in 0..100 {
        let event = NewEvent { kind: "sign_in_failed", detail: "with a password", browser: "" };
        let at = app::api::Instant(shop.clock.now().0 + hour * 60 * MINUTE);
        shop.store.record_failure(account, event, at).await.unwrap();
    }
    let events = shop.store.events_of(account, "sign_in_failed").await.unwrap();
    assert_eq!(events.len(), 22);
    assert_eq!(events.last().unwrap().kind, "account_created");
}

#[on_both]
async fn a_right_password_that_is_not_enough_is_told(shop: Shop) {
    let (mut visitor, mut passkey) = careful(&shop).await;
    visitor.sign_out_and_in("robin").await;
    visitor.prove(&mut passkey).await.expect_status(200);
    // A stranger does not hide behind what the owner did in the same hour.
    let mut stranger = Visitor { user_agent: FIREFOX, ..shop.visitor() };
    for _ in 0..3 {
        stranger.sign_in_with_password("robin").await;
    }
    let page = visitor.get("/account").await.body;
    assert_eq!(page.matches("Right password; the second factor was asked for").count(), 2);
}

#[on_both]
async fn failures_of_many_browsers_fill_no_database(shop: Shop) {
    shop.member("robin").await;
    let account = owner(&shop).await;
    let failures = async || {
        let events = shop.store.events_of(account, "").await.unwrap();
        events.iter().filter(|event| event.kind == "sign_in_failed").count()
    };
    for hour in 1..=2 {
        for browser in 0..30 {
            let browser = browser.to_string();
            let event =
                NewEvent { kind: "sign_in_failed", detail: "with a password", browser: &browser };
            shop.store.record_failure(account, event, shop.clock.now()).await.unwrap();
        }
        // Nor do they keep other failures out.
        let event =
            NewEvent { kind: "sign_in_failed", detail: "with a recovery code", browser: "" };
        shop.store.record_failure(account, event, shop.clock.now()).await.unwrap();
        assert_eq!(failures().await, hour * 4);
        shop.clock.advance(60 * MINUTE);
    }
}

#[on_both]
async fn a_proof_that_failed_is_told(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    visitor.post("/account/password", &[("action", "set"), ("password", PASSWORD)]).await;
    visitor.post("/confirm", &[("password", "what it used to be")]).await.expect_status(401);
    let options = visitor.proof_options().await.options();
    let mut unknown = Authenticator::new();
    unknown.create(&visitor.addition_options(false).await.options());
    visitor.finish_proof(&unknown.get(&options)).await.expect_refusal(404, "unknown_credential");
    let page = visitor.get("/account").await.expect_text("Failed sign-in with a password");
    page.expect_text("Failed sign-in with an unknown passkey");
}

#[on_both]
async fn a_refused_passkey_is_an_event_of_its_owner(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    passkey.flags = UP;
    shop.visitor().sign_in(&mut passkey).await.expect_refusal(400, "user_not_verified");
    visitor.get("/account").await.expect_text("Failed sign-in with a passkey");
}

#[on_both]
async fn events_are_kept_for_ninety_days(shop: Shop) {
    shop.member("robin").await;
    let account = owner(&shop).await;
    let now = shop.clock.now().0;
    shop.store.delete_expired(app::api::Instant(now + 90 * DAY)).await.unwrap();
    assert_eq!(shop.store.events_of(account, "sign_in_failed").await.unwrap().len(), 2);
    shop.store.delete_expired(app::api::Instant(now + 90 * DAY + 1)).await.unwrap();
    assert_eq!(shop.store.events_of(account, "sign_in_failed").await.unwrap().len(), 0);
}

// ---------------------------------------------------------------- the account

#[on_both]
async fn what_its_owner_changes_is_among_the_events(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    let mut second = Authenticator::new();
    visitor.add(&mut second).await.expect_status(200);
    let delete = format!("/account/passkeys/{}/delete", second.id());
    let changes = [
        (&*delete, vec![], "Deleted a passkey"),
        (
            "/account/name",
            vec![("username", "robin"), ("display_name", "R")],
            "Username or name changed",
        ),
        ("/account/password", vec![("action", "set"), ("password", PASSWORD)], "Password set"),
        (
            "/account/password",
            vec![("action", "set"), ("password", "nine other plovers")],
            "Password changed",
        ),
        ("/account/second-factor", vec![("on", "yes")], "Second factor switched on"),
        ("/account/second-factor", vec![("on", "no")], "Second factor switched off"),
        ("/account/automatic", vec![("on", "no")], "Automatic sign-in switched off"),
        ("/account/recovery-codes", vec![], "Recovery codes made"),
        ("/account/sessions/end-others", vec![], "All other sessions ended"),
        ("/account/password", vec![("action", "remove")], "Password removed"),
    ];
    for (path, fields, event) in changes {
        visitor.get("/account").await.expect_no_text(event);
        visitor.post(path, &fields).await;
        visitor.get("/account").await.expect_text(event);
    }
}

#[on_both]
async fn an_account_is_renamed(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    shop.member("taken").await;
    for (username, display_name, status, sentence) in [
        ("TAKEN", "Robin", 409, "That username is taken"),
        ("a b", "Robin", 422, "3 to 64 letters"),
        ("robin", " ", 422, "at most 64 characters"),
    ] {
        let fields = [("username", username), ("display_name", display_name)];
        let answer = visitor.post("/account/name", &fields).await.expect_status(status);
        answer.expect_text(sentence);
    }
    let fields = [("username", "Robin2"), ("display_name", "Robin the Second")];
    visitor.post("/account/name", &fields).await.expect_redirect("/account");
    visitor.get("/account").await.expect_text("Robin the Second").expect_text("Robin2");
    // Its own name in another spelling is not taken.
    let fields = [("username", "ROBIN2"), ("display_name", "Robin")];
    visitor.post("/account/name", &fields).await.expect_redirect("/account");
    let answer = shop.visitor().sign_in(&mut passkey).await;
    assert_eq!(answer.json()["done"]["username"], "ROBIN2");
}

#[on_both]
async fn a_deleted_account_leaves_its_orders_without_the_person(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    visitor.post("/cart", &[("slug", "door-mat"), ("quantity", "2"), ("action", "add")]).await;
    let placement = Uuid::new_v4().to_string();
    let fields = [
        ("placement", placement.as_str()),
        ("name", "Robin Goodfellow"),
        ("address", "A wood near Athens"),
    ];
    let order = visitor.post("/checkout", &fields).await;
    let number =
        order.headers["location"].to_str().unwrap().trim_start_matches("/orders/").to_owned();
    let mut elsewhere = shop.visitor();
    elsewhere.sign_in(&mut passkey).await.expect_status(200);

    visitor.post("/account/delete", &[]).await.expect_redirect("/goodbye");
    visitor.get("/goodbye").await.expect_status(200).expect_text("Your account is deleted");
    visitor.get("/goodbye").await.expect_no_text("Your account is deleted");
    assert!(!visitor.is_signed_in().await && !elsewhere.is_signed_in().await);
    shop.visitor().sign_in(&mut passkey).await.expect_refusal(404, "unknown_credential");
    assert!(!shop.store.username_taken("robin").await.unwrap());
    let kept = shop.column("SELECT delivery_name || delivery_address || COALESCE(account_id, 'nobody') FROM orders WHERE number = $1", &number).await;
    assert_eq!(kept, "nobody");
    shop.member("robin").await.0.get(&format!("/orders/{number}")).await.expect_status(404);
}

// ---------------------------------------------------------------- signals

fn signals(page: &str) -> Option<Value> {
    let told = island(page, "BrowserUpkeep").map(|props| props["upkeep"]["signals"].clone());
    told.filter(|signals| !signals.is_null())
}

/// What an island of the page was given.
fn island(page: &str, name: &str) -> Option<Value> {
    let tag = page.split("<leptos-island").find(|part| part.contains(name))?;
    let props = tag.split("data-props=\"").nth(1)?.split('"').next()?;
    serde_json::from_str(&props.replace("&quot;", "\"").replace("&amp;", "&")).ok()
}

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

// ---------------------------------------------------------------- getting people a passkey

fn offer(page: &str) -> Option<String> {
    Some(island(page, "PasskeyOffer")?["offer"].as_str()?.to_owned())
}

/// A passkey that the browser created by itself: nobody was present.
fn conditional() -> Authenticator {
    let mut passkey = Authenticator::new();
    passkey.flags = 0;
    passkey
}

#[on_both]
async fn after_a_password_the_browser_may_create_a_passkey(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    assert_eq!(offer(&visitor.get("/").await.body).as_deref(), Some("passkey"));
    visitor.sign_out_and_in("robin").await;
    assert_eq!(offer(&visitor.get("/cart").await.body).as_deref(), Some("automatic"));

    shop.clock.advance(1000);
    let options = visitor.addition_options(true).await.options();
    assert_eq!(options["authenticatorSelection"]["userVerification"], "preferred");
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    // Chromium refuses this one where user verification is not required.
    assert_eq!(options["extensions"].get("credentialProtectionPolicy"), None);
    let mut passkey = conditional();
    visitor.finish_addition(&passkey.create(&options)).await.expect_status(200);
    assert_eq!(offer(&visitor.get("/cart").await.body), None);

    visitor.get("/account").await.expect_text("Not yet");

    // To sign in with it, somebody has to be there.
    passkey.flags = 0;
    shop.visitor().sign_in(&mut passkey).await.expect_refusal(400, "user_not_present");
    passkey.flags = UP | UV;
    shop.visitor().sign_in(&mut passkey).await.expect_status(200);
}

#[on_both]
async fn it_is_tried_once_and_then_asked(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    visitor.sign_out_and_in("robin").await;
    visitor.addition_options(true).await.expect_status(200);
    assert_eq!(offer(&visitor.get("/").await.body).as_deref(), Some("passkey"));
    visitor.addition_options(true).await.expect_refusal(400, "ceremony_refused");
}

#[on_both]
async fn nobody_is_absent_from_a_ceremony_that_was_not_conditional(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    visitor.add(&mut conditional()).await.expect_refusal(400, "user_not_present");
    // And a passkey's sign-in starts none.
    let (mut member, _) = shop.member("other").await;
    member.addition_options(true).await.expect_refusal(400, "ceremony_refused");
    let mut stranger = shop.visitor();
    stranger.sign_up("third", &mut conditional()).await.expect_refusal(400, "user_not_present");
}

#[on_both]
async fn a_conditional_creation_is_verified_in_all_else(shop: Shop) {
    type Bend = fn(&mut Authenticator);
    let cases: [(&str, Bend); 6] = [
        ("wrong_origin", |passkey| passkey.origin = "https://evil.example".into()),
        ("wrong_relying_party", |passkey| passkey.rp_id = "evil.example".into()),
        ("wrong_type", |passkey| passkey.client_data_type = Some("webauthn.get")),
        ("backup_flags_wrong", |passkey| passkey.flags = BS),
        ("challenge_unknown", |passkey| passkey.challenge = Some("AAAA".into())),
        // Its flags are signed: what is not there cannot be overlooked.
        ("ceremony_refused", |passkey| passkey.attests = true),
    ];
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    for (code, bend) in cases {
        visitor.sign_out_and_in("robin").await;
        let options = visitor.addition_options(true).await.options();
        let mut passkey = conditional();
        bend(&mut passkey);
        visitor.finish_addition(&passkey.create(&options)).await.expect_refusal(400, code);
    }
    let account = owner(&shop).await;
    assert!(shop.store.passkeys_of(account).await.unwrap().is_empty());
}

#[on_both]
async fn somebody_may_be_present_at_a_conditional_creation(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    visitor.sign_out_and_in("robin").await;
    let options = visitor.addition_options(true).await.options();
    // Then nothing is overlooked, and a statement may say what it likes.
    let mut passkey = attested();
    passkey.flags = UP;
    visitor.finish_addition(&passkey.create(&options)).await.expect_status(200);
}

#[on_both]
async fn a_conditional_creation_belongs_to_session_and_account(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    visitor.sign_out_and_in("robin").await;
    let options = visitor.addition_options(true).await.options();
    let created = conditional().create(&options);
    let mut thief = shop.visitor();
    thief.sign_up_with_password("thief").await;
    thief.finish_addition(&created).await.expect_refusal(400, "challenge_unknown");
    visitor.post("/sign-out", &[]).await;
    visitor.finish_addition(&created).await.expect_refusal(401, "sign_in_required");
}

#[on_both]
async fn not_now_holds_for_thirty_days(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    visitor.post("/account/offer/dismiss", &[("next", "/cart")]).await.expect_redirect("/cart");
    assert_eq!(offer(&visitor.get("/").await.body), None);
    let mut elsewhere = Visitor { user_agent: FIREFOX, ..shop.visitor() };
    elsewhere.sign_in_with_password("robin").await;
    assert_eq!(offer(&elsewhere.get("/").await.body).as_deref(), Some("automatic_only"));
    elsewhere.addition_options(true).await.expect_status(200);
    assert_eq!(offer(&elsewhere.get("/").await.body), None);
    shop.clock.advance(30 * DAY - 1);
    elsewhere.sign_in_with_password("robin").await;
    assert_eq!(offer(&elsewhere.get("/").await.body).as_deref(), Some("automatic_only"));
    shop.clock.advance(1);
    elsewhere.sign_in_with_password("robin").await;
    assert_eq!(offer(&elsewhere.get("/").await.body).as_deref(), Some("automatic"));
}

#[on_both]
async fn after_another_devices_passkey_one_for_this_device_is_offered(shop: Shop) {
    let (mut visitor, mut phone) = shop.member("robin").await;
    assert_eq!(offer(&visitor.get("/").await.body), None, "just created");
    phone.attachment = "cross-platform";
    let mut elsewhere = Visitor { user_agent: FIREFOX, ..shop.visitor() };
    elsewhere.sign_in(&mut phone).await.expect_status(200);
    assert_eq!(offer(&elsewhere.get("/").await.body).as_deref(), Some("this_device"));

    let mut laptop = Authenticator::new();
    elsewhere.add(&mut laptop).await.expect_status(200);
    assert_eq!(offer(&elsewhere.get("/").await.body), None);
    // This browser has one now.
    elsewhere.sign_in(&mut phone).await.expect_status(200);
    assert_eq!(offer(&elsewhere.get("/").await.body), None);
    // After a password, its password manager may see for itself, and nobody is asked.
    elsewhere.post("/account/password", &[("action", "set"), ("password", PASSWORD)]).await;
    elsewhere.sign_in_with_password("robin").await;
    assert_eq!(offer(&elsewhere.get("/").await.body).as_deref(), Some("automatic_only"));
    elsewhere.addition_options(true).await.expect_status(200);
    assert_eq!(offer(&elsewhere.get("/").await.body), None);
}

// ---------------------------------------------------------------- attestation

/// A store that accepts attested models only.
fn picky(store: Store, models: &[Uuid]) -> Shop {
    let roots = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attestation");
    let attestation = Attestation::direct(&roots, models).unwrap();
    Shop::with(store, "http://localhost:3000", &[], attestation)
}

fn attested() -> Authenticator {
    let mut passkey = Authenticator::new();
    passkey.attests = true;
    passkey
}

#[on_both]
async fn a_trusted_model_is_verified(store: Store) {
    let shop = picky(store, &[]);
    let (mut visitor, mut passkey) = (shop.visitor(), attested());
    assert_eq!(visitor.sign_up_options("robin").await["attestation"], "direct");
    visitor.sign_up("robin", &mut passkey).await.expect_status(200);
    visitor.get("/account").await.expect_text("Verified model");
    shop.visitor().sign_in(&mut passkey).await.expect_status(200);
    // An unattested addition to the account is refused like an unattested sign-up.
    visitor.add(&mut Authenticator::new()).await.expect_refusal(400, "attestation_missing");
    visitor.add(&mut attested()).await.expect_status(200);
}

#[on_both]
async fn without_an_attestation_there_is_no_account(store: Store) {
    let shop = picky(store, &[]);
    let answer = shop.visitor().sign_up("robin", &mut Authenticator::new()).await;
    let refusal = answer.expect_refusal(400, "attestation_missing");
    assert!(refusal["message"].as_str().unwrap().contains("does not say what model"));
    assert!(!shop.store.username_taken("robin").await.unwrap());
}

#[on_both]
async fn a_model_of_an_unknown_maker_is_refused(store: Store) {
    let roots = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let others = Attestation::direct(&roots, &[]).unwrap();
    let shop = Shop::with(store, "http://localhost:3000", &[], others);
    let answer = shop.visitor().sign_up("robin", &mut attested()).await;
    let refusal = answer.expect_refusal(400, "attestation_untrusted");
    assert!(refusal["message"].as_str().unwrap().contains("does not know the maker"));
    assert!(!shop.store.username_taken("robin").await.unwrap());
}

#[on_both]
async fn an_altered_attestation_is_refused(store: Store) {
    let shop = picky(store, &[]);
    let (mut visitor, mut passkey) = (shop.visitor(), attested());
    let options = visitor.sign_up_options("robin").await;
    let mut created = passkey.create(&options);
    // Signed over other client data.
    let other = attested().create(&visitor.sign_up_options("robin").await);
    created["response"]["clientDataJSON"] = other["response"]["clientDataJSON"].clone();
    visitor.finish_sign_up(&created).await.expect_refusal(400, "attestation_invalid");
}

#[on_both]
async fn only_the_listed_models_are_accepted(store: Store) {
    let shop = picky(store, &[Uuid::from_bytes([7; 16])]);
    shop.visitor().sign_up("robin", &mut attested()).await.expect_status(200);
    let mut other = attested();
    other.aaguid = [8; 16];
    shop.visitor().sign_up("other", &mut other).await.expect_refusal(400, "model_not_accepted");
}

#[on_both]
async fn where_models_are_verified_nothing_is_created_by_itself(store: Store) {
    let shop = picky(store, &[]);
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    visitor.sign_out_and_in("robin").await;
    assert_eq!(offer(&visitor.get("/").await.body).as_deref(), Some("passkey"));
    visitor.addition_options(true).await.expect_refusal(400, "ceremony_refused");
}

#[on_both]
async fn by_default_no_model_is_asked_for_or_verified(shop: Shop) {
    let (mut visitor, mut passkey) = (shop.visitor(), attested());
    visitor.sign_up("robin", &mut passkey).await.expect_status(200);
    visitor.get("/account").await.expect_no_text("Verified model");
}

// ---------------------------------------------------------------- well-known

#[on_both]
async fn a_browser_that_never_heard_may_ask_whether_its_passkey_was_accepted(shop: Shop) {
    let (mut visitor, passkey) = shop.member("robin").await;
    for (id, known) in [(passkey.id(), true), ("AAAA".to_owned(), false)] {
        let answer = visitor.api("passkey/known", json!({ "credential_id": id })).await;
        assert_eq!(answer.expect_status(200).json(), json!(known));
    }
}

#[on_both]
async fn password_managers_find_their_way(shop: Shop) {
    let mut visitor = shop.visitor();
    let endpoints = visitor.get("/.well-known/passkey-endpoints").await.expect_status(200);
    assert_eq!(endpoints.headers["content-type"], "application/json");
    assert_eq!(
        endpoints.json(),
        json!({
            "enroll": "http://localhost:3000/account/passkeys/new",
            "manage": "http://localhost:3000/account",
        })
    );
    visitor
        .get("/.well-known/change-password")
        .await
        .expect_status(307)
        .expect_redirect("/account/password");
    let nowhere = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";
    visitor.get(nowhere).await.expect_status(404);
    let origins = visitor.get("/.well-known/webauthn").await.expect_status(200);
    assert_eq!(origins.headers["content-type"], "application/json");
    assert_eq!(origins.json(), json!({ "origins": ["http://localhost:3000"] }));
    assert_eq!(visitor.cookie, None);
}

#[on_both]
async fn related_origins_may_use_the_passkeys(store: Store) {
    let related = ["https://latchkey.example"];
    let shop = Shop::with(store, "https://store.example", &related, Attestation::None);
    let origins = shop.visitor().get("/.well-known/webauthn").await.json();
    assert_eq!(
        origins,
        json!({ "origins": ["https://store.example", "https://latchkey.example"] })
    );

    let mut passkey = Authenticator::new();
    (passkey.rp_id, passkey.origin) = ("store.example".into(), related[0].into());
    shop.visitor().sign_up("robin", &mut passkey).await.expect_status(200);
    shop.visitor().sign_in(&mut passkey).await.expect_status(200);
    let mut visitor = shop.visitor();
    visitor.sign_in(&mut passkey).await.expect_status(200);
    visitor.prove(&mut passkey).await.expect_status(200);
    passkey.origin = "https://other.example".into();
    shop.visitor().sign_in(&mut passkey).await.expect_refusal(400, "wrong_origin");
}
