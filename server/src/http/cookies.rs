//! The shop's cookies: read, and written.

use std::fmt::Display;

use axum::http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, SET_COOKIE},
};

use crate::state::State;

/// Without TLS (localhost only, see the configuration) browsers refuse the `__Host-` prefix
/// (RFC 6265bis §4.1.3.2).
const PREFIX: &str = "__Host-";

/// The cookie that says which session it is.
pub(super) fn session(state: &State) -> String {
    host_only(state, "latchkey")
}

/// The cookie that says which browser it is, for challenges.
pub(super) fn browser(state: &State) -> String {
    host_only(state, "latchkey-browser")
}

/// The cookie that accounts know a browser by.
pub(super) fn known_browser(state: &State) -> String {
    host_only(state, "latchkey-known")
}

/// The cookie that keeps a browser from signing in by itself: from a sign-out until the person
/// signs in again of their own accord, and after an automatic sign-in was refused. It says nothing
/// about who it was.
pub(super) fn by_hand(state: &State) -> String {
    host_only(state, BY_HAND)
}

pub(super) const BY_HAND: &str = "latchkey-by-hand";

/// The cookie of an attempt to sign in with a provider.
pub(super) fn attempt(state: &State, name: &str) -> String {
    host_only(state, &format!("latchkey-attempt-{name}"))
}

fn host_only(state: &State, name: &str) -> String {
    if state.is_secure() { format!("{PREFIX}{name}") } else { name.to_owned() }
}

/// No browser keeps a cookie for longer, in seconds: 400 days (RFC 6265bis §5.5).
pub(super) const LONGEST: i64 = 400 * 24 * 60 * 60;

/// How long a browser keeps a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    Seconds(i64),
    /// Until it is closed.
    Browser,
    Removed,
}

/// The value of a cookie that came with a request.
pub(super) fn get<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Sends a cookie that scripts cannot read and that other sites' requests do not carry.
pub(super) fn set(
    state: &State,
    headers: &mut HeaderMap,
    name: &str,
    value: impl Display,
    age: Age,
) {
    let secure = if state.is_secure() { "; Secure" } else { "" };
    let age = match age {
        Age::Seconds(seconds) => format!("; Max-Age={seconds}"),
        Age::Browser => String::new(),
        Age::Removed => "; Max-Age=0".to_owned(),
    };
    let cookie = format!("{name}={value}; Path=/{age}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.append(SET_COOKIE, cookie);
    }
}
