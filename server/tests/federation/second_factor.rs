//! A second factor after a provider.

use crate::support::{
    authenticator::Authenticator,
    on_both,
    town::{LINK, Town, through},
};

#[on_both]
async fn a_second_factor_is_asked_for_after_a_provider(town: Town) {
    let (_, mut passkey) = town.careful("robin").await;
    let mut visitor = town.shop.visitor();
    let answer = through(&mut visitor, &town.acorn, "robin", "/orders").await;
    assert!(!answer.headers.contains_key("set-login"));
    answer.expect_redirect("/second-factor?next=/orders");
    visitor.get("/second-factor?next=/orders").await.expect_status(200).expect_no_text("Robin");
    for path in ["/account", "/checkout", "/account/password", "/confirm", "/sign-up/provider"] {
        visitor.get(path).await.expect_status(303).expect_no_text("Robin");
    }
    visitor.post(LINK, &[]).await.expect_redirect("/sign-in?next=/account");
    visitor.prove(&mut Authenticator::new()).await.expect_refusal(404, "unknown_credential");
    assert!(!visitor.is_signed_in().await);
    visitor.prove(&mut passkey).await.expect_status(200);
    visitor.get("/account").await.expect_text("With Acorn and a passkey");
}

#[on_both]
async fn the_second_factor_is_not_bypassed_once_the_password_is_gone(town: Town) {
    let (mut owner, _) = town.careful("robin").await;
    owner.post("/account/password", &[("action", "remove")]).await.expect_redirect("/account");
    let mut visitor = town.shop.visitor();
    through(&mut visitor, &town.acorn, "robin", "/orders")
        .await
        .expect_redirect("/second-factor?next=/orders");
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn a_recovery_code_is_a_second_factor_after_a_provider_too(town: Town) {
    let (mut owner, _) = town.careful("robin").await;
    let page = owner.post("/account/recovery-codes", &[]).await.expect_status(200).body;
    let code = page.split("<code>").nth(1).unwrap().split("</code>").next().unwrap();
    let mut visitor = town.shop.visitor();
    through(&mut visitor, &town.acorn, "robin", "/orders")
        .await
        .expect_redirect("/second-factor?next=/orders");
    visitor.post("/second-factor", &[("code", "guessed")]).await.expect_status(401);
    assert!(!visitor.is_signed_in().await);
    let fields = [("code", code), ("next", "/orders")];
    visitor
        .post("/second-factor", &fields)
        .await
        .expect_redirect("/account/passkeys/new?next=/orders");
    visitor.get("/account").await.expect_text("With Acorn and a recovery code");
}
