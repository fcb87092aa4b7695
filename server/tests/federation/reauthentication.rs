//! A provider proves, before a change, that the account's owner is there.

use serde_json::json;

use crate::support::{
    on_both,
    provider::{Asked, BENT, Bend, drop_claim},
    time::{MINUTE, SECOND, STALE},
    town::{
        CHANGE, Town, UNAVAILABLE, UNVERIFIED, bring, come_back, leave, leave_by_form, nonce,
        token_for,
    },
    visitor::{PASSWORD, Visitor},
};

const SOMEBODY_ELSE: &str = "the provider did not ask you to sign in again";

/// Wants to change something, and is with the provider to prove it.
async fn to_prove(visitor: &mut Visitor) -> Asked {
    visitor.get(CHANGE).await.expect_redirect("/confirm?next=/account/password");
    leave_by_form(visitor, "/confirm/acorn", CHANGE).await
}

#[on_both]
async fn a_provider_proves_it_by_asking_again(town: Town) {
    let mut visitor = town.member("robin").await;
    town.shop.clock.advance(STALE);
    let page = visitor
        .get("/confirm?next=/account/password")
        .await
        .expect_text("Sign in with Acorn again");
    page.expect_no_text("Birch again");
    let asked = to_prove(&mut visitor).await;
    assert_eq!(asked.get("prompt"), Some("login"));
    assert_eq!(asked.get("max_age"), Some("0"));
    assert_eq!(asked.get("login_hint"), Some("robin"));
    let mut before = visitor.clone();
    let token = token_for(&town.acorn, "robin", &asked);
    come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_redirect(CHANGE);
    visitor.get(CHANGE).await.expect_status(200);
    assert!(!before.is_signed_in().await);
    town.shop.clock.advance(STALE);
    visitor.get(CHANGE).await.expect_redirect("/confirm?next=/account/password");
}

#[on_both]
async fn a_sign_in_that_the_provider_did_not_ask_for_proves_nothing(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    let path = "/federated/acorn?next=/account/password";
    let cases: [(Bend, bool); 3] = [
        (|token| drop_claim(token, "auth_time"), false),
        (
            |token| {
                let now = token.claims["iat"].as_i64().unwrap();
                token.claims["auth_time"] = (now - STALE / SECOND).into();
            },
            false,
        ),
        (|_| {}, true),
    ];
    for (bend, is_proof) in cases {
        let asked = leave(&mut visitor, path).await;
        let mut token = token_for(&town.acorn, "robin", &asked);
        bend(&mut token);
        come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_redirect(CHANGE);
        let page = visitor.get(CHANGE).await;
        match is_proof {
            true => page.expect_status(200),
            false => page.expect_redirect("/confirm?next=/account/password"),
        };
    }
    // The browser brings a token that is as old as it likes.
    let mut visitor = town.shop.visitor();
    let given = nonce(&mut visitor, "acorn").await;
    let mut token = town.acorn.token("robin", &given);
    drop_claim(&mut token, "auth_time");
    let token = town.acorn.sign(&token);
    bring(&mut visitor, "acorn", &given, &token).await.expect_status(200);
    visitor.get(CHANGE).await.expect_redirect("/confirm?next=/account/password");
}

