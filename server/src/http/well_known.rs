//! Addresses that browsers and password managers know.

use axum::{Json, extract::State, response::Redirect};
use serde_json::{Value, json};

use crate::Server;

/// Where passkeys are created and managed ("A Well-Known URL for Relying Party Passkey
/// Endpoints", W3C).
pub(super) async fn passkey_endpoints(State(server): State<Server>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", server.origin.origin().ascii_serialization());
    Json(json!({ "enroll": at("/account/passkeys/new"), "manage": at("/account") }))
}

/// "A Well-Known URL for Changing Passwords", W3C.
pub(super) async fn change_password() -> Redirect {
    Redirect::temporary("/account/password")
}

/// The origins whose pages may use this store's passkeys (WebAuthn L3 §5.11.1).
pub(super) async fn webauthn(State(server): State<Server>) -> Json<Value> {
    let origins = [&server.origin].into_iter().chain(&server.related_origins);
    let origins: Vec<_> = origins.map(|origin| origin.origin().ascii_serialization()).collect();
    Json(json!({ "origins": origins }))
}
