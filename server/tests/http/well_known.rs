//! Addresses that password managers and browsers know.

use serde_json::json;

use crate::support::{authenticator::Authenticator, on_both, visitor::Shop};

#[on_both]
async fn password_managers_find_their_way(shop: Shop) {
    let mut visitor = shop.visitor();
    let endpoints = visitor.get("/.well-known/passkey-endpoints").await.expect_status(200);
    assert_eq!(endpoints.headers["content-type"], "application/json");
    assert_eq!(
        endpoints.json(),
        json!({
            "enroll": "http://localhost:3000/account/passkeys/new",
            "manage": "http://localhost:3000/account",
        })
    );
    visitor
        .get("/.well-known/change-password")
        .await
        .expect_status(307)
        .expect_redirect("/account/password");
    let nowhere = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200";
    visitor.get(nowhere).await.expect_status(404);
    let origins = visitor.get("/.well-known/webauthn").await.expect_status(200);
    assert_eq!(origins.headers["content-type"], "application/json");
    assert_eq!(origins.json(), json!({ "origins": ["http://localhost:3000"] }));
    assert_eq!(visitor.cookie, None);
}

#[on_both]
async fn related_origins_may_use_the_passkeys(shop: Shop) {
    let related = ["https://latchkey.example"];
    let shop = shop
        .changed(|config| {
            config.origin = "https://store.example".parse().unwrap();
            config.related_origins = related.map(|origin| origin.parse().unwrap()).into();
        })
        .await;
    let origins = shop.visitor().get("/.well-known/webauthn").await.json();
    assert_eq!(
        origins,
        json!({ "origins": ["https://store.example", "https://latchkey.example"] })
    );

    let mut passkey = Authenticator::new();
    (passkey.rp_id, passkey.origin) = ("store.example".into(), related[0].into());
    shop.visitor().sign_up("robin", &mut passkey).await.expect_status(200);
    shop.visitor().sign_in(&mut passkey).await.expect_status(200);
    let mut visitor = shop.visitor();
    visitor.sign_in(&mut passkey).await.expect_status(200);
    visitor.prove(&mut passkey).await.expect_status(200);
    passkey.origin = "https://other.example".into();
    shop.visitor().sign_in(&mut passkey).await.expect_refusal(400, "wrong_origin");
}
