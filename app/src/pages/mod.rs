//! The pages, one file each.

mod account;
mod cart;
mod catalogue;
mod checkout;
mod errors;
mod one_button;
mod order;
mod product;
mod sign_in;
mod sign_up;

use std::future::Future;

use axum::http::{HeaderValue, StatusCode, header::LOCATION};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_router::hooks::{use_params_map, use_query_map};

pub use account::Account;
pub use cart::Cart;
pub use catalogue::Catalogue;
pub use checkout::Checkout;
pub use errors::{ErrorPage, NotFound};
pub use one_button::OneButton;
pub use order::Order;
pub use product::Product;
pub use sign_in::SignIn;
pub use sign_up::SignUp;

use crate::api::{Code, FormOutcome, PublicError, Result, Visitor, same_origin_path, with_next};

/// Shows a page of what `data` brings. Signed out where an account is needed,
/// the visitor is sent to sign in and will come back; any other refusal shows
/// the error page with its status.
fn load<T, V>(
    data: impl Future<Output = Result<T>> + Send + 'static,
    show: impl FnOnce(T) -> V + Send + 'static,
) -> impl IntoView
where
    T: Send + 'static,
    V: IntoView + 'static,
{
    let response = expect_context::<ResponseOptions>();
    let here = here();
    Suspend::new(async move {
        match data.await {
            Ok(data) => show(data).into_any(),
            Err(PublicError { code: Code::SignInRequired, .. }) => {
                if let Ok(location) = HeaderValue::from_str(&with_next("/sign-in", &here)) {
                    response.insert_header(LOCATION, location);
                    response.set_status(StatusCode::SEE_OTHER);
                }
                ().into_any()
            }
            Err(error) => {
                let status = StatusCode::from_u16(error.code.status());
                response.set_status(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
                view! { <ErrorPage error/> }.into_any()
            }
        }
    })
}

/// Who is looking. The server finds out before it shows the page: what a page
/// waits for is one future, because Leptos polls several in turn, not together,
/// and one could wait for what another holds.
pub(crate) fn visitor() -> Visitor {
    use_context().unwrap_or_default()
}

/// Path and query of the page that is being shown, as far as a browser would stay
/// in this store with it: a request for `//elsewhere.example` is a page too.
pub(crate) fn here() -> String {
    let parts = use_context::<axum::http::request::Parts>();
    let here = parts.as_ref().and_then(|parts| parts.uri.path_and_query());
    same_origin_path(here.map_or("/", |here| here.as_str())).to_owned()
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
