//! A refusal on its way out.

use app::api::{Code, PublicError};
use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};

/// A refusal: JSON for a program; [`show_refusals`](super::render::show_refusals) makes a
/// page of it for a person.
#[derive(Clone, Debug)]
pub struct Refused(pub(super) PublicError);

/// A page, or why not.
pub(super) type Answer = Result<Response, Refused>;

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = Json(&self.0).into_response();
        let mut response = (status(self.0.code), body).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl<E: Into<PublicError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

pub(super) fn status(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
