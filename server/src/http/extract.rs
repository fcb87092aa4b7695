//! What handlers take out of a request, refused in the shop's own words. Whoever takes a
//! [`SignedIn`] answers those who are signed in only, whoever takes a [`Reauthenticated`] those
//! who have proved it just now.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use app::api::Code;
use axum::{
    extract::{self, ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, header::USER_AGENT, request::Parts},
};
use serde::de::DeserializeOwned;

use super::{cookies::silent_access, error::Refused, middleware::guard::origin_of};
use crate::{
    error::internal,
    guard::address,
    request::RequestContext,
    session::{Reauthenticated, RequestSession, SignedIn},
    state::State,
};

/// A part of the path.
pub(super) struct Part(pub(super) String);

/// What follows the question mark.
pub(super) struct Query<T>(pub(super) T);

impl RequestContext {
    /// The request, with a session that may not be loaded yet.
    pub(super) fn new(parts: &Parts, state: &State) -> Result<Self, Refused> {
        let session = parts.extensions.get::<RequestSession>().cloned();
        let session = session.ok_or_else(|| internal("no session layer"))?;
        let user_agent = parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        Ok(Self {
            state: state.clone(),
            known_browser: session.known(),
            session,
            address: address_of(state, &parts.headers, &parts.extensions),
            user_agent: user_agent.unwrap_or_default().to_owned(),
            described: Arc::default(),
            origin: origin_of(state, &parts.uri, &parts.headers).clone(),
            silent_access: silent_access(state, &parts.headers),
        })
    }
}

/// Where a request came from, as far as can be trusted.
pub(super) fn address_of(state: &State, headers: &HeaderMap, extensions: &Extensions) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(peer)| peer.ip());
    address::client(peer, headers, &state.proxies)
}

impl FromRequestParts<State> for RequestContext {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refused> {
        let ctx = Self::new(parts, state)?;
        ctx.session.load().await?;
        Ok(ctx)
    }
}

impl FromRequestParts<State> for SignedIn {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refused> {
        let ctx = RequestContext::from_request_parts(parts, state).await?;
        Ok(ctx.session.get().signed_in()?.clone())
    }
}

impl FromRequestParts<State> for Reauthenticated {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refused> {
        let ctx = RequestContext::from_request_parts(parts, state).await?;
        Ok(ctx.session.get().reauthenticated(ctx.now())?)
    }
}

impl FromRequestParts<State> for Part {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refused> {
        let path = extract::Path::from_request_parts(parts, state).await;
        path.map(|extract::Path(part)| Self(part)).map_err(|_| Code::Malformed.into())
    }
}

impl<T: DeserializeOwned> FromRequestParts<State> for Query<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refused> {
        let query = extract::Query::from_request_parts(parts, state).await;
        query.map(|extract::Query(fields)| Self(fields)).map_err(|_| Code::Malformed.into())
    }
}
