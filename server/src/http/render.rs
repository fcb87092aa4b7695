//! Shows pages: the Leptos application, for one request.

use std::sync::Arc;

use app::{
    PageRequest,
    api::{
        AccountService, Code, FederationService, FormOutcome, Next as NextPage, Path, PublicError,
        Result, ShopService, SignInService, Upkeep, Visitor,
    },
};
use axum::{
    body::{Body, to_bytes},
    extract::{self, Request},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode, Uri,
        header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
        response::Parts,
    },
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use leptos::{
    config::Env,
    nonce::{Nonce, use_nonce},
    prelude::*,
};
use leptos_axum::{ResponseOptions, render_app_async_with_context};

use super::error::{Answer, AnswerHead, Refused};
use crate::{
    account::passkeys,
    error::internal,
    kept_pages::{KeptPage, Kind},
    oidc::Provider,
    request::{RequestContext, SilentAccess},
    sign_in::automatic,
    state::State,
};

/// Any page. What has no handler for its form posts has no form.
pub(super) async fn page(ctx: RequestContext, request: Request) -> Answer {
    if !request.method().is_safe() {
        return Err(Code::NotFound.into());
    }
    Ok(render(ctx, request.uri(), FormOutcome::default(), None).await)
}

/// The page of a form again, with what was wrong with it.
pub(super) async fn show_again(
    ctx: RequestContext,
    uri: &Uri,
    head: impl Into<AnswerHead>,
    outcome: FormOutcome,
) -> Response {
    let mut response = render(ctx, uri, outcome, None).await;
    // A page that sends the visitor elsewhere keeps its own status.
    if response.status() == StatusCode::OK {
        head.into().apply(&mut response);
    }
    response
}

/// The page at one of our own addresses, which is not the one that was asked for.
pub(super) async fn show(
    ctx: RequestContext,
    page: &Path,
    head: impl Into<AnswerHead>,
    outcome: FormOutcome,
) -> Response {
    show_again(ctx, &page.to_string().parse().unwrap_or_default(), head, outcome).await
}

/// Makes a page of a refusal, for those who asked for one; or sends them to what is
/// missing first.
pub(super) async fn show_refusals(
    extract::State(state): extract::State<State>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let asked = parts.clone();
    let response = next.run(Request::from_parts(parts, body)).await;
    let Some(Refused(error)) = response.extensions().get::<Refused>().cloned() else {
        return response;
    };
    if !accepts_html(&asked.headers) {
        return response;
    }
    let path = Path::parse(asked.uri.path());
    let code = error.code;
    let mut page = match code {
        // Forms that need a fresh proof post to the page that they are on.
        Code::ProofRequired => {
            let back = path.map_or_else(NextPage::default, NextPage::from);
            Redirect::to(&Path::Confirm.with_next(&back)).into_response()
        }
        Code::SignInRequired => {
            let back = if path == Some(Path::Checkout) { Path::Checkout } else { Path::Account };
            Redirect::to(&Path::SignIn.with_next(&back.into())).into_response()
        }
        _ => {
            let head = AnswerHead::from(&error);
            let ctx = match RequestContext::new(&asked, &state) {
                Ok(ctx) => ctx,
                Err(refused) => return refused.into_response(),
            };
            // Whom the header greets is not worth another refusal.
            let _ = ctx.session.load().await;
            let mut page = render(ctx, &asked.uri, FormOutcome::default(), Some(error)).await;
            head.apply(&mut page);
            page
        }
    };
    page.extensions_mut().insert(code);
    // What the browser was told of its session holds with a page as well.
    let told = response.headers().iter().filter(|(name, _)| *name != CONTENT_TYPE);
    page.headers_mut().extend(told.map(|(name, value)| (name.clone(), value.clone())));
    page
}

fn accepts_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

async fn render(
    ctx: RequestContext,
    uri: &Uri,
    outcome: FormOutcome,
    refusal: Option<PublicError>,
) -> Response {
    let found = visitor(&ctx, Path::parse(uri.path())).await;
    // Only who has no session at all is nobody for the whole request: whatever else is asked for
    // can fail, or change, before the page itself asks.
    let nobody = found.is_ok() && ctx.session.key().is_none();
    // The header is not worth an error page: without an answer it greets a stranger.
    let page = PageRequest { refusal, ..PageRequest::new(uri, found.unwrap_or_default(), outcome) };
    // The first two presses at once begin one cart, if the browser has a name by then.
    if matches!(page.path, Some(Path::Product { .. })) && ctx.session.get().cart().is_none() {
        let _named = ctx.session.browser_name();
    }
    match kind_of(uri, &page).filter(|_| nobody) {
        Some(kind) => kept(ctx, uri, page, kind).await,
        None => render_for(ctx, uri, page).await,
    }
}

