//! What other sites send.

use axum::{body::Body, http::Method};

use crate::support::{on_both, visitor::Shop};

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
