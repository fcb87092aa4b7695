//! What a browser remembers of the providers that were signed in with.

use crate::support::{
    on_both,
    provider::drop_claim,
    town::{
        Town, by_itself, choose, come_back, leave, remembered, remembers, through, token_for, told,
        way,
    },
};

#[on_both]
async fn the_browser_hears_of_a_sign_in_with_a_provider(town: Town) {
    let mut visitor = town.member("robin").await;
    visitor.get("/cart").await;
    visitor.sign_out().await;
    let answer = through(&mut visitor, &town.acorn, "robin", "/cart").await;
    assert_eq!(answer.headers["set-login"], "logged-in");
    // For `FederatedCredential`, on the first page only.
    assert!(remembers(&town.acorn, &visitor.get("/cart").await));
    assert!(!remembers(&town.acorn, &visitor.get("/cart").await));
}

#[on_both]
async fn the_browser_remembers_who_has_no_name(town: Town) {
    let mut visitor = town.shop.visitor();
    let asked = leave(&mut visitor, "/federated/acorn?next=/cart").await;
    let mut token = token_for(&town.acorn, "robin", &asked);
    for claim in ["preferred_username", "email", "name"] {
        drop_claim(&mut token, claim);
    }
    come_back(&mut visitor, &town.acorn, &asked, &token)
        .await
        .expect_redirect("/sign-up/provider?next=/cart");
    choose(&mut visitor, "robin").await.expect_redirect("/cart");
    let page = visitor.get("/cart").await;
    assert!(told(&page).contains(r#""id":"subject of robin","name":"Robin""#));
    // No provider is given that for a name.
    visitor.sign_out().await;
    let answer = remembered(&mut visitor, &town.acorn.issuer, "subject of robin", "").await;
    assert_eq!(way(&answer).get("login_hint"), None);
}

#[on_both]
async fn of_providers_at_one_origin_a_browser_remembers_none(town: Town) {
    let realms = town.shop.changed(|config| config.providers.0[0].alone = false).await;
    let mut visitor = realms.visitor();
    through(&mut visitor, &town.acorn, "robin", "/cart")
        .await
        .expect_redirect("/sign-up/provider?next=/cart");
    choose(&mut visitor, "robin").await.expect_redirect("/cart");
    assert!(!remembers(&town.acorn, &visitor.get("/cart").await));
    visitor.get("/account").await.expect_no_text("may sign you in");
    // Either could be meant.
    by_itself(&mut visitor, &town.acorn).await.expect_status(404);
    let page = told(&realms.visitor().get("/").await);
    assert!(!page.contains(&town.acorn.issuer) && page.contains(&town.birch.issuer));
}

#[on_both]
async fn the_browser_hears_of_it_after_a_second_factor_too(town: Town) {
    let (_, mut passkey) = town.careful("robin").await;
    let mut visitor = town.shop.visitor();
    through(&mut visitor, &town.acorn, "robin", "/cart")
        .await
        .expect_redirect("/second-factor?next=/cart");
    assert!(!remembers(&town.acorn, &visitor.get("/second-factor").await));
    visitor.prove(&mut passkey).await.expect_status(200);
    assert!(remembers(&town.acorn, &visitor.get("/cart").await));
}

#[on_both]
async fn a_provider_that_the_browser_remembers_is_asked_for_that_person(town: Town) {
    let mut visitor = town.shop.visitor();
    let asked = way(&remembered(&mut visitor, &town.birch.issuer, "robin", "").await);
    assert_eq!(asked.get("login_hint"), Some("robin"));
    assert!(asked.get("redirect_uri").unwrap().ends_with("/federated/birch/callback"));
    let unknown = remembered(&mut visitor, "http://localhost:1", "robin", "").await;
    unknown.expect_status(404);
    // What the provider calls somebody stands in no address of ours.
    visitor.get("/federated?login_hint=robin").await.expect_status(405);
    let named = leave(&mut visitor, "/federated/birch?login_hint=robin").await;
    assert_eq!(named.get("login_hint"), None);
    visitor.get("/federated/nobody?next=/cart").await.expect_status(404);
    visitor.get("/federated/nobody/callback?code=1&state=1").await.expect_status(400);
}
