//! The pages, one file each, in the folder of their capability.

pub mod account;
mod browser_support;
pub mod errors;
pub mod federation;
pub mod shop;
pub mod sign_in;

use std::future::Future;

use axum::http::{HeaderValue, StatusCode, header::LOCATION};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

pub use browser_support::BrowserSupportPage;
use errors::ErrorPage;

use crate::{
    api::{Code, Path, PublicError, Result},
    request::{here, is_passing, onward, page_request},
};

/// Shows a page of what `data` brings. A visitor who has to sign in or to reauthenticate first is
/// sent there (303), and will come back; any other refusal shows the error page with its status.
fn load<T, V>(
    data: impl Future<Output = Result<T>> + Send + 'static,
    show: impl FnOnce(T) -> V + Send + 'static,
) -> impl IntoView
where
    T: Send + 'static,
    V: IntoView + 'static,
{
    let response = expect_context::<ResponseOptions>();
    let (confirm, sign_in) = (Path::Confirm.with_next(&here()), sign_in_address());
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

/// Answers the request with a redirect that is followed with a GET (303).
fn see_other(response: &ResponseOptions, location: &str) {
    if let Ok(location) = HeaderValue::from_str(location) {
        response.insert_header(LOCATION, location);
        response.set_status(StatusCode::SEE_OTHER);
    }
}

/// Shows the error page, with the status of the error.
fn refuse(response: &ResponseOptions, error: PublicError) -> impl IntoView + use<> {
    let status = StatusCode::from_u16(error.code.status());
    response.set_status(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    view! { <ErrorPage error/> }
}

/// Where a page sends a visitor whom it does not know. Somebody who comes back to a step of signing
/// in that is done goes on.
fn sign_in_address() -> String {
    let request = page_request();
    let onward = onward();
    let done = request.visitor.account.is_some() && is_passing(&request);
    if done { onward.to_string() } else { Path::SignIn.with_next(&onward) }
}
