//! The pages, one file each.

pub mod account;
mod browser_support;
mod cart;
mod catalogue;
mod checkout;
mod confirm;
mod errors;
mod goodbye;
mod leaving;
mod one_button;
mod order;
mod product;
mod recover;
mod second_factor;
mod sign_in;
mod sign_up;
mod sign_up_with_provider;

use std::future::Future;

use axum::http::{HeaderValue, StatusCode, header::LOCATION};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_router::hooks::{use_params_map, use_query_map};

pub use browser_support::BrowserSupportPage;
pub use cart::Cart;
pub use catalogue::Catalogue;
pub use checkout::Checkout;
pub use confirm::Confirm;
pub use errors::{ErrorPage, NotFound};
pub use goodbye::Goodbye;
pub use leaving::Leaving;
pub use one_button::OneButton;
pub use order::Order;
pub use product::Product;
pub use recover::Recover;
pub use second_factor::SecondFactor;
pub use sign_in::SignIn;
pub use sign_up::SignUp;
pub use sign_up_with_provider::SignUpWithProvider;

use crate::api::{Code, FormOutcome, PublicError, Result, Visitor, same_origin_path, with_next};

/// Shows a page of what `data` brings. A visitor who has to sign in or to confirm
/// first is sent there, and will come back; any other refusal shows the error page
/// with its status.
fn load<T, V>(
    data: impl Future<Output = Result<T>> + Send + 'static,
    show: impl FnOnce(T) -> V + Send + 'static,
) -> impl IntoView
where
    T: Send + 'static,
    V: IntoView + 'static,
{
    let response = expect_context::<ResponseOptions>();
    let (confirm, sign_in) = (with_next("/confirm", &here()), sign_in_address());
    Suspend::new(async move {
        let error = match data.await {
            Ok(data) => return show(data).into_any(),
            Err(error) => error,
        };
        match error.code {
            Code::SignInRequired => see_other(&response, &sign_in),
            Code::ProofRequired => see_other(&response, &confirm),
            _ => return refuse(&response, error).into_any(),
        }
        ().into_any()
    })
}

fn see_other(response: &ResponseOptions, location: &str) {
    if let Ok(location) = HeaderValue::from_str(location) {
        response.insert_header(LOCATION, location);
        response.set_status(StatusCode::SEE_OTHER);
    }
}

fn refuse(response: &ResponseOptions, error: PublicError) -> impl IntoView + use<> {
    let status = StatusCode::from_u16(error.code.status());
    response.set_status(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    view! { <ErrorPage error/> }
}

/// Where a page sends a visitor whom it does not know. Somebody who comes back to
/// a step of signing in that is done goes on.
fn sign_in_address() -> String {
    let onward = onward();
    let done = visitor().account.is_some() && is_passing();
    if done { onward } else { with_next("/sign-in", &onward) }
}

/// Who is looking. The server finds out before it shows the page: what a page
/// waits for is one future, because Leptos polls several in turn, not together,
/// and one could wait for what another holds.
pub(crate) fn visitor() -> Visitor {
    use_context().unwrap_or_default()
}

/// Of the providers that people can sign in with.
pub(crate) fn origins() -> Vec<String> {
    visitor().providers.into_iter().filter_map(|provider| provider.origin).collect()
}

/// Path and query of the page that is being shown, as far as a browser would stay
/// in this store with it: a request for `//elsewhere.example` is a page too.
pub(crate) fn here() -> String {
    let parts = use_context::<axum::http::request::Parts>();
    let here = parts.as_ref().and_then(|parts| parts.uri.path_and_query());
    same_origin_path(here.map_or("/", |here| here.as_str())).to_owned()
}

/// Pages that only lead on to somewhere else, or away.
const PASSING: [&str; 9] = [
    "/sign-in",
    "/sign-up",
    "/one-button",
    "/recover",
    "/second-factor",
    "/confirm",
    "/goodbye",
    "/leaving",
    "/federated",
];

pub(crate) fn is_passing() -> bool {
    let here = here();
    PASSING.iter().any(|page| here.starts_with(page))
}

/// Where signing in leads: here, unless this page is itself on the way to somewhere
/// else.
pub(crate) fn onward() -> String {
    if is_passing() { next_path() } else { here() }
}

/// What was wrong with the form that led here, if it was one.
pub(crate) fn form_outcome() -> FormOutcome {
    use_context().unwrap_or_default()
}

/// A part of this page's path, such as `slug` in `/products/:slug`.
fn path_part(name: &str) -> String {
    use_params_map().with_untracked(|parts| parts.get(name)).unwrap_or_default()
}

/// Where the visitor was going: as the form said, else as the address says.
pub(crate) fn next_path() -> String {
    let posted = form_outcome().value("next").map(str::to_owned);
    let asked = || use_query_map().with_untracked(|query| query.get("next"));
    same_origin_path(&posted.or_else(asked).unwrap_or_default()).to_owned()
}
