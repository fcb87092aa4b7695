//! What is refused before anything looks at it, and the headers that tell the
//! browser what to refuse.

use std::error::Error;

use app::api::Code;
use axum::{
    body::{Body, to_bytes},
    extract::{self, Request},
    http::{
        HeaderMap, HeaderName, HeaderValue, Uri,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY,
            STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
        uri::Authority,
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use url::Url;

use super::super::error::Refused;
use crate::{guard::connections::TooSlow, state::State};

/// The largest body of a request, in bytes: no form and no message of a ceremony
/// comes near it.
pub const MAX_BODY: usize = 64 * 1024;

/// Refuses unsafe requests from other sites: the shop's defence against
/// cross-site request forgery, beside `SameSite=Lax`.
pub(in super::super) async fn refuse_cross_site(
    extract::State(state): extract::State<State>,
    request: Request,
    next: Next,
) -> Response {
    let here = origin_of(&state, request.uri(), request.headers());
    if request.method().is_safe() || is_same_origin(request.headers(), here) {
        return next.run(request).await;
    }
    Refused::from(Code::CrossSite).into_response()
}

/// `Sec-Fetch-Site` cannot be set by a page; browsers that do not send it send
/// `Origin` with unsafe requests. With neither header the client is no browser,
/// and has nobody's cookies.
pub(in super::super) fn is_same_origin(headers: &HeaderMap, here: &Url) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let here = here.origin().ascii_serialization();
    headers.get(ORIGIN).is_none_or(|origin| *origin == *here)
}

/// The origin that a request was sent to: the shop's, or that of the related ones which it names.
/// No page can choose the host that its requests name.
pub(in super::super) fn origin_of<'a>(state: &'a State, uri: &Uri, headers: &HeaderMap) -> &'a Url {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    // HTTP/2 has it in the address (RFC 9113 §8.3.1).
    let host = uri.authority().map(Authority::as_str).or(host).unwrap_or_default();
    let is_there = |origin: &&Url| origin.authority().eq_ignore_ascii_case(host);
    state.related_origins.iter().find(is_there).unwrap_or(&state.origin)
}

/// Refuses a request that names no path, as `GET evil.example HTTP/1.1` does (RFC 9112 §3.2.3): it
/// is for proxies, and Leptos has no page for it.
pub(in super::super) async fn refuse_pathless(request: Request, next: Next) -> Response {
    if request.uri().path().starts_with('/') {
        return next.run(request).await;
    }
    Refused::from(Code::Malformed).into_response()
}

/// Reads the body, up to [`MAX_BODY`]. The connection sees to it that it comes in time.
pub(in super::super) async fn limit_body(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match to_bytes(body, MAX_BODY).await {
        Ok(bytes) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(error) if is_too_slow(&error) => Refused::from(Code::TooSlow).into_response(),
        Err(_) => Refused::from(Code::TooLarge).into_response(),
    }
}

fn is_too_slow(error: &(dyn Error + 'static)) -> bool {
    error.is::<TooSlow>() || error.source().is_some_and(is_too_slow)
}

/// What browsers are told with every answer, of assets and errors as well.
pub(in super::super) async fn security_headers(
    extract::State(state): extract::State<State>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in UNLESS_SAID {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if state.is_secure() {
        let value = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        headers.insert(STRICT_TRANSPORT_SECURITY, value);
    }
    response
}

const ALWAYS: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    // Passkeys and FedCM are for this shop's own pages; the rest nobody here asks for.
    (
        HeaderName::from_static("permissions-policy"),
        "publickey-credentials-get=(self), publickey-credentials-create=(self), \
         identity-credentials-get=(self), accelerometer=(), autoplay=(), camera=(), \
         display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), \
         hid=(), idle-detection=(), magnetometer=(), microphone=(), midi=(), payment=(), \
         picture-in-picture=(), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()",
    ),
];

/// Pages have a policy of their own; assets may be kept, and what is for everybody may be read by
/// everybody.
const UNLESS_SAID: [(HeaderName, &str); 3] = [
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (CACHE_CONTROL, "no-store"),
    (CORP, "same-origin"),
];

/// Who may have an answer in pages of their own (Fetch §3.8).
pub(in super::super) const CORP: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

#[cfg(test)]
mod tests {
    use super::*;

    fn same_origin(headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_same_origin(&headers.collect(), &"https://shop.example".parse().unwrap())
    }

    #[test]
    fn sec_fetch_site_decides_when_it_is_there() {
        assert!(same_origin(&[("sec-fetch-site", "same-origin")]));
        assert!(same_origin(&[("sec-fetch-site", "none")]));
        assert!(!same_origin(&[("sec-fetch-site", "same-site")]));
        let forged = [("sec-fetch-site", "cross-site"), ("origin", "https://shop.example")];
        assert!(!same_origin(&forged));
    }

    #[test]
    fn origin_decides_otherwise() {
        assert!(same_origin(&[("origin", "https://shop.example")]));
        assert!(!same_origin(&[("origin", "https://evil.example")]));
        assert!(!same_origin(&[("origin", "https://shop.example.evil.example")]));
        assert!(!same_origin(&[("origin", "http://shop.example")]));
        assert!(!same_origin(&[("origin", "null")]));
        assert!(same_origin(&[]));
    }
}
