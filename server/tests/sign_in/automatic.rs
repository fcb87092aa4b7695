//! Signing in with a saved password without being asked.

use serde_json::json;

use crate::support::{
    on_both,
    saved::{by_itself, expect_nothing_told, expect_refused, expect_signed_out, saved},
    visitor::{OTHER_PASSWORD, PASSWORD, Shop},
};

const UNDO: &str = "/sign-out/undo";

#[on_both]
async fn a_saved_password_signs_in_by_itself_and_says_so_once(shop: Shop) {
    shop.member_with_password("robin").await;
    let mut visitor = shop.visitor();
    visitor.post("/cart", &[("slug", "door-mat"), ("quantity", "2"), ("action", "add")]).await;
    let answer = by_itself(&mut visitor, PASSWORD).await.expect_status(200);
    assert_eq!(answer.headers["set-login"], "logged-in");
    assert_eq!(answer.by_hand(), None);
    let name = json!({ "username": "robin", "display_name": "Robin" });
    assert_eq!(answer.json(), json!({ "to": "/orders", "name": name }));
    let page =
        visitor.get("/cart").await.expect_text("Signed in as Robin.").expect_text("door-mat");
    page.expect_text(
        "<form method=\"post\" action=\"/sign-out/undo\"><button class=\"quiet\">Undo",
    );
    visitor.get("/cart").await.expect_no_text("Signed in as").expect_no_text("Undo");
    visitor.get("/account").await.expect_text("Automatically, with the saved password");

    // Undone.
    expect_signed_out(&visitor.sign_out().await);
    expect_refused(&mut visitor, PASSWORD, 403, "not_automatic").await;
}

#[on_both]
async fn an_automatic_sign_in_tells_of_the_cart_and_gives_it_back(shop: Shop) {
    const TOLD: &str = "Signed in as Robin. What was in your cart is in this account’s cart now.";
    let mut owner = shop.member_with_password("robin").await;
    let add = |slug, quantity| [("slug", slug), ("quantity", quantity), ("action", "add")];
    owner.post("/cart", &add("door-mat", "3")).await;
    let mut visitor = shop.visitor();
    visitor.post("/cart", &add("door-mat", "2")).await;
    visitor.post("/cart", &add("lantern", "1")).await;
    by_itself(&mut visitor, PASSWORD).await.expect_status(200);
    let before = visitor.cookie.clone();
    visitor.get("/cart").await.expect_text(TOLD).expect_text("with pieces: </span>6");

    let answer = visitor.post(UNDO, &[]).await.expect_redirect("/");
    expect_signed_out(&answer);
    assert_ne!(visitor.cookie, before);
    assert!(!visitor.is_signed_in().await);
    let page = visitor.get("/cart").await.expect_text("with pieces: </span>3");
    page.expect_text("/products/lantern").expect_text("/products/door-mat");
    owner
        .get("/cart")
        .await
        .expect_text("with pieces: </span>3")
        .expect_no_text("/products/lantern");
    // Whoever signs in after all has it once.
    visitor.sign_in_with_password("robin").await.expect_redirect("/cart");
    visitor.get("/cart").await.expect_text("with pieces: </span>6");
    // Who signs out by hand has asked for nothing to be undone.
    visitor.sign_out().await;
    visitor.get("/cart").await.expect_text("nothing in it yet");
}

#[on_both]
async fn nothing_is_undone_twice_or_for_a_stranger(shop: Shop) {
    shop.member_with_password("robin").await;
    let mut visitor = shop.visitor();
    by_itself(&mut visitor, PASSWORD).await.expect_status(200);
    visitor.get("/cart").await.expect_text("Signed in as Robin.").expect_no_text("in your cart");
    let mut tab = visitor.clone();
    for visitor in [&mut visitor, &mut tab, &mut shop.visitor()] {
        visitor.post(UNDO, &[]).await.expect_redirect("/");
    }
    assert_eq!(shop.sessions().await, 1, "that of the sign-up");
}

