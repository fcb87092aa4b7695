//! The way to a provider and back.

use app::api::{Code, FormOutcome, PublicError, same_origin_path, with_next};
use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use url::Url;

use super::{
    Refused,
    extract::{Path, Query},
    forms::{self, Answer, Post, Sender, entered, whole_form},
    guard::is_same_origin,
    login_status::sign_in_by_hand,
    pages::show_again,
    status,
};
use crate::{
    ByHand, Call,
    federated::{Arrival, Callback, Intent, Return},
};

#[derive(Deserialize)]
pub(super) struct Way {
    #[serde(default)]
    next: String,
    login_hint: Option<String>,
    /// With `/federated`: which provider, as a browser remembers it.
    #[serde(default)]
    origin: String,
    /// Set where nobody pressed anything: the browser remembers the provider.
    #[serde(default)]
    automatic: String,
}

/// A press on a provider's button. A link, not a form: our own policy (`form-action`) keeps
/// forms in this store, wherever they are redirected to.
pub(super) async fn start(
    call: Call,
    headers: HeaderMap,
    Path(id): Path,
    Query(way): Query<Way>,
) -> Answer {
    lead(call, &headers, &id, way).await
}

/// The same for a provider that the browser remembers by its origin.
pub(super) async fn start_at(call: Call, headers: HeaderMap, Query(way): Query<Way>) -> Answer {
    let id = call.provider_at(&way.origin)?.to_owned();
    lead(call, &headers, &id, way).await
}

async fn lead(call: Call, headers: &HeaderMap, id: &str, way: Way) -> Answer {
    let next = same_origin_path(&way.next).to_owned();
    // Where another site led here, nobody pressed our button: the provider might answer without
    // a word, and sign out or over whoever is signed in.
    if !is_same_origin(headers, &call.server.origin.origin().ascii_serialization()) {
        return Ok(Redirect::to(&with_next("/sign-in", &next)).into_response());
    }
    let intent = if way.automatic.is_empty() { Intent::SignIn } else { Intent::Automatic };
    if intent == Intent::Automatic && !call.may_sign_in_by_itself().await? {
        let back = Redirect::to(&next).into_response();
        return Ok(sign_in_by_hand(&call, ByHand::FromNowOn, back).await);
    }
    match call.start_federation(id, intent, &next, way.login_hint.as_deref()).await {
        Ok(url) => Ok(Redirect::to(url.as_str()).into_response()),
        Err(error) if error.code == Code::NotFound => Err(error.into()),
        Err(error) => Ok(failed(call, intent, next, error).await),
    }
}

/// The provider's answer.
pub(super) async fn callback(
    call: Call,
    Path(id): Path,
    Query(callback): Query<Callback>,
) -> Answer {
    let probably = callback.probable_intent();
    let Return { next, intent, outcome } = match call.finish_federation(&id, callback).await {
        Ok(answer) => answer,
        Err(error) if error.code == Code::Internal => return Err(error.into()),
        // Nobody knows any more where the visitor was going.
        Err(error) => return Ok(failed(call, probably, "/".to_owned(), error).await),
    };
    Ok(match outcome {
        Ok(Arrival::SignedIn(done)) => forms::signed_in(Sender::Browser, done, &next),
        Ok(Arrival::Linked | Arrival::Proved) => Redirect::to(&next).into_response(),
        Err(error) => failed(call, intent, next, error).await,
    })
}

/// The page with the other ways, and what went wrong.
async fn failed(call: Call, intent: Intent, next: String, error: PublicError) -> Response {
    let page = match intent {
        // Nobody asked for it, so nobody hears of it.
        Intent::Automatic => {
            let by_hand = match error.code {
                Code::ProviderUnavailable | Code::ProviderTimeout | Code::Internal | Code::Busy => {
                    ByHand::ForNow
                }
                _ => ByHand::FromNowOn,
            };
            return sign_in_by_hand(&call, by_hand, Redirect::to(&next).into_response()).await;
        }
        Intent::SignIn => Uri::from_static("/sign-in"),
        Intent::Link(_) => Uri::from_static("/account"),
        Intent::Prove(_) => Uri::from_static("/confirm"),
    };
    let code = status(error.code);
    let outcome =
        FormOutcome { values: vec![entered("next", next)], errors: vec![whole_form(error)] };
    show_again(call, &page, code, outcome).await
}

/// A page that leads on to a provider by itself, for what begins with a form: see [`start`].
pub(super) async fn lead_away(call: Call, id: &str, url: &Url) -> Response {
    let provider = call.server.providers.iter().find(|provider| provider.id == id);
    let name = provider.map(|provider| provider.name.clone()).unwrap_or_default();
    let values = vec![entered("provider", name), entered("url", url.as_str())];
    let outcome = FormOutcome { values, errors: vec![] };
    let mut response =
        show_again(call, &Uri::from_static("/leaving"), StatusCode::OK, outcome).await;
    if let Ok(refresh) = HeaderValue::from_str(&format!("0; url={url}")) {
        response.headers_mut().insert(HeaderName::from_static("refresh"), refresh);
    }
    response
}

/// FedCM: the nonce for a token.
pub(super) async fn start_token(call: Call, Path(id): Path) -> Answer {
    Ok(Json(call.start_token(&id).await?).into_response())
}

#[derive(Deserialize)]
pub(super) struct TokenForm {
    nonce: String,
    token: String,
    #[serde(default)]
    next: String,
}

/// FedCM: the token, verified like every other one.
pub(super) async fn finish_token(Path(id): Path, post: Post<TokenForm>) -> Answer {
    let Post { call, sender, fields: TokenForm { nonce, token, next }, .. } = post;
    let done = call.finish_token(&id, &nonce, &token).await.map_err(Refused::from)?;
    Ok(forms::signed_in(sender, done, &next))
}
