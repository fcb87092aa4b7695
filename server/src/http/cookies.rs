//! The shop's cookies: read, and written.

use std::fmt::Display;

use axum::http::{
    HeaderMap, HeaderValue,
    header::{COOKIE, SET_COOKIE},
};

use crate::{request::SilentAccess, session::COOKIE_LIFETIME, state::State};

/// Says which session it is.
pub(super) const SESSION: &str = "latchkey";

/// Says which browser it is, for challenges.
pub(super) const BROWSER: &str = "latchkey-browser";

/// What accounts know a browser by.
pub(super) const KNOWN_BROWSER: &str = "latchkey-known";

/// Keeps a browser from signing in by itself: from a sign-out until the person signs in again of
/// their own accord, and after an automatic sign-in was refused. It says nothing about who it was.
const BY_HAND: &str = "latchkey-by-hand";
/// Its values: the second where the next try may do better.
const PREVENTED: &str = "1";
const PAUSED: &str = "0";
/// Seconds after which an automatic sign-in may be tried again.
const PAUSE: i64 = 60 * 60;

/// The cookie of an attempt to sign in with a provider.
pub(super) fn attempt(name: &str) -> String {
    format!("latchkey-attempt-{name}")
}

/// What every name begins with, so that no other host of the domain can set the cookie. Without
/// TLS (localhost only, see the configuration) browsers refuse that (RFC 6265bis §4.1.3.2).
fn prefix(state: &State) -> &'static str {
    if state.is_secure() { "__Host-" } else { "" }
}

/// How long a browser keeps a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    Seconds(i64),
    /// As long as a browser keeps any.
    Longest,
    /// Until it is closed.
    Browser,
    Removed,
}

/// The value of a cookie that came with a request.
pub(super) fn get<'a>(state: &State, headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    named(headers, &format!("{}{name}", prefix(state)))
}

/// The value of the cookie with just this name.
fn named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
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
    set_named(state, headers, &format!("{}{name}", prefix(state)), value, age);
}

fn set_named(state: &State, headers: &mut HeaderMap, name: &str, value: impl Display, age: Age) {
    let secure = if state.is_secure() { "; Secure" } else { "" };
    let age = match age {
        Age::Seconds(seconds) => format!("; Max-Age={seconds}"),
        Age::Longest => format!("; Max-Age={}", COOKIE_LIFETIME.as_secs()),
        Age::Browser => String::new(),
        Age::Removed => "; Max-Age=0".to_owned(),
    };
    let cookie = format!("{name}={value}; Path=/{age}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.append(SET_COOKIE, cookie);
    }
}

/// Whether this browser may sign in by itself.
pub(super) fn silent_access(state: &State, headers: &HeaderMap) -> SilentAccess {
    // From before it had the prefix, it still says who has signed out.
    match get(state, headers, BY_HAND).or_else(|| named(headers, BY_HAND)) {
        Some(PREVENTED) => SilentAccess::Prevented,
        Some(PAUSED) => SilentAccess::PausedForNow,
        _ => SilentAccess::Allowed,
    }
}

/// Whether there is a cookie from before it had the prefix.
pub(super) fn has_old_by_hand(state: &State, headers: &HeaderMap) -> bool {
    state.is_secure() && named(headers, BY_HAND).is_some()
}

pub(super) fn remove_old_by_hand(state: &State, headers: &mut HeaderMap) {
    set_named(state, headers, BY_HAND, "", Age::Removed);
}

/// Tells the browser whether it may.
pub(super) fn set_silent_access(state: &State, headers: &mut HeaderMap, access: SilentAccess) {
    let (value, age) = match access {
        SilentAccess::Allowed => ("", Age::Removed),
        SilentAccess::PausedForNow => (PAUSED, Age::Seconds(PAUSE)),
        SilentAccess::Prevented => (PREVENTED, Age::Longest),
    };
    set(state, headers, BY_HAND, value, age);
}