/// A page that is the same for all strangers.
async fn kept(ctx: RequestContext, uri: &Uri, page: PageRequest, kind: Kind) -> Response {
    let state = ctx.state.clone();
    let Ok(catalogue) = state.store.catalogue().await else {
        return render_for(ctx, uri, page).await;
    };
    if let Some(page) = state.kept_pages.get(&kind, catalogue.version) {
        return again(&state, &page);
    }
    match render_for(ctx, uri, page).await {
        response if response.status() == StatusCode::OK => {
            keep(&state, kind, catalogue.version, response).await
        }
        response => response,
    }
}

async fn render_for(ctx: RequestContext, uri: &Uri, page: PageRequest) -> Response {
    let once = page.visitor.notice.is_some() || page.visitor.upkeep.federated.is_some();
    let (state, session) = (ctx.state.clone(), ctx.session.clone());
    let (options, addresses) = (state.leptos.clone(), state.assets.addresses.clone());
    let policy = Policy::new(&ctx.state);
    let context = move || {
        provide_context(page.clone());
        provide_context(addresses.clone());
        provide_services(&ctx);
        policy.allow_own_scripts();
    };
    let document = move || app::shell(options.clone());
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri.clone();
    let response = render_app_async_with_context(context, document)(request).await;
    let mut response = with_script(&state, response).await;
    // What only redirects has told nobody anything.
    if once && !response.status().is_redirection() {
        session.change(|session| (session.notice, session.federated) = (None, None));
    }
    // Pages show who is signed in and what is in the cart.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What a page is kept by; none for one that is made for somebody, or may be asked for at any number
/// of addresses: with a query, or percent-encoded in one more way.
fn kind_of(uri: &Uri, page: &PageRequest) -> Option<Kind> {
    let Visitor { account, cart_count, notice, offer, upkeep, .. } = &page.visitor;
    let Upkeep { signals, federated, automatic, by_hand } = upkeep;
    let nobody = account.is_none()
        && *cart_count == 0
        && (notice, offer) == (&None, &None)
        && (signals, federated) == (&None, &None);
    let path = match page.path.as_ref()? {
        shown @ (Path::Catalogue | Path::Product { .. } | Path::Cart) => shown.to_string(),
        _ => return None,
    };
    let asked = uri.path_and_query().map_or("", |asked| asked.as_str());
    let plain = page.refusal.is_none() && page.outcome == FormOutcome::default() && asked == path;
    (nobody && plain).then_some(Kind { path, automatic: automatic.is_some(), by_hand: *by_hand })
}

/// The page with its script, if there is anything on it that waits for one.
async fn with_script(state: &State, response: Response) -> Response {
    let (parts, mut html) = match text(response).await {
        Ok(page) => page,
        Err(refused) => return refused.into_response(),
    };
    if let (Some(nonce), Some(end)) = (nonce(&parts.headers), html.find("</head>"))
        && html.contains("<leptos-island")
    {
        html.insert_str(end, &app::script(&state.leptos, &state.assets.addresses, nonce));
    }
    Response::from_parts(parts, Body::from(html))
}

/// Keeps a page for those who come after, and answers with it.
async fn keep(state: &State, kind: Kind, version: u64, response: Response) -> Response {
    let (parts, html) = match text(response).await {
        Ok(page) => page,
        Err(refused) => return refused.into_response(),
    };
    if let Some(nonce) = nonce(&parts.headers) {
        state.kept_pages.keep(kind, version, KeptPage::new(parts.headers.clone(), &html, nonce));
    }
    Response::from_parts(parts, Body::from(html))
}

async fn text(response: Response) -> std::result::Result<(Parts, String), Refused> {
    let (parts, body) = response.into_parts();
    let html = to_bytes(body, usize::MAX).await.map_err(internal)?;
    Ok((parts, String::from_utf8(html.into()).map_err(internal)?))
}

/// What the page's policy lets run.
fn nonce(headers: &HeaderMap) -> Option<&str> {
    let policy = headers.get(CONTENT_SECURITY_POLICY)?.to_str().ok()?;
    policy.split("'nonce-").nth(1)?.split('\'').next()
}

/// A page that was rendered before, with a nonce of its own.
fn again(state: &State, page: &KeptPage) -> Response {
    let nonce = Nonce::new().to_string();
    let mut response = Response::new(Body::from(page.html(&nonce)));
    *response.headers_mut() = page.headers.clone();
    if let Ok(policy) = HeaderValue::from_str(&Policy::new(state).text(&nonce)) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// What pages and server functions ask the server.
pub(super) fn provide_services(ctx: &RequestContext) {
    let ctx = Arc::new(ctx.clone());
    provide_context::<Arc<dyn SignInService>>(ctx.clone());
    provide_context::<Arc<dyn FederationService>>(ctx.clone());
    provide_context::<Arc<dyn AccountService>>(ctx.clone());
    provide_context::<Arc<dyn ShopService>>(ctx);
}

/// Who is looking, for what surrounds every page.
async fn visitor(ctx: &RequestContext, page: Option<Path>) -> Result<Visitor> {
    let store = &ctx.state.store;
    let session = ctx.session.get();
    let row = match (session.account(), ctx.session.key()) {
        (Some(_), Some(key)) => match ctx.session.visitor() {
            None => store.session(&key, ctx.now()).await?.and_then(|found| found.visitor),
            found => found,
        },
        _ => None,
    };
    let cart_count = match (&row, session.cart()) {
        (Some(row), _) => row.pieces.iter().map(|pieces| pieces.quantity).sum(),
        (None, Some(cart)) => store.cart_count(&cart).await?,
        (None, None) => 0,
    };
    let account = row.as_ref().map(|row| &row.account);
    let signals = match page {
        // It is left at once.
        Some(Path::Leaving) => None,
        _ => passkeys::signals(ctx, row.as_ref()).await?,
    };
    let providers = &ctx.state.providers;
    let prevented = ctx.silent_access == SilentAccess::Prevented;
    Ok(Visitor {
        cart_count,
        offer: account.and_then(|row| passkeys::offer(ctx, row)),
        upkeep: Upkeep {
            signals,
            federated: session.federated,
            automatic: automatic::is_allowed(ctx).then(|| providers.origins()),
            by_hand: prevented && account.is_none(),
        },
        notice: session.notice,
        providers: providers.buttons(),
        account: account.map(|row| row.name()),
    })
}

/// The Content Security Policy of pages, but for the nonce.
#[derive(Clone)]
struct Policy {
    /// Where pages connect to, beside the shop.
    connections: String,
    /// Tokens of origin trials.
    trials: Vec<HeaderValue>,
}

impl Policy {
    fn new(state: &State) -> Self {
        // Where a browser asks for accounts (FedCM): it takes that for connections of the page.
        let fedcm = state.providers.0.iter().filter_map(|provider: &Provider| {
            Some(format!(" {}", provider.fedcm.as_ref()?.origin().ascii_serialization()))
        });
        let mut connections: String = fedcm.collect();
        // `cargo leptos watch` reloads pages through a socket of its own.
        if state.leptos.env == Env::DEV {
            let port = state.leptos.reload_port;
            connections += &format!(" ws://localhost:{port} ws://127.0.0.1:{port}");
        }
        Self { connections, trials: state.origin_trials.clone() }
    }

    /// Only what the server itself wrote into the page may run in it.
    fn allow_own_scripts(&self) {
        let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else {
            return;
        };
        let reports = Path::PolicyReports;
        for trial in &self.trials {
            response.append_header(HeaderName::from_static("origin-trial"), trial.clone());
        }
        if let Ok(endpoint) = HeaderValue::from_str(&format!("policy=\"{reports}\"")) {
            response.insert_header(HeaderName::from_static("reporting-endpoints"), endpoint);
        }
        if let Ok(policy) = HeaderValue::from_str(&self.text(&nonce)) {
            response.insert_header(CONTENT_SECURITY_POLICY, policy);
        }
    }

    fn text(&self, nonce: &str) -> String {
        let (connections, reports) = (&self.connections, Path::PolicyReports);
        format!(
            "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
             style-src 'self'; img-src 'self' data:; connect-src 'self'{connections}; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'; report-uri {reports}; report-to policy"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept_as(address: &str, visitor: Visitor) -> Option<String> {
        let uri = address.parse().unwrap();
        let page = PageRequest::new(&uri, visitor, FormOutcome::default());
        kind_of(&uri, &page).map(|kind| kind.path)
    }

    #[test]
    fn a_page_is_kept_at_one_address() {
        for address in ["/", "/cart", "/products/lantern"] {
            assert_eq!(kept_as(address, Visitor::default()).as_deref(), Some(address));
        }
        for address in [
            "/products/%6cantern",
            "/products/l%61ntern",
            "/products/lantern?a",
            "/products/lantern?",
            "/?",
            "/cart/",
            "/sign-in",
        ] {
            assert_eq!(kept_as(address, Visitor::default()), None, "{address}");
        }
    }

    #[test]
    fn a_page_that_shows_a_cart_is_not_kept() {
        assert_eq!(kept_as("/", Visitor { cart_count: 1, ..Visitor::default() }), None);
    }
}
