//! The session cookie.

use axum::{
    extract::Request,
    http::{
        HeaderValue,
        header::{Entry, SET_COOKIE},
    },
    middleware::Next,
    response::Response,
};
use tower_sessions::{
    Expiry, SessionManagerLayer,
    cookie::{SameSite, time::Duration},
};

use crate::{Server, store::Sessions};

/// Without TLS (localhost only, see the configuration) browsers refuse the
/// `__Host-` prefix.
const SECURE: &str = "__Host-latchkey";
const LOCAL: &str = "latchkey";
/// Days a session lives after its last change.
const LIFETIME: Duration = Duration::days(30);

pub(super) fn layer(server: &Server) -> SessionManagerLayer<Sessions> {
    let secure = server.origin.scheme() == "https";
    SessionManagerLayer::new(Sessions::new(server.store.clone(), server.clock.clone()))
        .with_name(if secure { SECURE } else { LOCAL })
        .with_secure(secure)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(LIFETIME))
}

/// tower-sessions removes its cookie without `Secure`, and a browser ignores
/// that for a name with the `__Host-` prefix (RFC 6265bis §5.7).
pub(super) async fn secure_removal(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Entry::Occupied(mut cookies) = headers.entry(SET_COOKIE) {
        cookies.iter_mut().for_each(secure);
    }
    response
}

fn secure(cookie: &mut HeaderValue) {
    let removal = cookie.to_str().ok().filter(|text| {
        text.starts_with(SECURE) && text.contains("Max-Age=0") && !text.contains("Secure")
    });
    let secured = removal.map(|text| format!("{text}; Secure; HttpOnly; SameSite=Lax"));
    if let Some(Ok(secured)) = secured.map(|text| HeaderValue::from_str(&text)) {
        *cookie = secured;
    }
}
