//! What a browser is told when somebody signs in or out.

use crate::support::{
    authenticator::Authenticator,
    on_both,
    saved::{by_itself, expect_nothing_told, expect_refused, expect_signed_out, saved},
    visitor::{Answer, OTHER_PASSWORD, PASSWORD, Shop},
};

#[on_both]
async fn a_sign_out_is_told_to_the_browser(shop: Shop) {
    let mut visitor = shop.member_with_password("robin").await;
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
    let mut visitor = shop.member_with_password("robin").await;
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
    let (mut visitor, mut passkey) = shop.careful("robin").await;
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
    let mut visitor = shop.member_with_password("robin").await;
    let answer = visitor.post("/account/delete", &[]).await.expect_redirect("/goodbye");
    expect_signed_out(&answer);
    let page =
        visitor.get("/goodbye").await.expect_status(200).expect_text("Your account is deleted.");
    page.expect_no_text("Undo");
    expect_refused(&mut visitor, PASSWORD, 403, "not_automatic").await;
}

#[on_both]
async fn over_tls_the_cookie_is_for_tls(shop: Shop) {
    let secure = shop.at("https://store.example").await;
    let mut visitor = secure.visitor();
    visitor.sign_up_with_password("robin").await.expect_redirect("/");
    let answer = visitor.sign_out().await;
    assert!(answer.by_hand().unwrap().ends_with("; Secure"));
    assert!(visitor.sign_in_with_password("robin").await.by_hand().unwrap().ends_with("; Secure"));
}
