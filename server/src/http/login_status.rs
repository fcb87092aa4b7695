//! What a browser is told when somebody signs in or out.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, header::SET_COOKIE, request::Parts},
    middleware::Next,
    response::Response,
};

use super::session::SIGN_OUT;
use crate::{ByHand, Call};

/// Set from a sign-out until the person signs in again of their own accord, and after an
/// automatic sign-in was refused. Says nothing about who it was.
const BY_HAND: &str = "latchkey-by-hand";
/// Its values: the second where the next try may do better.
const NOW_ON: &str = "1";
const FOR_NOW: &str = "0";
/// What a script may have kept, and pages that were fetched before they were asked for. Not
/// "cookies", which would end the sessions of all other sites of the same domain; and not
/// "cache": all pages are `no-store` anyway, and Chromium 156 looks through the cache of every
/// site for it, half a second with 3000 entries.
const CLEARED: &str = r#""storage", "prefetchCache", "prerenderCache""#;
/// Seconds: as long as browsers keep a cookie.
const FOR_LONG: u32 = 400 * 24 * 60 * 60;

/// Whether this browser's person signs in by hand.
pub(super) fn by_hand(parts: &Parts) -> ByHand {
    let cookies =
        parts.headers.get_all("cookie").iter().filter_map(|cookies| cookies.to_str().ok());
    let value = cookies
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(BY_HAND)?.strip_prefix('='));
    match value {
        Some(NOW_ON) => ByHand::FromNowOn,
        Some(FOR_NOW) => ByHand::ForNow,
        _ => ByHand::No,
    }
}

/// Tells the browser what has become of the session, whichever request it was.
pub(super) async fn tell(call: Call, request: Request, next: Next) -> Response {
    let before = call.visit.account().await.ok().flatten();
    let signs_out = request.uri().path() == SIGN_OUT;
    let mut response = next.run(request).await;
    let after = call.visit.account().await.ok().flatten();
    match (before, after) {
        // FedCM, Login Status API.
        (_, Some(_)) if before != after => {
            set(&mut response, "set-login", "logged-in");
            let note = call.visit.sign_in_note().await.ok().flatten();
            if call.by_hand != ByHand::No && note.is_some_and(|note| !note.how.is_automatic()) {
                set_cookie(&call, &mut response, ByHand::No);
            }
        }
        // A press on "Sign out" means it, also where the session had ended before.
        (_, None) if before.is_some() || signs_out && response.status().is_redirection() => {
            set(&mut response, "set-login", "logged-out");
            set(&mut response, "clear-site-data", CLEARED);
            set_cookie(&call, &mut response, ByHand::FromNowOn);
        }
        _ => {}
    }
    response
}

/// The answer to an automatic sign-in that came to nothing: not again for now, or from now on;
/// never for a shorter time than before. Not where another tab was faster and somebody is signed
/// in by now: that was no refusal of anything.
pub(super) async fn sign_in_by_hand(
    call: &Call,
    by_hand: ByHand,
    mut response: Response,
) -> Response {
    if by_hand >= call.by_hand && matches!(call.visit.account().await, Ok(None)) {
        set_cookie(call, &mut response, by_hand);
    }
    response
}

fn set(response: &mut Response, name: &'static str, value: &'static str) {
    let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
    response.headers_mut().insert(name, value);
}

fn set_cookie(call: &Call, response: &mut Response, by_hand: ByHand) {
    let (value, seconds) = match by_hand {
        ByHand::No => ("", 0),
        ByHand::ForNow => (FOR_NOW, 60 * 60),
        ByHand::FromNowOn => (NOW_ON, FOR_LONG),
    };
    let secure = if call.server.origin.scheme() == "https" { "; Secure" } else { "" };
    let cookie =
        format!("{BY_HAND}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}
