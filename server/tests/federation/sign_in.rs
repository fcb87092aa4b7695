//! Signing in with a provider (OpenID Connect), through the real router and with a provider on
//! loopback.

use axum::{body::Body, http::Method, http::header::LOCATION};

use crate::support::{
    on_both,
    provider::{CLIENT, Clients},
    town::{Town, add_to_cart, choose, come_back, leave, through, token_for},
};

#[on_both]
async fn the_first_time_somebody_chooses_a_username_and_later_just_signs_in(town: Town) {
    let mut visitor = town.shop.visitor();
    visitor
        .get("/sign-up?next=/orders")
        .await
        .expect_text("href=\"/federated/acorn?next=/orders\"");
    let asked = leave(&mut visitor, "/federated/acorn?next=/orders").await;
    assert_eq!(asked.get("client_id"), Some(CLIENT));
    assert_eq!(asked.get("response_type"), Some("code"));
    assert_eq!(asked.get("code_challenge_method"), Some("S256"));
    assert_eq!(asked.get("redirect_uri"), Some("http://localhost:3000/federated/acorn/callback"));
    assert!(asked.get("scope").unwrap().split(' ').any(|scope| scope == "openid"));
    assert_eq!(
        (asked.get("prompt"), asked.get("max_age"), asked.get("login_hint")),
        (None, None, None)
    );

    let token = token_for(&town.acorn, "robin", &asked);
    let page = "/sign-up/provider?next=/orders";
    come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_redirect(page);
    assert!(!visitor.is_signed_in().await && !town.has_account("robin").await);
    let form =
        visitor.get(page).await.expect_status(200).expect_text("Acorn (robin) says that it is you");
    form.expect_text("value=\"robin\"")
        .expect_text("value=\"Robin\"")
        .expect_text("value=\"/orders\"");

    choose(&mut visitor, "robin").await.expect_redirect("/cart");
    visitor.get("/account").await.expect_text("Username: <!>robin").expect_text("With Acorn");
    visitor.sign_out().await;
    through(&mut visitor, &town.acorn, "robin", "/one-button").await.expect_redirect("/one-button");
    assert!(visitor.is_signed_in().await);
}

#[on_both]
async fn the_shop_says_who_it_is_as_the_provider_wants_it(town: Town) {
    for clients in [Clients::Header, Clients::Body, Clients::Public] {
        town.acorn.books().clients = clients;
        let mut acorn = town.acorn.configured();
        acorn.client_secret = acorn.client_secret.filter(|_| clients != Clients::Public);
        let shop = town.shop.changed(|config| config.providers.0[0] = acorn).await;
        let answer = through(&mut shop.visitor(), &town.acorn, "robin", "/").await;
        answer.expect_redirect("/sign-up/provider?next=/");
    }
}

#[on_both]
async fn the_cart_and_the_checkout_survive_the_way(town: Town) {
    let mut visitor = town.shop.visitor();
    add_to_cart(&mut visitor, "2").await;
    let page = "/sign-up/provider?next=/checkout";
    through(&mut visitor, &town.acorn, "robin", "/checkout").await.expect_redirect(page);
    let fields = [("username", "robin"), ("display_name", "Robin"), ("next", "/checkout")];
    visitor.post("/sign-up/provider", &fields).await.expect_redirect("/checkout");
    visitor.get("/checkout").await.expect_status(200).expect_text("door-mat");
    visitor.sign_out().await;

    add_to_cart(&mut visitor, "1").await;
    through(&mut visitor, &town.acorn, "robin", "/checkout").await.expect_redirect("/checkout");
    visitor.get("/checkout").await.expect_status(200).expect_text("with pieces: </span>3");
}

#[on_both]
async fn impersonation_by_the_same_name_at_another_provider_fails(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    through(&mut visitor, &town.birch, "robin", "/cart")
        .await
        .expect_redirect("/sign-up/provider?next=/cart");
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn account_takeover_by_a_matching_email_address_fails(town: Town) {
    let address = "robin@provider.example";
    town.shop.member(address).await;
    let mut visitor = town.shop.visitor();
    let asked = leave(&mut visitor, "/federated/acorn?next=/cart").await;
    let mut token = token_for(&town.acorn, "robin", &asked);
    token.claims["preferred_username"] = address.into();
    let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
    answer.expect_redirect("/sign-up/provider?next=/cart");
    choose(&mut visitor, address).await.expect_status(409);
    assert!(!visitor.is_signed_in().await && town.identities(address).await.is_empty());
}

#[on_both]
async fn session_fixation_before_a_providers_answer_gains_nothing(town: Town) {
    let mut visitor = town.shop.visitor();
    let asked = leave(&mut visitor, "/federated/acorn").await;
    let mut thief = visitor.clone();
    let token = token_for(&town.acorn, "robin", &asked);
    come_back(&mut visitor, &town.acorn, &asked, &token).await;
    thief.get("/sign-up/provider").await.expect_redirect("/sign-in?next=/");
    let mut thief = visitor.clone();
    choose(&mut visitor, "robin").await.expect_redirect("/cart");
    assert!(visitor.is_signed_in().await && !thief.is_signed_in().await);
}

#[on_both]
async fn open_redirect_after_a_provider_is_refused(town: Town) {
    let mut visitor = town.member("robin").await;
    for next in
        ["//evil.example", "https://evil.example/", "/%5Cevil.example", "javascript:alert(1)"]
    {
        visitor.sign_out().await;
        through(&mut visitor, &town.acorn, "robin", next).await.expect_redirect("/");
    }
    let mut visitor = town.shop.visitor();
    through(&mut visitor, &town.acorn, "other", "//evil.example")
        .await
        .expect_redirect("/sign-up/provider?next=/");
    let fields = [("username", "other"), ("display_name", "Other"), ("next", "//evil.example")];
    visitor.post("/sign-up/provider", &fields).await.expect_redirect("/");
}

#[on_both]
async fn login_csrf_by_a_link_of_another_site_is_refused(town: Town) {
    town.member("attacker").await;
    let (mut visitor, _) = town.shop.member("robin").await;
    let path = "/federated/acorn?next=/cart";
    for site in ["cross-site", "same-site"] {
        let headers = [("accept", "text/html"), ("sec-fetch-site", site)];
        let answer = visitor.send(Method::GET, path, &headers, Body::empty()).await;
        answer.expect_redirect("/sign-in?next=/cart");
        let fields = [("origin", town.acorn.issuer.as_str())];
        let answer = visitor.post_multipart("/federated", &headers, &fields).await;
        answer.expect_status(403);
    }
    // A press on a button of ours, and an address that somebody typed.
    for site in ["same-origin", "none"] {
        let headers = [("accept", "text/html"), ("sec-fetch-site", site)];
        let answer = visitor.send(Method::GET, path, &headers, Body::empty()).await;
        assert!(answer.headers[LOCATION].to_str().unwrap().starts_with(&town.acorn.issuer));
    }
    visitor.get("/account").await.expect_text("Username: <!>robin");
}
