//! What other sites send.

use axum::{
    body::Body,
    http::{Method, header::LOCATION},
};
use latchkey::config::Config;

use crate::support::{
    on_both,
    provider::Asked,
    town::{Town, choose, token_for},
    visitor::Shop,
};

#[on_both]
async fn csrf_is_refused(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    for headers in [
        [("sec-fetch-site", "cross-site"), ("accept", "text/html")],
        [("sec-fetch-site", "same-site"), ("accept", "text/html")],
        [("origin", "https://evil.example"), ("accept", "text/html")],
        [("origin", "null"), ("accept", "text/html")],
    ] {
        let answer = visitor.send(Method::POST, "/sign-out", &headers, Body::empty()).await;
        answer.expect_status(403).expect_text("another site").expect_text("<header");
    }
    let headers = [("sec-fetch-site", "cross-site"), ("content-type", "application/json")];
    let answer =
        visitor.send(Method::POST, "/api/passkey/sign-in/start", &headers, "{}".into()).await;
    answer.expect_refusal(403, "cross_site");
    assert!(visitor.is_signed_in().await);
}

const OTHER: &str = "https://latchkey.example";

#[on_both]
async fn browsers_that_send_an_origin_only_are_let_in_at_the_related_origins_too(shop: Shop) {
    let related = |config: &mut Config| config.related_origins = vec![OTHER.parse().unwrap()];
    let shop = shop.changed(related).await;
    for (origin, host, status) in [
        ("http://localhost:3000", "localhost:3000", 303),
        // Behind a proxy that does not tell.
        ("http://localhost:3000", "127.0.0.1:8080", 303),
        (OTHER, "latchkey.example", 303),
        // A page of one of them, at the other.
        (OTHER, "localhost:3000", 403),
        ("http://localhost:3000", "latchkey.example", 403),
        ("https://evil.example", "latchkey.example", 403),
        ("https://evil.example", "evil.example", 403),
        ("http://latchkey.example", "latchkey.example", 403),
    ] {
        let headers = [
            ("origin", origin),
            ("host", host),
            ("accept", "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let answer = shop.visitor().send(Method::POST, "/sign-out", &headers, Body::empty()).await;
        assert_eq!(answer.status, status, "{origin} to {host}");
    }
}

#[on_both]
async fn a_provider_leads_back_to_where_it_was_started_from(town: Town) {
    let related = |config: &mut Config| config.related_origins = vec![OTHER.parse().unwrap()];
    let shop = town.shop.changed(related).await;
    for (host, home) in [("localhost:3000", "http://localhost:3000"), ("latchkey.example", OTHER)] {
        let mut visitor = shop.visitor();
        let host = [("host", host), ("accept", "text/html")];
        let path = "/federated/acorn?next=/cart";
        let answer = visitor.send(Method::GET, path, &host, Body::empty()).await;
        let asked = Asked::read(answer.headers[LOCATION].to_str().unwrap());
        let back = format!("{home}/federated/acorn/callback");
        assert_eq!(asked.get("redirect_uri"), Some(&*back));
        let code = town.acorn.code(&asked, &token_for(&town.acorn, home, &asked));
        let path = format!("/federated/acorn/callback?code={code}&state={}", asked.state());
        let answer = visitor.send(Method::GET, &path, &host, Body::empty()).await;
        answer.expect_redirect("/sign-up/provider?next=/cart");
        let name = home.rsplit('/').next().unwrap().replace(':', "-");
        choose(&mut visitor, &name).await.expect_redirect("/cart");
    }
}
