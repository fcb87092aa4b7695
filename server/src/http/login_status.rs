//! What a browser is told when somebody signs in or out.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, header::SET_COOKIE, request::Parts},
    middleware::Next,
    response::Response,
};

use crate::Call;

/// Set from a sign-out until the person signs in again of their own accord, and after an
/// automatic sign-in was refused. Says nothing about who it was.
const BY_HAND: &str = "latchkey-by-hand";
/// What a script may have kept, and pages that were fetched before they were asked for. Not
/// "cookies", which would end the sessions of all other sites of the same domain; and not
/// "cache": all pages are `no-store` anyway, and Chromium 156 looks through the cache of every
/// site for it, half a second with 3000 entries.
const CLEARED: &str = r#""storage", "prefetchCache", "prerenderCache""#;
/// Seconds: as long as browsers keep a cookie.
const FOR_LONG: u32 = 400 * 24 * 60 * 60;

/// Whether this browser's person signs in by hand.
pub(super) fn signs_in_by_hand(parts: &Parts) -> bool {
    let cookies =
        parts.headers.get_all("cookie").iter().filter_map(|cookies| cookies.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .any(|cookie| cookie.trim().strip_prefix(BY_HAND).is_some_and(|rest| rest == "=1"))
}

/// Tells the browser what has become of the session, whichever request it was.
pub(super) async fn tell(call: Call, request: Request, next: Next) -> Response {
    let before = call.visit.account().await.ok().flatten();
    let mut response = next.run(request).await;
    let after = call.visit.account().await.ok().flatten();
    match (before, after) {
        // FedCM, Login Status API.
        (_, Some(_)) if before != after => {
            set(&mut response, "set-login", "logged-in");
            let note = call.visit.sign_in_note().await.ok().flatten();
            if call.by_hand && note.is_some_and(|note| !note.how.is_automatic()) {
                set_cookie(&call, &mut response, 0);
            }
        }
        (Some(_), None) => {
            set(&mut response, "set-login", "logged-out");
            set(&mut response, "clear-site-data", CLEARED);
            set_cookie(&call, &mut response, FOR_LONG);
        }
        _ => {}
    }
    response
}

/// The answer to an automatic sign-in that was refused. Not where another tab was faster and
/// somebody is signed in by now: that was no refusal of anything.
pub(super) async fn by_hand_from_now_on(call: &Call, response: Response) -> Response {
    by_hand_for(FOR_LONG, call, response).await
}

/// The same where the next try may do better: for an hour.
pub(super) async fn by_hand_for_a_while(call: &Call, response: Response) -> Response {
    by_hand_for(60 * 60, call, response).await
}

async fn by_hand_for(seconds: u32, call: &Call, mut response: Response) -> Response {
    if matches!(call.visit.account().await, Ok(None)) {
        set_cookie(call, &mut response, seconds);
    }
    response
}

fn set(response: &mut Response, name: &'static str, value: &'static str) {
    let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
    response.headers_mut().insert(name, value);
}

fn set_cookie(call: &Call, response: &mut Response, seconds: u32) {
    let secure = if call.server.origin.scheme() == "https" { "; Secure" } else { "" };
    let cookie = format!("{BY_HAND}=1; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}
