//! Addresses that browsers and password managers know.

use app::api::Path;
use axum::{
    Json, extract,
    response::{IntoResponse, Redirect},
};
use serde_json::json;

use super::middleware::guard::CORP;
use crate::state::State;

/// Where passkeys are created and managed ("A Well-Known URL for Relying Party Passkey
/// Endpoints", W3C).
pub(super) async fn passkey_endpoints(
    extract::State(state): extract::State<State>,
) -> impl IntoResponse {
    let at = |path: Path| format!("{}{path}", state.origin.origin().ascii_serialization());
    let endpoints = json!({ "enroll": at(Path::NewPasskey), "manage": at(Path::Account) });
    ([(CORP, "cross-origin")], Json(endpoints))
}

/// "A Well-Known URL for Changing Passwords", W3C.
pub(super) async fn change_password() -> Redirect {
    Redirect::temporary(&Path::Password.to_string())
}

/// The origins whose pages may use this shop's passkeys (WebAuthn L3 §5.11.1).
pub(super) async fn related_origins(
    extract::State(state): extract::State<State>,
) -> impl IntoResponse {
    let origins = [&state.origin].into_iter().chain(&state.related_origins);
    let origins: Vec<_> = origins.map(|origin| origin.origin().ascii_serialization()).collect();
    ([(CORP, "cross-origin")], Json(json!({ "origins": origins })))
}
