//! The server functions.

use app::api::{Code, PublicError};
use axum::{
    body::to_bytes,
    extract::Request,
    http::{
        HeaderValue, StatusCode,
        header::{ACCEPT, CACHE_CONTROL},
    },
    response::{IntoResponse, Response},
};

use super::{MAX_BODY, error::Refused, render::provide_services};
use crate::{error::internal, request::RequestContext};

/// Calls a server function. Leptos answers every error with 500, so errors get
/// their own status here, in one place.
pub(super) async fn call(ctx: RequestContext, mut request: Request) -> Response {
    // With `Accept: text/html` Leptos would send the caller back to where it came
    // from: our forms have handlers of their own.
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    let context = move || provide_services(&ctx);
    let response = leptos_axum::handle_server_fns_with_context(context, request).await;
    let mut response = with_status(response.into_response()).await;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn with_status(response: Response) -> Response {
    match response.status() {
        StatusCode::INTERNAL_SERVER_ERROR => {
            let body = to_bytes(response.into_body(), MAX_BODY).await.unwrap_or_default();
            Refused(match serde_json::from_slice::<PublicError>(&body) {
                // What was not reached was Leptos' own: only a browser says so of us.
                Ok(error) if error.code == Code::Unreachable => internal(error.message),
                Ok(error) => error,
                Err(cause) => internal(cause),
            })
            .into_response()
        }
        // Leptos names the paths that it knows.
        StatusCode::BAD_REQUEST => Refused::from(Code::NotFound).into_response(),
        _ => response,
    }
}
