//! A provider that the browser remembers signs in without being asked.

use axum::{body::Body, http::Method};
use serde_json::Value;

use crate::support::{
    on_both,
    town::{
        CHANGE, LINK, REVIEW, Town, add_to_cart, by_itself, come_back, leave_by_itself, through,
        token_for,
    },
    visitor::{Answer, PASSWORD, Visitor},
};

/// Nothing is to be seen of it, and it is not tried again.
async fn expect_silence(visitor: &mut Visitor, answer: Answer) {
    assert!(
        answer.by_hand().is_some_and(|cookie| !cookie.contains("Max-Age=0")),
        "{:?}",
        answer.headers
    );
    answer.expect_redirect("/cart");
    expect_nothing_said(visitor).await;
}

/// The same where the provider was not even asked.
async fn expect_refused(visitor: &mut Visitor, answer: Answer, status: u16, code: &str) {
    assert!(answer.by_hand().is_some_and(|cookie| !cookie.contains("Max-Age=0")));
    answer.expect_refusal(status, code);
    expect_nothing_said(visitor).await;
}

async fn expect_nothing_said(visitor: &mut Visitor) {
    let page = visitor.get("/cart").await.expect_status(200);
    page.expect_no_text("role=\"alert\"")
        .expect_no_text("class=\"notice\"")
        .expect_no_text("Signed in as");
    assert!(visitor.by_hand);
}

#[on_both]
async fn a_provider_that_the_browser_remembers_signs_in_by_itself(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    add_to_cart(&mut visitor, "2").await;
    let asked = leave_by_itself(&mut visitor, &town.acorn).await;
    assert_eq!((asked.get("prompt"), asked.get("login_hint")), (Some("none"), Some("robin")));
    let token = token_for(&town.acorn, "robin", &asked);
    let answer =
        come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_redirect("/cart");
    assert_eq!(answer.headers["set-login"], "logged-in");
    let page = visitor.get("/cart").await.expect_text("Signed in as Robin.").expect_text("Undo");
    page.expect_text("door-mat");
    visitor.get("/cart").await.expect_no_text("Signed in as").expect_no_text("Undo");
    visitor.get("/account").await.expect_text("Automatically, with Acorn");
}

#[on_both]
async fn a_sign_in_that_nobody_asked_for_proves_nothing(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    let asked = leave_by_itself(&mut visitor, &town.acorn).await;
    let token = token_for(&town.acorn, "robin", &asked);
    come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_redirect("/cart");
    let unlink = town.unlink("robin").await;
    for path in ["/account/password", "/account/delete", "/account/recovery-codes", &unlink] {
        let confirm = format!("/confirm?next={path}");
        visitor.get(path).await.expect_redirect(&confirm);
        visitor.post(path, &[("action", "remove")]).await.expect_redirect(&confirm);
    }
    visitor.post(LINK, &[]).await.expect_redirect(&format!("/confirm?next={LINK}"));
    visitor.addition_options(false).await.expect_refusal(403, "proof_required");
    assert!(town.has_account("robin").await);
}

#[on_both]
async fn a_stranger_is_not_asked_for_a_username_out_of_nowhere(town: Town) {
    let mut visitor = town.shop.visitor();
    let asked = leave_by_itself(&mut visitor, &town.acorn).await;
    let token = token_for(&town.acorn, "robin", &asked);
    let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
    expect_silence(&mut visitor, answer).await;
    visitor.get("/sign-up/provider").await.expect_redirect("/sign-in?next=/");
}

