//! Shows pages: the Leptos application, for one request.

use std::sync::Arc;

use app::api::{Code, FormOutcome, PublicError, SharedBackend, with_next};
use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderMap, HeaderValue, StatusCode, Uri,
        header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_axum::{ResponseOptions, render_app_async_with_context};

use super::{Refused, status};
use crate::{Call, oidc::Provider};

/// Any page. What has no handler for its form posts has no form.
pub(super) async fn show(call: Call, request: Request) -> Response {
    if !request.method().is_safe() {
        return Refused(Code::NotFound.into()).into_response();
    }
    render(call, request, Extra::default()).await
}

/// The page of a form again, with what was wrong with it.
pub(super) async fn show_again(
    call: Call,
    uri: &Uri,
    code: StatusCode,
    outcome: FormOutcome,
) -> Response {
    let extra = Extra { outcome: Some(outcome), refusal: None };
    let mut response = render(call, get(uri), extra).await;
    // A page that sends the visitor elsewhere keeps its own status.
    if response.status() == StatusCode::OK {
        *response.status_mut() = code;
    }
    response
}

/// Makes a page of a refusal, for those who asked for one; or sends them to what is
/// missing first.
pub(super) async fn show_refusals(call: Call, request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let wants_page = accepts_html(request.headers());
    let response = next.run(request).await;
    let Some(Refused(error)) = response.extensions().get::<Refused>().cloned() else {
        return response;
    };
    if !wants_page {
        return response;
    }
    let mut page = match error.code {
        // Forms that need a fresh proof post to the page that they are on.
        Code::ProofRequired => Redirect::to(&with_next("/confirm", uri.path())).into_response(),
        Code::SignInRequired => Redirect::to("/sign-in?next=/account").into_response(),
        code => {
            let extra = Extra { refusal: Some(error), outcome: None };
            let mut page = render(call, get(&uri), extra).await;
            *page.status_mut() = status(code);
            page
        }
    };
    // What the browser was told of its session holds with a page as well.
    let told = response.headers().iter().filter(|(name, _)| *name != CONTENT_TYPE);
    page.headers_mut().extend(told.map(|(name, value)| (name.clone(), value.clone())));
    page
}

fn accepts_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn get(uri: &Uri) -> Request {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri.clone();
    request
}

/// What a page is shown with, beside the backend.
#[derive(Clone, Default)]
struct Extra {
    outcome: Option<FormOutcome>,
    refusal: Option<PublicError>,
}

async fn render(call: Call, request: Request, extra: Extra) -> Response {
    let options = call.server.leptos.clone();
    // The header is not worth an error page: without an answer it greets a stranger.
    let visitor = call.visitor().await.unwrap_or_default();
    let visit = call.visit.clone();
    let once = visitor.notice.is_some() || visitor.upkeep.federated.is_some();
    let fedcm = fedcm_origins(&call.server.providers);
    let backend: SharedBackend = Arc::new(call);
    let context = move || {
        provide_context(backend.clone());
        provide_context(visitor.clone());
        if let Some(outcome) = extra.outcome.clone() {
            provide_context(outcome);
        }
        if let Some(refusal) = extra.refusal.clone() {
            provide_context(refusal);
        }
        allow_own_scripts(&fedcm);
    };
    let document = move || app::shell(options.clone());
    let mut response = render_app_async_with_context(context, document)(request).await;
    // What only redirects has told nobody anything.
    if once && !response.status().is_redirection() && visit.told().await.is_err() {
        tracing::warn!("what was for one page will be on the next as well");
    }
    // Pages show who is signed in and what is in the cart.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Where a browser asks for accounts (FedCM): it takes that for connections of the page.
fn fedcm_origins(providers: &[Provider]) -> String {
    let urls = providers.iter().filter_map(|provider| provider.fedcm.as_ref());
    urls.map(|url| format!(" {}", url.origin().ascii_serialization())).collect()
}

/// Only what the server itself wrote into the page may run in it.
fn allow_own_scripts(fedcm: &str) {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else {
        return;
    };
    // `cargo leptos watch` reloads pages through a socket of its own.
    let reload =
        if cfg!(debug_assertions) { " ws://localhost:3001 ws://127.0.0.1:3001" } else { "" };
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
         style-src 'self'; img-src 'self' data:; connect-src 'self'{fedcm}{reload}; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(CONTENT_SECURITY_POLICY, policy);
    }
}
