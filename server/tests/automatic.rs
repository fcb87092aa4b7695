//! Saved passwords: how the pages' own script posts them, signing in without being asked, and
//! what a browser is told when somebody signs in or out. Through the real router.

use serde_json::json;

use crate::support::{
    authenticator::Authenticator,
    on_both,
    visitor::{Answer, PASSWORD, Shop, Visitor},
};

const OTHER_PASSWORD: &str = "herons prefer galoshes";

/// An account with a password.
async fn member(shop: &Shop, username: &str) -> Visitor {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password(username).await.expect_redirect("/");
    visitor.get("/cart").await;
    visitor
}

/// The same with a passkey and the second factor.
async fn careful(shop: &Shop, username: &str) -> (Visitor, Authenticator) {
    let (mut visitor, mut passkey) = (member(shop, username).await, Authenticator::new());
    visitor.add(&mut passkey).await.expect_status(200);
    visitor.post("/account/second-factor", &[("on", "yes")]).await.expect_redirect("/account");
    (visitor, passkey)
}

fn saved(password: &str) -> [(&str, &str); 3] {
    [("username", "robin"), ("password", password), ("next", "/orders")]
}

/// What the page's script posts when the browser has brought a password that nobody chose.
async fn by_itself(visitor: &mut Visitor, password: &str) -> Answer {
    let fields = [&saved(password)[..], &[("automatic", "yes")]].concat();
    visitor.post_by_script("/sign-in", &fields).await
}

/// It is refused, nothing is to be seen of it, and it is not tried again.
async fn expect_refused(visitor: &mut Visitor, password: &str, status: u16, code: &str) {
    let answer = by_itself(visitor, password).await;
    let cookie = answer.by_hand().expect("no cookie").to_owned();
    assert!(cookie.contains("=1; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax"), "{cookie}");
    assert!(!answer.headers.contains_key("set-login"));
    answer.expect_refusal(status, code);
    assert!(visitor.by_hand);
    let page = visitor.get("/cart").await.expect_status(200);
    page.expect_no_text("Signed in as").expect_no_text("role=\"alert\"");
}

/// The browser is told that somebody has signed out here.
#[track_caller]
fn expect_signed_out(answer: &Answer) {
    assert_eq!(answer.headers["set-login"], "logged-out");
    let cleared = &answer.headers["clear-site-data"];
    assert_eq!(cleared, "\"storage\", \"prefetchCache\", \"prerenderCache\"");
    let cookie = answer.by_hand().unwrap();
    assert!(
        cookie.starts_with("latchkey-by-hand=1;") && cookie.contains("Max-Age=34560000"),
        "{cookie}"
    );
}

/// Nobody has signed in or out.
#[track_caller]
fn expect_nothing_told(answer: &Answer) {
    assert!(!answer.headers.contains_key("set-login"), "{:?}", answer.headers);
    assert!(!answer.headers.contains_key("clear-site-data"), "{:?}", answer.headers);
    assert_eq!(answer.by_hand(), None);
}

// ---------------------------------------------------------------- forms that a script posts

#[on_both]
async fn a_saved_password_signs_in(shop: Shop) {
    member(&shop, "robin").await;
    let mut visitor = shop.visitor();
    let answer = visitor.post_by_script("/sign-in", &saved(PASSWORD)).await.expect_status(200);
    let name = json!({ "username": "robin", "display_name": "Robin" });
    assert_eq!(answer.json(), json!({ "to": "/orders", "name": name }));
    visitor.get("/account").await.expect_text("With the password").expect_no_text("Undo");
    // It was chosen, so it proves who sits there.
    visitor.get("/account/password").await.expect_status(200);
    let hostile = [("username", "robin"), ("password", PASSWORD), ("next", "//evil.example")];
    let answer = shop.visitor().post_by_script("/sign-in", &hostile).await.expect_status(200);
    assert_eq!(answer.json()["to"], "/");
}

