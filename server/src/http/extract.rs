//! What handlers take out of an address, refused in the store's own words.

use app::api::{Code, PublicError};
use axum::{
    extract::{self, FromRequestParts},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::Refused;
use crate::Server;

/// A part of the path.
pub(super) struct Path(pub(super) String);

/// What follows the question mark.
pub(super) struct Query<T>(pub(super) T);

impl FromRequestParts<Server> for Path {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Refused> {
        let path = extract::Path::from_request_parts(parts, server).await;
        path.map(|extract::Path(part)| Self(part)).map_err(|_| malformed())
    }
}

impl<T: DeserializeOwned> FromRequestParts<Server> for Query<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Refused> {
        let query = extract::Query::from_request_parts(parts, server).await;
        query.map(|extract::Query(fields)| Self(fields)).map_err(|_| malformed())
    }
}

fn malformed() -> Refused {
    PublicError::from(Code::Malformed).into()
}
