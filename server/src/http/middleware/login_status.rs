//! What a browser is told when somebody signs in or out.

use app::api::Path;
use axum::{
    extract::{self, FromRequestParts, Request},
    http::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::super::cookies::{self, Age};
use crate::{
    request::{RequestContext, SilentAccess},
    session::{Session, Who},
    state::State,
};

/// The values of the cookie: the second where the next try may do better.
const PREVENTED: &str = "1";
const PAUSED: &str = "0";
/// What a script may have kept, and pages that were fetched before they were asked for. Not
/// "cookies", which would end the sessions of all other sites of the same domain; and not
/// "cache": all pages are `no-store` anyway, and Chromium 156 looks through the cache of every
/// site for it, half a second with 3000 entries.
const CLEARED: &str = r#""storage", "prefetchCache", "prerenderCache""#;
/// Seconds after which an automatic sign-in may be tried again.
const PAUSE: i64 = 60 * 60;

/// Whether this browser may sign in by itself.
pub(in super::super) fn silent_access(state: &State, headers: &HeaderMap) -> SilentAccess {
    // From before it had the prefix, it still says who has signed out.
    let value = cookies::get(state, headers, cookies::BY_HAND);
    match value.or_else(|| cookies::named(headers, cookies::BY_HAND)) {
        Some(PREVENTED) => SilentAccess::Prevented,
        Some(PAUSED) => SilentAccess::PausedForNow,
        _ => SilentAccess::Allowed,
    }
}

/// Tells the browser what has become of the session, whichever request it was.
pub(in super::super) async fn tell(
    extract::State(state): extract::State<State>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let ctx = match RequestContext::from_request_parts(&mut parts, &state).await {
        Ok(ctx) => ctx,
        Err(refused) => return refused.into_response(),
    };
    let before = ctx.session.get().account();
    let path = Path::parse(parts.uri.path());
    let signs_out = matches!(path, Some(Path::SignOut | Path::UndoSignIn));
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let session = ctx.session.get();
    match (before, session.account()) {
        // FedCM, Login Status API.
        (_, Some(account)) if before != Some(account) => {
            set(&mut response, "set-login", "logged-in");
            if ctx.silent_access != SilentAccess::Allowed && !is_automatic(&session) {
                set_cookie(&ctx, &mut response, SilentAccess::Allowed);
            }
        }
        // A press on "Sign out" means it, also where the session had ended before.
        (_, None) if before.is_some() || signs_out && response.status().is_redirection() => {
            set(&mut response, "set-login", "logged-out");
            set(&mut response, "clear-site-data", CLEARED);
            set_cookie(&ctx, &mut response, SilentAccess::Prevented);
        }
        _ => {}
    }
    response
}

fn is_automatic(session: &Session) -> bool {
    matches!(&session.who, Who::SignedIn(signed_in) if signed_in.methods.automatic)
}

/// The answer to an automatic sign-in that came to nothing: not again for now, or from now on;
/// never for a shorter time than before. Not where another tab was faster and somebody is signed
/// in by now: that was no refusal of anything.
pub(in super::super) fn sign_in_by_hand(
    ctx: &RequestContext,
    silent_access: SilentAccess,
    mut response: Response,
) -> Response {
    if silent_access >= ctx.silent_access && ctx.session.get().account().is_none() {
        set_cookie(ctx, &mut response, silent_access);
    }
    response
}

fn set(response: &mut Response, name: &'static str, value: &'static str) {
    let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
    response.headers_mut().insert(name, value);
}

fn set_cookie(ctx: &RequestContext, response: &mut Response, silent_access: SilentAccess) {
    let (value, age) = match silent_access {
        SilentAccess::Allowed => ("", Age::Removed),
        SilentAccess::PausedForNow => (PAUSED, Age::Seconds(PAUSE)),
        SilentAccess::Prevented => (PREVENTED, Age::Seconds(cookies::LONGEST)),
    };
    cookies::set(&ctx.state, response.headers_mut(), cookies::BY_HAND, value, age);
}
