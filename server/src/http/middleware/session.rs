//! The session of a request, and its cookies. What a ceremony has written is not written again;
//! what is left goes into the database at the end of the request.

use axum::{
    extract::{self, Request},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::super::{
    cookies::{self, Age},
    error::Refused,
};
use crate::{
    session::{BrowserCookie, Cookie, RequestSession},
    state::State,
};

/// Gives the request its session, writes what it has changed, and tells the browser.
///
/// The cookie is removed by signing out only: a request that was under way while the session
/// changed its id does not find it, and would take the new id with it.
pub(in super::super) async fn manage(
    extract::State(state): extract::State<State>,
    mut request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let cookie = |name| cookies::get(&state, headers, name);
    let id = cookie(cookies::SESSION).and_then(|id| id.parse().ok());
    let browser = cookie(cookies::BROWSER).map(str::to_owned);
    let known = cookie(cookies::KNOWN_BROWSER).map(str::to_owned);
    let session = RequestSession::new(state.sessions.clone(), id, browser, known);
    request.extensions_mut().insert(session.clone());
    let mut response = next.run(request).await;
    if !response.status().is_server_error()
        && let Err(error) = session.save().await
    {
        response = Refused(error).into_response();
    }
    let headers = response.headers_mut();
    match session.cookie() {
        Cookie::Kept => {}
        Cookie::Set(id, seconds) => {
            cookies::set(&state, headers, cookies::SESSION, id, Age::Seconds(seconds));
        }
        Cookie::Removed => cookies::set(&state, headers, cookies::SESSION, "", Age::Removed),
    }
    if let Some(known) = session.remembered() {
        cookies::set(&state, headers, cookies::KNOWN_BROWSER, known, Age::Longest);
    }
    match session.browser_cookie() {
        BrowserCookie::Kept => {}
        BrowserCookie::Set(browser) => {
            cookies::set(&state, headers, cookies::BROWSER, browser, Age::Browser);
        }
        BrowserCookie::Removed => {
            cookies::set(&state, headers, cookies::BROWSER, "", Age::Removed);
        }
    }
    response
}
