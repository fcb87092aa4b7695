//! What a browser is told when somebody signs in or out.

use app::api::Path;
use axum::{
    extract::{self, FromRequestParts, Request},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::super::cookies;
use crate::{
    request::{RequestContext, SilentAccess},
    session::{Session, Who},
    state::State,
};

/// What a script may have kept, and pages that were fetched before they were asked for. Not
/// "cookies", which would end the sessions of all other sites of the same domain; and not
/// "cache": all pages are `no-store` anyway, and Chromium 156 looks through the cache of every
/// site for it, half a second with 3000 entries.
const CLEARED: &str = r#""storage", "prefetchCache", "prerenderCache""#;

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
    let has_old = cookies::has_old_by_hand(&state, &parts.headers);
    let signs_out = matches!(path, Some(Path::SignOut | Path::UndoSignIn));
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let session = ctx.session.get();
    match (before, session.account()) {
        // FedCM, Login Status API.
        (_, Some(account)) if before != Some(account) => {
            set(&mut response, "set-login", "logged-in");
            if ctx.silent_access != SilentAccess::Allowed && !is_automatic(&session) {
                cookies::set_silent_access(&state, response.headers_mut(), SilentAccess::Allowed);
                if has_old {
                    cookies::remove_old_by_hand(&state, response.headers_mut());
                }
            }
        }
        // A press on "Sign out" means it, also where the session had ended before.
        (_, None) if before.is_some() || signs_out && response.status().is_redirection() => {
            set(&mut response, "set-login", "logged-out");
            set(&mut response, "clear-site-data", CLEARED);
            cookies::set_silent_access(&state, response.headers_mut(), SilentAccess::Prevented);
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
        cookies::set_silent_access(&ctx.state, response.headers_mut(), silent_access);
    }
    response
}

fn set(response: &mut Response, name: &'static str, value: &'static str) {
    let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
    response.headers_mut().insert(name, value);
}
