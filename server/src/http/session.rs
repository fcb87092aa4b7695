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

/// The one address that removes the cookie.
pub(super) const SIGN_OUT: &str = "/sign-out";

/// tower-sessions removes its cookie without `Secure`, and a browser ignores
/// that for a name with the `__Host-` prefix (RFC 6265bis §5.7).
///
/// It also removes the cookie of a session that it does not find. A request that was
/// under way while the session changed its id would so take the new id with it: only
/// signing out removes it here.
pub(super) async fn secure_removal(request: Request, next: Next) -> Response {
    let signs_out = request.uri().path() == SIGN_OUT;
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Entry::Occupied(cookies) = headers.entry(SET_COOKIE) {
        let (_, cookies) = cookies.remove_entry_mult();
        let kept: Vec<_> = cookies.filter(|cookie| signs_out || !is_removal(cookie)).collect();
        for mut cookie in kept {
            secure(&mut cookie);
            headers.append(SET_COOKIE, cookie);
        }
    }
    response
}

/// Of the session's cookie.
fn is_removal(cookie: &HeaderValue) -> bool {
    let names = [SECURE, LOCAL].map(|name| format!("{name}="));
    cookie.to_str().is_ok_and(|text| {
        text.contains("Max-Age=0") && names.iter().any(|name| text.starts_with(name))
    })
}

fn secure(cookie: &mut HeaderValue) {
    let removal = is_removal(cookie).then(|| cookie.to_str().ok()).flatten();
    let removal = removal.filter(|text| text.starts_with(SECURE) && !text.contains("Secure"));
    let secured = removal.map(|text| format!("{text}; Secure; HttpOnly; SameSite=Lax"));
    if let Some(Ok(secured)) = secured.map(|text| HeaderValue::from_str(&text)) {
        *cookie = secured;
    }
}
