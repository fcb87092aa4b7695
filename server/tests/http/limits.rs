//! What is too much, and what is no message.

use axum::{body::Body, http::Method};
use serde_json::json;

use crate::support::{on_both, visitor::Shop};

#[on_both]
async fn oversized_bodies_are_refused(shop: Shop) {
    let mut visitor = shop.visitor();
    let much = "x".repeat(64 * 1024);
    visitor
        .api("passkey/sign-in/finish", json!({ "credential": much }))
        .await
        .expect_refusal(413, "too_large");
    let fields = [("username", "robin"), ("password", much.as_str())];
    visitor.post("/sign-in", &fields).await.expect_status(413).expect_text("<header");
    // Without a declared length, too.
    let chunks = futures::stream::iter((0..80).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 1024])));
    let headers = [("content-type", "application/json")];
    let answer = visitor
        .send(Method::POST, "/api/passkey/sign-in/start", &headers, Body::from_stream(chunks))
        .await;
    answer.expect_refusal(413, "too_large");
}

#[on_both]
async fn what_is_no_message_is_refused(shop: Shop) {
    let mut visitor = shop.visitor();
    let headers = [("content-type", "application/json")];
    for body in ["", "{", "null", "[1", "\u{0}"] {
        let answer =
            visitor.send(Method::POST, "/api/passkey/sign-in/finish", &headers, body.into()).await;
        answer.expect_refusal(400, "malformed");
    }
    visitor.api("no/such/function", json!({})).await.expect_refusal(404, "not_found");
    for fields in [vec![], vec![("username", "robin")]] {
        visitor.post("/sign-in", &fields).await.expect_status(400).expect_text("<header");
    }
}

#[on_both]
async fn what_names_no_page_is_refused(shop: Shop) {
    let mut visitor = shop.visitor();
    for target in ["evil.example", "evil.example:443", "*"] {
        for method in [Method::GET, Method::OPTIONS, Method::CONNECT] {
            let headers = [("accept", "text/html")];
            let answer = visitor.send(method, target, &headers, Body::empty()).await;
            answer.expect_refusal(400, "malformed");
        }
    }
}
