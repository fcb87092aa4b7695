//! One line for each request: id, method, route, status and time, and why it was refused. Never a
//! path or a query (they can name an order or a person), a header or a body.

use std::time::Instant;

use app::api::Code;
use axum::{
    extract::{self, MatchedPath, Request},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::{Instrument, field};
use uuid::Uuid;

use super::super::extract::address_of;
use crate::state::State;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id is made here, stands in every line that the request logs, and goes
/// back with the response for people to quote.
pub(in super::super) async fn request(
    extract::State(state): extract::State<State>,
    request: Request,
    next: Next,
) -> Response {
    let id = Uuid::new_v4();
    // Where people are is nobody's business, unless the host has to know.
    let address =
        state.log_addresses.then(|| address_of(&state, request.headers(), request.extensions()));
    let span = tracing::info_span!("request", %id, address = address.map(field::display));
    async move {
        let begun = Instant::now();
        let method = request.method().clone();
        let route = request.extensions().get::<MatchedPath>().cloned();
        let mut response = next.run(request).await;
        let route = route.as_ref().map_or("(none)", MatchedPath::as_str);
        let milliseconds = begun.elapsed().as_millis();
        let refused = response.extensions().get::<Code>().map(field::debug);
        tracing::info!(%method, route, status = response.status().as_u16(), refused, milliseconds);
        if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
    .instrument(span)
    .await
}