#[on_both]
async fn a_provider_that_did_not_ask_again_proves_nothing(town: Town) {
    let mut visitor = town.member("robin").await;
    town.member("other").await;
    town.shop.clock.advance(STALE);
    let cases: [(&str, Bend); 4] = [
        ("without a time", |token| drop_claim(token, "auth_time")),
        ("long ago", |token| {
            let now = token.claims["iat"].as_i64().unwrap();
            token.claims["auth_time"] = (now - STALE / SECOND).into();
        }),
        ("another account's", |token| token.claims["sub"] = "subject of other".into()),
        ("nobody's", |token| token.claims["sub"] = "subject of nobody".into()),
    ];
    for (name, bend) in cases {
        let asked = to_prove(&mut visitor).await;
        let mut token = token_for(&town.acorn, "robin", &asked);
        bend(&mut token);
        let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
        assert_eq!(answer.status, 400, "{name}");
        let answer = answer.expect_text(SOMEBODY_ELSE).expect_text("Confirm that it is you");
        answer.expect_text("name=\"next\" value=\"/account/password\"");
    }
    for (name, bend) in BENT {
        let asked = to_prove(&mut visitor).await;
        let mut token = token_for(&town.acorn, "robin", &asked);
        bend(&mut token);
        let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
        assert_eq!(answer.status, 400, "{name}");
        answer.expect_text(UNVERIFIED);
    }
    visitor.get(CHANGE).await.expect_redirect("/confirm?next=/account/password");
    visitor
        .get("/account")
        .await
        .expect_text("Username: <!>robin")
        .expect_text("Failed sign-in with Acorn");
}

#[on_both]
async fn a_sign_in_with_the_provider_is_taken_for_no_proof_of_another_account(town: Town) {
    let (mut visitor, _) = town.shop.member("robin").await;
    // It vouches for nobody here.
    visitor.post("/confirm/acorn", &[("next", CHANGE)]).await.expect_status(404);
    town.shop.visitor().post("/confirm/acorn", &[]).await.expect_redirect("/sign-in?next=/account");

    let mut visitor = town.member("other").await;
    let (_, mut passkey) = town.shop.member("third").await;
    town.shop.clock.advance(STALE);
    let asked = to_prove(&mut visitor).await;
    visitor.sign_in(&mut passkey).await.expect_status(200);
    town.shop.clock.advance(STALE);
    let token = token_for(&town.acorn, "other", &asked);
    come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_status(400);
    visitor.get(CHANGE).await.expect_redirect("/confirm?next=/account/password");
}

#[on_both]
async fn with_a_second_factor_a_provider_proves_nothing(town: Town) {
    let (mut visitor, mut passkey) = town.careful("robin").await;
    visitor.post("/account/second-factor", &[("on", "no")]).await.expect_redirect("/account");
    let mut elsewhere = town.shop.visitor();
    elsewhere.sign_in(&mut passkey).await.expect_status(200);
    town.shop.clock.advance(STALE);
    let asked = to_prove(&mut visitor).await;
    // Switched on meanwhile.
    elsewhere.prove(&mut passkey).await.expect_status(200);
    elsewhere.post("/account/second-factor", &[("on", "yes")]).await.expect_redirect("/account");
    let token = token_for(&town.acorn, "robin", &asked);
    come_back(&mut visitor, &town.acorn, &asked, &token)
        .await
        .expect_status(400)
        .expect_text(SOMEBODY_ELSE);
    visitor.get("/confirm").await.expect_status(200).expect_no_text("Acorn again");
    visitor.post("/confirm/acorn", &[("next", CHANGE)]).await.expect_status(404);
    visitor.get(CHANGE).await.expect_redirect("/confirm?next=/account/password");
}

#[on_both]
async fn a_provider_that_is_down_or_declined_leaves_the_other_proofs(town: Town) {
    let mut town = town;
    let mut visitor = town.member("robin").await;
    visitor
        .post(CHANGE, &[("action", "set"), ("password", PASSWORD)])
        .await
        .expect_redirect("/account");
    town.shop.clock.advance(STALE);
    let asked = to_prove(&mut visitor).await;
    let path = format!("/federated/acorn/callback?error=access_denied&state={}", asked.state());
    let page = visitor.get(&path).await.expect_status(400).expect_text("declined or cancelled");
    page.expect_text("name=\"password\"").expect_text("value=\"/account/password\"");
    // What it published is to be asked for again by now.
    town.shop.clock.advance(60 * MINUTE);
    town.acorn.close().await;
    town.acorn.books().discovery = Some((503, json!("")));
    let page = visitor.post("/confirm/acorn", &[("next", CHANGE)]).await.expect_status(502);
    page.expect_text(UNAVAILABLE)
        .expect_text("name=\"password\"")
        .expect_text("value=\"/account/password\"");
}