#[on_both]
async fn a_sign_in_that_nobody_asked_for_proves_nothing(shop: Shop) {
    shop.member_with_password("robin").await;
    let mut visitor = shop.visitor();
    by_itself(&mut visitor, PASSWORD).await.expect_status(200);
    for path in [
        "/account/password",
        "/account/second-factor",
        "/account/recovery-codes",
        "/account/delete",
    ] {
        let confirm = format!("/confirm?next={path}");
        visitor.get(path).await.expect_redirect(&confirm);
        visitor.post(path, &[("action", "remove"), ("on", "no")]).await.expect_redirect(&confirm);
    }
    visitor.addition_options(false).await.expect_refusal(403, "proof_required");
    visitor.addition_options(true).await.expect_refusal(403, "proof_required");
    // Who sits there and knows the password can go on.
    let fields = [("password", PASSWORD), ("next", "/account/password")];
    visitor.post("/confirm", &fields).await.expect_redirect("/account/password");
    visitor.get("/account/password").await.expect_status(200);
}

#[on_both]
async fn no_proof_is_left_over_from_before(shop: Shop) {
    let mut visitor = shop.member_with_password("robin").await;
    visitor.get("/account/password").await.expect_status(200);
    visitor.sign_out().await;
    visitor.by_hand = false;
    by_itself(&mut visitor, PASSWORD).await.expect_status(200);
    visitor.get("/account/password").await.expect_redirect("/confirm?next=/account/password");
}