#[on_both]
async fn a_second_factor_is_not_asked_for_out_of_nowhere(town: Town) {
    town.careful("robin").await;
    let mut visitor = town.shop.visitor();
    let asked = leave_by_itself(&mut visitor, &town.acorn).await;
    let token = token_for(&town.acorn, "robin", &asked);
    let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
    expect_silence(&mut visitor, answer).await;
    visitor.get("/second-factor").await.expect_redirect("/sign-in?next=/");
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn an_account_that_does_not_want_it_is_not_signed_in(town: Town) {
    let mut owner = town.member("robin").await;
    owner.post("/account/automatic", &[("on", "no")]).await.expect_redirect("/account");
    let mut visitor = town.shop.visitor();
    let asked = leave_by_itself(&mut visitor, &town.acorn).await;
    let token = token_for(&town.acorn, "robin", &asked);
    let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
    expect_silence(&mut visitor, answer).await;
    assert!(!visitor.is_signed_in().await);
    // And by hand it works as ever.
    let answer =
        through(&mut visitor, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
    assert!(answer.by_hand().unwrap().contains("Max-Age=0"));
}

#[on_both]
async fn where_it_is_off_no_provider_is_asked(town: Town) {
    town.member("robin").await;
    let off = town.shop.changed(|config| config.automatic = false).await;
    let mut visitor = off.visitor();
    let answer = by_itself(&mut visitor, &town.acorn).await;
    expect_refused(&mut visitor, answer, 403, "not_automatic").await;

    let mut visitor = town.shop.visitor();
    visitor.by_hand = true;
    let answer = by_itself(&mut visitor, &town.acorn).await;
    expect_refused(&mut visitor, answer, 403, "not_automatic").await;
    assert!(!visitor.is_signed_in().await);

    let mut visitor = town.shop.visitor();
    through(&mut visitor, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
    let answer = by_itself(&mut visitor, &town.acorn).await;
    answer.expect_refusal(403, "not_automatic");
    visitor.get("/account").await.expect_text("With Acorn");
}

#[on_both]
async fn who_signed_out_meanwhile_stays_signed_out(town: Town) {
    let mut member = town.member("robin").await;
    let mut visitor = town.shop.visitor();
    let asked = leave_by_itself(&mut visitor, &town.acorn).await;
    // In another tab.
    visitor.by_hand = member.sign_out().await.by_hand().is_some();
    let token = token_for(&town.acorn, "robin", &asked);
    let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
    expect_silence(&mut visitor, answer).await;
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn nobody_hears_of_what_another_tab_was_faster_with(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    let (first, second) = (
        leave_by_itself(&mut visitor, &town.acorn).await,
        leave_by_itself(&mut visitor, &town.acorn).await,
    );
    let token = token_for(&town.acorn, "robin", &first);
    come_back(&mut visitor, &town.acorn, &first, &token).await.expect_redirect("/cart");
    // Its session has a new id, and nothing waits for the second answer any more.
    let token = token_for(&town.acorn, "robin", &second);
    let answer = come_back(&mut visitor, &town.acorn, &second, &token).await;
    assert_eq!(answer.by_hand(), None);
    answer.expect_redirect("/");
    assert!(visitor.is_signed_in().await);

    // In a browser where nobody is signed in, it is tried again in an hour.
    let mut stranger = town.shop.visitor();
    let answer = come_back(&mut stranger, &town.acorn, &second, &token).await;
    assert!(answer.by_hand().unwrap().starts_with("latchkey-by-hand=0; Path=/; Max-Age=3600;"));
    answer.expect_redirect("/");

    // Who signed out meanwhile does so for longer.
    visitor.sign_out().await;
    assert!(visitor.by_hand);
    let answer = come_back(&mut visitor, &town.acorn, &second, &token).await;
    assert_eq!(answer.by_hand(), None);
    answer.expect_redirect("/");
}

#[on_both]
async fn a_new_password_lets_no_browser_come_back_with_its_provider(town: Town) {
    let mut owner = town.member("robin").await;
    let password = |password| [("action", "set"), ("password", password)];
    owner.post(CHANGE, &password(PASSWORD)).await.expect_redirect("/account");
    owner.get("/account").await.expect_text("remembers your provider, may sign you in");
    let mut elsewhere = town.shop.visitor();
    through(&mut elsewhere, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
    owner.post(CHANGE, &password("herons prefer galoshes")).await.expect_redirect(REVIEW);
    let page = owner.get("/account").await.expect_text("All other sessions have ended.");
    page.expect_text("Automatic sign-in is off now");
    owner.post(CHANGE, &password("wrens avoid tambourines")).await.expect_redirect(REVIEW);
    owner
        .get("/account")
        .await
        .expect_text("All other sessions have ended.")
        .expect_no_text("is off now");

    let asked = leave_by_itself(&mut elsewhere, &town.acorn).await;
    let token = token_for(&town.acorn, "robin", &asked);
    let answer = come_back(&mut elsewhere, &town.acorn, &asked, &token).await;
    expect_silence(&mut elsewhere, answer).await;
    assert!(!elsewhere.is_signed_in().await);
}

#[on_both]
async fn the_account_page_says_what_signs_in_by_itself(town: Town) {
    let mut visitor = town.member("robin").await;
    visitor
        .get("/account")
        .await
        .expect_text("a browser that remembers your provider may sign you in");
    // With a second factor nothing does.
    let (mut visitor, _) = town.careful("careful").await;
    visitor.get("/account").await.expect_text("Second factor").expect_no_text("may sign you in");
}

#[on_both]
async fn nobody_hears_of_a_provider_that_was_not_to_be_asked(town: Town) {
    let mut town = town;
    town.member("robin").await;
    for error in ["login_required", "interaction_required", "access_denied"] {
        let mut visitor = town.shop.visitor();
        let asked = leave_by_itself(&mut visitor, &town.acorn).await;
        let path = format!("/federated/acorn/callback?error={error}&state={}", asked.state());
        let answer = visitor.get(&path).await;
        expect_silence(&mut visitor, answer).await;
    }
    let mut visitor = town.shop.visitor();
    let asked = leave_by_itself(&mut visitor, &town.acorn).await;
    let mut token = token_for(&town.acorn, "robin", &asked);
    token.claims["nonce"] = Value::Null;
    let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
    expect_silence(&mut visitor, answer).await;

    town.birch.close().await;
    let mut visitor = town.shop.visitor();
    let answer = by_itself(&mut visitor, &town.birch).await;
    // That will pass: in an hour it is tried again, and the browser is told nothing.
    assert!(answer.by_hand().unwrap().starts_with("latchkey-by-hand=0; Path=/; Max-Age=3600;"));
    expect_refused(&mut visitor, answer, 502, "provider_unavailable").await;
    let cookie = ("cookie", "latchkey-by-hand=0");
    let page = visitor.send(Method::GET, "/", &[cookie], Body::empty()).await;
    page.expect_text("</html>").expect_no_text("BrowserUpkeep");
}
