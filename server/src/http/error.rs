//! A refusal on its way out.

use app::api::{Code, PublicError};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
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
        let mut response = body;
        AnswerHead::from(&self.0).apply(&mut response);
        response.extensions_mut().insert(self);
        response
    }
}

impl<E: Into<PublicError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// The head of an answer: its status, and when to come back.
#[derive(Clone, Copy, Debug)]
pub(super) struct AnswerHead {
    status: StatusCode,
    /// Why it is refused, for the log.
    code: Option<Code>,
    /// In seconds.
    retry_after: Option<u64>,
}

impl AnswerHead {
    pub(super) const OK: Self = Self { status: StatusCode::OK, code: None, retry_after: None };

    pub(super) fn apply(self, response: &mut Response) {
        *response.status_mut() = self.status;
        if let Some(code) = self.code {
            response.extensions_mut().insert(code);
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
}

impl From<&PublicError> for AnswerHead {
    fn from(error: &PublicError) -> Self {
        Self { retry_after: error.retry_after, ..error.code.into() }
    }
}

impl From<Code> for AnswerHead {
    fn from(code: Code) -> Self {
        Self { status: status(code), code: Some(code), retry_after: None }
    }
}

fn status(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