#[on_both]
async fn a_password_that_is_not_saved_any_more_is_refused(shop: Shop) {
    member(&shop, "robin").await;
    let mut visitor = shop.visitor();
    let answer = visitor.post_by_script("/sign-in", &saved(OTHER_PASSWORD)).await;
    assert_eq!(answer.by_hand(), None);
    answer.expect_refusal(401, "wrong_password");
    let nobody = [("username", "nobody"), ("password", PASSWORD)];
    visitor.post_by_script("/sign-in", &nobody).await.expect_refusal(401, "wrong_password");
    visitor
        .post_by_script("/sign-in", &[("username", "robin")])
        .await
        .expect_refusal(400, "malformed");
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn a_second_factor_follows_a_saved_password(shop: Shop) {
    let (_, mut passkey) = careful(&shop, "robin").await;
    let mut visitor = shop.visitor();
    let answer = visitor.post_by_script("/sign-in", &saved(PASSWORD)).await.expect_status(200);
    assert_eq!(answer.json(), json!({ "to": "/second-factor?next=/orders", "name": null }));
    expect_nothing_told(&answer);
    assert!(!visitor.is_signed_in().await);
    visitor.prove(&mut passkey).await.expect_status(200);
    assert!(visitor.is_signed_in().await);
}

#[on_both]
async fn a_script_signs_up_and_changes_the_password(shop: Shop) {
    let mut visitor = shop.visitor();
    let mut fields = [
        ("username", "robin"),
        ("display_name", "Robin"),
        ("password", "short"),
        ("way", "password"),
        ("next", "/orders"),
    ];
    visitor.post_by_script("/sign-up", &fields).await.expect_status(422);
    fields[2].1 = PASSWORD;
    let answer = visitor.post_by_script("/sign-up", &fields).await.expect_status(200);
    let name = json!({ "username": "robin", "display_name": "Robin" });
    assert_eq!(answer.json(), json!({ "to": "/orders", "name": name }));
    assert!(visitor.is_signed_in().await);
    shop.visitor().post_by_script("/sign-up", &fields).await.expect_refusal(409, "username_taken");

    let change = [("action", "set"), ("password", "short")];
    visitor
        .post_by_script("/account/password", &change)
        .await
        .expect_refusal(422, "password_too_short");
    let change = [("action", "set"), ("password", OTHER_PASSWORD)];
    let answer = visitor.post_by_script("/account/password", &change).await.expect_status(200);
    assert_eq!(answer.json(), json!({ "to": "/account", "name": name }));
    visitor.get("/account").await.expect_text("Your password is changed.");
    shop.clock.advance(5 * 60 * 1000);
    visitor
        .post_by_script("/account/password", &change)
        .await
        .expect_refusal(403, "proof_required");
    shop.visitor().post_by_script("/sign-in", &saved(OTHER_PASSWORD)).await.expect_status(200);
    shop.visitor().post_by_script("/sign-in", &saved(PASSWORD)).await.expect_status(401);
}

#[on_both]
async fn a_script_hears_what_was_wrong_with_a_sign_up(shop: Shop) {
    let good = [
        ("username", "robin"),
        ("display_name", "Robin"),
        ("password", PASSWORD),
        ("way", "password"),
    ];
    for (field, value, code) in [
        (0, "a b", "username_invalid"),
        (1, " ", "display_name_invalid"),
        (2, "short", "password_too_short"),
        (2, "robinrobinrobin", "password_common"),
    ] {
        let mut fields = good;
        fields[field].1 = value;
        shop.visitor().post_by_script("/sign-up", &fields).await.expect_refusal(422, code);
    }
}

#[on_both]
async fn other_sites_cannot_post_what_a_script_posts(shop: Shop) {
    let mut owner = member(&shop, "robin").await;
    let sign_up = [
        ("username", "other"),
        ("display_name", "Other"),
        ("password", PASSWORD),
        ("way", "password"),
    ];
    let change = [("action", "set"), ("password", OTHER_PASSWORD)];
    let posts: [(&str, &[(&str, &str)]); 3] =
        [("/sign-in", &saved(PASSWORD)), ("/sign-up", &sign_up), ("/account/password", &change)];
    let script = ("latchkey-script", "1");
    for (path, fields) in posts {
        for headers in [
            // A form of another site cannot have the header, which browsers ask for first.
            &[("sec-fetch-site", "same-origin")][..],
            &[],
            &[script, ("sec-fetch-site", "cross-site")],
            &[script, ("sec-fetch-site", "same-site")],
            &[script, ("origin", "https://evil.example")],
        ] {
            let mut visitor =
                if path == "/account/password" { owner.clone() } else { shop.visitor() };
            visitor.post_multipart(path, headers, fields).await.expect_refusal(403, "cross_site");
            assert_eq!(visitor.by_hand, owner.by_hand);
        }
    }
    assert!(owner.is_signed_in().await);
    assert!(!shop.store.username_taken("other").await.unwrap());
    shop.visitor().sign_in_with_password("robin").await.expect_redirect("/cart");
}

#[on_both]
async fn what_is_no_form_is_not_read(shop: Shop) {
    let headers = [("latchkey-script", "1"), ("content-type", "multipart/form-data")];
    let mut visitor = shop.visitor();
    visitor
        .send("POST".parse().unwrap(), "/sign-in", &headers, "x".into())
        .await
        .expect_refusal(400, "malformed");
    let broken =
        [("latchkey-script", "1"), ("content-type", "multipart/form-data; boundary=parts")];
    visitor
        .send("POST".parse().unwrap(), "/sign-in", &broken, "--parts\r\n".into())
        .await
        .expect_refusal(400, "malformed");
    let large = "x".repeat(70_000);
    visitor.post_by_script("/sign-in", &saved(&large)).await.expect_refusal(413, "too_large");
}

// ---------------------------------------------------------------- without being asked

#[on_both]
async fn a_saved_password_signs_in_by_itself_and_says_so_once(shop: Shop) {
    member(&shop, "robin").await;
    let mut visitor = shop.visitor();
    visitor.post("/cart", &[("slug", "door-mat"), ("quantity", "2"), ("action", "add")]).await;
    let answer = by_itself(&mut visitor, PASSWORD).await.expect_status(200);
    assert_eq!(answer.headers["set-login"], "logged-in");
    assert_eq!(answer.by_hand(), None);
    let name = json!({ "username": "robin", "display_name": "Robin" });
    assert_eq!(answer.json(), json!({ "to": "/orders", "name": name }));
    let page =
        visitor.get("/cart").await.expect_text("Signed in as Robin.").expect_text("door-mat");
    page.expect_text("<form method=\"post\" action=\"/sign-out\"><button class=\"quiet\">Undo");
    visitor.get("/cart").await.expect_no_text("Signed in as").expect_no_text("Undo");
    visitor.get("/account").await.expect_text("Automatically, with the saved password");

    // Undone.
    expect_signed_out(&visitor.sign_out().await);
    expect_refused(&mut visitor, PASSWORD, 403, "not_automatic").await;
}

#[on_both]
async fn a_sign_in_that_nobody_asked_for_proves_nothing(shop: Shop) {
    member(&shop, "robin").await;
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
    let mut visitor = member(&shop, "robin").await;
    visitor.get("/account/password").await.expect_status(200);
    visitor.sign_out().await;
    visitor.by_hand = false;
    by_itself(&mut visitor, PASSWORD).await.expect_status(200);
    visitor.get("/account/password").await.expect_redirect("/confirm?next=/account/password");
}

#[on_both]
async fn a_wrong_password_is_not_tried_again(shop: Shop) {
    member(&shop, "robin").await;
    let mut visitor = shop.visitor();
    expect_refused(&mut visitor, OTHER_PASSWORD, 401, "wrong_password").await;
    // Not even the right one.
    expect_refused(&mut visitor, PASSWORD, 403, "not_automatic").await;
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn a_second_factor_is_not_asked_for_out_of_nowhere(shop: Shop) {
    careful(&shop, "robin").await;
    let mut visitor = shop.visitor();
    expect_refused(&mut visitor, PASSWORD, 403, "not_automatic").await;
    visitor.get("/second-factor").await.expect_redirect("/sign-in?next=/");
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn whoever_knows_the_password_is_not_told_so_behind_the_owners_back(shop: Shop) {
    let (mut owner, _) = careful(&shop, "robin").await;
    let event = "Right password; automatic sign-in was refused";
    owner.get("/account").await.expect_no_text(event);
    expect_refused(&mut shop.visitor(), PASSWORD, 403, "not_automatic").await;
    owner.get("/account").await.expect_text(event);
}

#[on_both]
async fn who_waits_for_a_second_factor_is_not_signed_in_past_it(shop: Shop) {
    careful(&shop, "robin").await;
    member(&shop, "other").await;
    let mut visitor = shop.visitor();
    visitor.sign_in_with_password("robin").await.expect_redirect("/second-factor?next=/cart");
    let fields = [("username", "other"), ("password", PASSWORD), ("automatic", "yes")];
    visitor.post_by_script("/sign-in", &fields).await.expect_refusal(403, "not_automatic");
    visitor.get("/second-factor").await.expect_status(200);
}

#[on_both]
async fn its_owner_can_switch_it_off(shop: Shop) {
    let mut owner = member(&shop, "robin").await;
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
async fn a_store_can_do_without(shop: Shop) {
    let off = shop.changed(|server| server.automatic = false);
    let mut owner = member(&off, "robin").await;
    owner.get("/account").await.expect_no_text("utomatic sign-in");
    let mut visitor = off.visitor();
    expect_refused(&mut visitor, PASSWORD, 403, "not_automatic").await;
    // A password that somebody chose signs in.
    visitor.post_by_script("/sign-in", &saved(PASSWORD)).await.expect_status(200);
}

#[on_both]
async fn who_is_signed_in_stays_who_they_are(shop: Shop) {
    member(&shop, "robin").await;
    let mut visitor = member(&shop, "other").await;
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
    assert!(!asks(&member(&shop, "robin").await.get("/").await.body));
    let off = shop.changed(|server| server.automatic = false);
    assert!(!asks(&off.visitor().get("/").await.body));
    // And looking at a page leaves nothing behind.
    expect_nothing_told(&shop.visitor().get("/").await);
}

// ---------------------------------------------------------------- what a browser is told

#[on_both]
async fn a_sign_out_is_told_to_the_browser(shop: Shop) {
    let mut visitor = member(&shop, "robin").await;
    let answer = visitor.sign_out().await;
    expect_signed_out(&answer);
    assert!(answer.cookie().unwrap().contains("Max-Age=0"));
    // Once.
    expect_nothing_told(&visitor.get("/").await);
    // The session's cookie stays the only one that says anything.
    assert!(visitor.by_hand && visitor.cookie.is_none());
}

#[on_both]
async fn a_press_on_sign_out_counts_also_where_the_session_has_ended_before(shop: Shop) {
    let mut visitor = member(&shop, "robin").await;
    let mut elsewhere = shop.visitor();
    elsewhere.sign_in_with_password("robin").await;
    elsewhere.post("/account/sessions/end-others", &[]).await.expect_redirect("/account");
    elsewhere.post("/account/automatic", &[("on", "yes")]).await.expect_redirect("/account");
    expect_signed_out(&visitor.sign_out().await);
    expect_refused(&mut visitor, PASSWORD, 403, "not_automatic").await;
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn a_sign_in_by_hand_is_told_to_the_browser(shop: Shop) {
    let mut visitor = shop.visitor();
    let answer = visitor.sign_up_with_password("robin").await;
    assert_eq!(answer.headers["set-login"], "logged-in");
    assert_eq!(answer.by_hand(), None);
    expect_nothing_told(&visitor.get("/account").await);

    // Every way ends what the sign-out began.
    let mut passkey = Authenticator::new();
    visitor.add(&mut passkey).await.expect_status(200);
    let ends = |answer: &Answer| {
        let cookie = answer.by_hand().unwrap();
        cookie.starts_with("latchkey-by-hand=; Path=/; Max-Age=0")
            && answer.headers["set-login"] == "logged-in"
    };
    visitor.sign_out().await;
    assert!(ends(&visitor.sign_in_with_password("robin").await));
    visitor.sign_out().await;
    assert!(ends(&visitor.sign_in(&mut passkey).await));
    visitor.sign_out().await;
    assert!(ends(&visitor.post_by_script("/sign-in", &saved(PASSWORD)).await));
    visitor.sign_out().await;
    assert!(ends(&visitor.sign_up_with_password("another").await));
    visitor.sign_out().await;
    by_itself(&mut visitor, PASSWORD).await.expect_status(403);
    visitor.sign_in_with_password("robin").await;
    expect_signed_out(&visitor.sign_out().await);
    // What is refused is no sign-in.
    let answer = visitor.post_by_script("/sign-in", &saved(OTHER_PASSWORD)).await;
    expect_nothing_told(&answer);
    assert!(visitor.by_hand);
}

#[on_both]
async fn a_second_factor_ends_the_sign_in_by_hand(shop: Shop) {
    let (mut visitor, mut passkey) = careful(&shop, "robin").await;
    visitor.sign_out().await;
    expect_nothing_told(&visitor.sign_in_with_password("robin").await);
    assert!(visitor.by_hand);
    let options = visitor.proof_options().await.options();
    let answer = visitor.finish_proof(&passkey.get(&options)).await.expect_status(200);
    assert_eq!(answer.headers["set-login"], "logged-in");
    assert!(!visitor.by_hand);
}

#[on_both]
async fn a_deleted_account_is_signed_out_like_every_other(shop: Shop) {
    let mut visitor = member(&shop, "robin").await;
    let answer = visitor.post("/account/delete", &[]).await.expect_redirect("/goodbye");
    expect_signed_out(&answer);
    let page =
        visitor.get("/goodbye").await.expect_status(200).expect_text("Your account is deleted.");
    page.expect_no_text("Undo");
    expect_refused(&mut visitor, PASSWORD, 403, "not_automatic").await;
}

#[on_both]
async fn over_tls_the_cookie_is_for_tls(shop: Shop) {
    let secure = Shop::at(shop.store.clone(), "https://store.example");
    let mut visitor = secure.visitor();
    visitor.sign_up_with_password("robin").await.expect_redirect("/");
    let answer = visitor.sign_out().await;
    assert!(answer.by_hand().unwrap().ends_with("; Secure"));
    assert!(visitor.sign_in_with_password("robin").await.by_hand().unwrap().ends_with("; Secure"));
}

#[on_both]
async fn who_ends_a_session_ends_its_way_back(shop: Shop) {
    const OFF: &str = "Automatic sign-in is off now, so that no browser comes back by itself.";
    let mut owner = member(&shop, "robin").await;
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
    let mut owner = member(&shop, "robin").await;
    let mut elsewhere = shop.visitor();
    by_itself(&mut elsewhere, PASSWORD).await.expect_status(200);
    let change = [("action", "set"), ("password", OTHER_PASSWORD)];
    owner.post("/account/password", &change).await.expect_redirect("/account");
    assert!(!elsewhere.is_signed_in().await);
    expect_refused(&mut elsewhere, PASSWORD, 401, "wrong_password").await;
}