#[on_both]
async fn a_wrong_password_is_not_tried_again(shop: Shop) {
    shop.member_with_password("robin").await;
    let mut visitor = shop.visitor();
    expect_refused(&mut visitor, OTHER_PASSWORD, 401, "wrong_password").await;
    // Not even the right one.
    expect_refused(&mut visitor, PASSWORD, 403, "not_automatic").await;
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn a_second_factor_is_not_asked_for_out_of_nowhere(shop: Shop) {
    shop.careful("robin").await;
    let mut visitor = shop.visitor();
    expect_refused(&mut visitor, PASSWORD, 403, "not_automatic").await;
    visitor.get("/second-factor").await.expect_redirect("/sign-in?next=/");
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn guessing_a_password_this_way_is_told_to_its_owner(shop: Shop) {
    let (mut owner, _) = shop.careful("robin").await;
    let event = "Right password; automatic sign-in was refused";
    owner.get("/account").await.expect_no_text(event);
    expect_refused(&mut shop.visitor(), PASSWORD, 403, "not_automatic").await;
    owner.get("/account").await.expect_text(event);
}

#[on_both]
async fn the_second_factor_is_not_bypassed_automatically(shop: Shop) {
    shop.careful("robin").await;
    shop.member_with_password("other").await;
    let mut visitor = shop.visitor();
    visitor.sign_in_with_password("robin").await.expect_redirect("/second-factor?next=/cart");
    let fields = [("username", "other"), ("password", PASSWORD), ("automatic", "yes")];
    visitor.post_by_script("/sign-in", &fields).await.expect_refusal(403, "not_automatic");
    visitor.get("/second-factor").await.expect_status(200);
}

#[on_both]
async fn its_owner_can_switch_it_off(shop: Shop) {
    let mut owner = shop.member_with_password("robin").await;
    owner.get("/account").await.expect_text("Switch automatic sign-in off");
    owner.post("/account/automatic", &[("on", "no")]).await.expect_redirect("/account");
    let page = owner.get("/account").await.expect_text("Automatic sign-in is off.");
    page.expect_text("Switch automatic sign-in on").expect_text("Automatic sign-in switched off");
    let mut visitor = shop.visitor();
    expect_refused(&mut visitor, PASSWORD, 403, "not_automatic").await;
    assert!(!visitor.is_signed_in().await);

    owner.post("/account/automatic", &[("on", "yes")]).await.expect_redirect("/account");
    by_itself(&mut shop.visitor(), PASSWORD).await.expect_status(200);
    owner.post("/account/automatic", &[("on", "maybe")]).await.expect_status(400);
    owner.get("/account/automatic").await.expect_redirect("/account");
    shop.visitor()
        .post("/account/automatic", &[("on", "yes")])
        .await
        .expect_redirect("/sign-in?next=/account");
}

#[on_both]
async fn a_shop_can_do_without(shop: Shop) {
    let off = shop.changed(|config| config.automatic = false).await;
    let mut owner = off.member_with_password("robin").await;
    owner.get("/account").await.expect_no_text("utomatic sign-in");
    let mut visitor = off.visitor();
    expect_refused(&mut visitor, PASSWORD, 403, "not_automatic").await;
    // A password that somebody chose signs in.
    visitor.post_by_script("/sign-in", &saved(PASSWORD)).await.expect_status(200);
}

#[on_both]
async fn who_is_signed_in_stays_who_they_are(shop: Shop) {
    shop.member_with_password("robin").await;
    let mut visitor = shop.member_with_password("other").await;
    // As in a second tab: no reason to sign in by hand from now on.
    let answer = by_itself(&mut visitor, PASSWORD).await;
    assert!(answer.by_hand().is_none());
    answer.expect_refusal(403, "not_automatic");
    visitor.get("/account").await.expect_text("Username: <!>other");
}

#[on_both]
async fn pages_ask_the_browser_only_where_it_may_sign_in(shop: Shop) {
    // The page's script is told; nobody sees it.
    let asks = |page: &str| {
        page.contains("automatic&quot;:[")
            || page.contains("automatic\\\":[")
            || page.contains("automatic\":[")
    };
    let mut visitor = shop.visitor();
    assert!(asks(&visitor.get("/").await.body));
    assert!(!asks(&visitor.get("/sign-in").await.body));
    visitor.by_hand = true;
    assert!(!asks(&visitor.get("/").await.body));
    assert!(!asks(&shop.member_with_password("robin").await.get("/").await.body));
    let off = shop.changed(|config| config.automatic = false).await;
    assert!(!asks(&off.visitor().get("/").await.body));
    // And looking at a page leaves nothing behind.
    expect_nothing_told(&shop.visitor().get("/").await);
}

#[on_both]
async fn who_ends_a_session_ends_its_way_back(shop: Shop) {
    const OFF: &str = "Automatic sign-in is off now, so that no browser comes back by itself.";
    let mut owner = shop.member_with_password("robin").await;
    let mut elsewhere = shop.visitor();
    by_itself(&mut elsewhere, PASSWORD).await.expect_status(200);
    let page = owner.get("/account").await.body;
    let end = page
        .split("action=\"")
        .find(|part| part.starts_with("/account/sessions/") && part.contains("/end\""))
        .unwrap();
    owner.post(end.split('"').next().unwrap(), &[]).await.expect_redirect("/account");
    let page = owner.get("/account").await.expect_text("That session has ended.").expect_text(OFF);
    page.expect_text("Switch automatic sign-in on");
    assert!(!elsewhere.is_signed_in().await);
    expect_refused(&mut elsewhere, PASSWORD, 403, "not_automatic").await;

    // All others at once.
    owner.post("/account/automatic", &[("on", "yes")]).await;
    let mut elsewhere = shop.visitor();
    by_itself(&mut elsewhere, PASSWORD).await.expect_status(200);
    owner.post("/account/sessions/end-others", &[]).await.expect_redirect("/account");
    owner.get("/account").await.expect_text("All other sessions have ended.").expect_text(OFF);
    expect_refused(&mut elsewhere, PASSWORD, 403, "not_automatic").await;
    // What is off already is not said again.
    owner.post("/account/sessions/end-others", &[]).await;
    owner.get("/account").await.expect_text("All other sessions have ended.").expect_no_text(OFF);
    assert!(owner.is_signed_in().await);
}

#[on_both]
async fn an_account_without_a_password_hears_nothing_of_it(shop: Shop) {
    let (mut owner, mut passkey) = shop.member("robin").await;
    shop.visitor().sign_in(&mut passkey).await.expect_status(200);
    owner.post("/account/sessions/end-others", &[]).await.expect_redirect("/account");
    owner
        .get("/account")
        .await
        .expect_text("All other sessions have ended.")
        .expect_no_text("no browser comes back");
}

#[on_both]
async fn a_password_that_is_changed_signs_nobody_in_by_itself(shop: Shop) {
    let mut owner = shop.member_with_password("robin").await;
    let mut elsewhere = shop.visitor();
    by_itself(&mut elsewhere, PASSWORD).await.expect_status(200);
    let change = [("action", "set"), ("password", OTHER_PASSWORD)];
    owner.post("/account/password", &change).await.expect_redirect("/account/review");
    assert!(!elsewhere.is_signed_in().await);
    expect_refused(&mut elsewhere, PASSWORD, 401, "wrong_password").await;
}
