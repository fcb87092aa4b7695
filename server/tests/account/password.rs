//! Setting, changing and removing the password.

use crate::support::{
    on_both,
    visitor::{PASSWORD, Shop},
};

#[on_both]
async fn a_new_password_ends_the_other_sessions(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    let mut elsewhere = shop.visitor();
    elsewhere.sign_in_with_password("robin").await.expect_redirect("/cart");

    let change = [("action", "set"), ("password", "herons admire bicycles")];
    visitor.post("/account/password", &change).await.expect_redirect("/account/review");
    // Nothing else opens the account.
    visitor.get("/account/review").await.expect_redirect("/account");
    visitor.get("/account").await.expect_text("Your password is changed.");
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
        ("robinrobinrobin", "hardly more than your name"),
        (&*"ü".repeat(257), "at most 256 characters"),
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
