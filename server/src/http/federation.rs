//! The way to a provider and back.

use app::api::{Code, FormOutcome, Next, Path, PublicError};
use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, Uri},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    cookies::{self, Age},
    error::{Answer, AnswerHead, Refused},
    extract::{Part, Query},
    form::{Onward, Post, Sender, beside_field, entered, refused, signed_in, to, went, whole_form},
    middleware::{guard::is_same_origin, login_status::sign_in_by_hand},
    render::{show, show_again},
    sign_in::{names, names_errors},
};
use crate::{
    federation::{
        Arrival, Callback, Departure, Intent, Return, arrival, attempt, fedcm, link as linking,
        reauthentication, sign_up as signing_up,
    },
    request::{RequestContext, SilentAccess},
    session::{ATTEMPT_LIFETIME, Reauthenticated, SignedIn},
    sign_in::automatic,
};

/// A press on a provider's button. A link, not a form: our own policy (`form-action`) keeps
/// forms in this shop, wherever they are redirected to.
pub(super) async fn start(
    ctx: RequestContext,
    headers: HeaderMap,
    Part(id): Part,
    Query(Onward { next }): Query<Onward>,
) -> Answer {
    // Where another site led here, nobody pressed our button: the provider might answer without
    // a word, and sign out or over whoever is signed in.
    if !is_same_origin(&headers, &ctx.origin) {
        return Ok(Redirect::to(&Path::SignIn.with_next(&next)).into_response());
    }
    match attempt::start(&ctx, &id, Intent::SignIn, &next, None).await {
        Ok(departure) => {
            let mut response = Redirect::to(departure.url.as_str()).into_response();
            keep(&ctx, &mut response, &departure);
            Ok(response)
        }
        Err(error) if error.code == Code::NotFound => Err(error.into()),
        Err(error) => Ok(failed(ctx, Intent::SignIn, next, error).await),
    }
}

#[derive(Deserialize)]
pub(super) struct Remembered {
    /// Which provider.
    origin: String,
    login_hint: Option<String>,
    #[serde(default)]
    next: Next,
    /// Set where nobody pressed anything.
    #[serde(default)]
    automatic: String,
}

/// On to a provider that the browser remembers by its origin, with what it calls the person: the
/// page's script posts that, so that it stands in no address of ours.
pub(super) async fn start_at(post: Post<Remembered>) -> Answer {
    let Post { ctx, sender, fields, .. } = post;
    let Remembered { origin, login_hint, next, automatic } = fields;
    let id = ctx.state.providers.at(&origin)?.id.clone();
    let intent = if automatic.is_empty() { Intent::SignIn } else { Intent::Automatic };
    let departure = match intent {
        Intent::Automatic if !automatic::is_allowed(&ctx) => Err(Code::NotAutomatic.into()),
        _ => attempt::start_remembered(&ctx, &id, intent, &next, login_hint.as_deref()).await,
    };
    match departure {
        Ok(departure) => {
            let mut response = went(sender, departure.url.to_string(), None);
            keep(&ctx, &mut response, &departure);
            Ok(response)
        }
        Err(error) if intent == Intent::Automatic => {
            let silent_access = silence_after(error.code);
            Ok(sign_in_by_hand(&ctx, silent_access, Refused(error).into_response()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether what nobody asked for may be tried again.
fn silence_after(code: Code) -> SilentAccess {
    match code {
        Code::ProviderUnavailable | Code::ProviderTimeout | Code::Internal | Code::Busy => {
            SilentAccess::PausedForNow
        }
        _ => SilentAccess::Prevented,
    }
}

fn keep(ctx: &RequestContext, response: &mut Response, departure: &Departure) {
    let age = Age::Seconds(ATTEMPT_LIFETIME.as_secs().try_into().unwrap_or_default());
    let (name, kept) = (cookies::attempt(&departure.name), &departure.kept);
    cookies::set(&ctx.state, response.headers_mut(), &name, kept, age);
}

/// The provider's answer.
pub(super) async fn callback(
    ctx: RequestContext,
    headers: HeaderMap,
    Part(id): Part,
    Query(callback): Query<Callback>,
) -> Answer {
    let probably = callback.probable_intent();
    let name = cookies::attempt(&callback.name());
    let state = ctx.state.clone();
    let kept = cookies::get(&state, &headers, &name);
    let mut response = match arrival::finish(&ctx, &id, callback, kept).await {
        Ok(answer) => arrived(ctx, answer).await,
        Err(error) if error.code == Code::Internal => return Err(error.into()),
        // Nobody knows any more where the visitor was going.
        Err(error) => failed(ctx, probably, Next::default(), error).await,
    };
    if kept.is_some() {
        cookies::set(&state, response.headers_mut(), &name, "", Age::Removed);
    }
    Ok(response)
}

async fn arrived(ctx: RequestContext, answer: Return) -> Response {
    let Return { next, intent, outcome } = answer;
    match outcome {
        Ok(Arrival::SignedIn(done)) => signed_in(Sender::Browser, done, &next),
        Ok(Arrival::Linked | Arrival::Reauthenticated) => {
            Redirect::to(next.as_str()).into_response()
        }
        Err(error) => failed(ctx, intent, next, error).await,
    }
}

/// The page with the other ways, and what went wrong.
async fn failed(ctx: RequestContext, intent: Intent, next: Next, error: PublicError) -> Response {
    let page = match intent {
        // Nobody asked for it, so nobody hears of it.
        Intent::Automatic => {
            let silent_access = silence_after(error.code);
            let back = Redirect::to(next.as_str()).into_response();
            return sign_in_by_hand(&ctx, silent_access, back);
        }
        Intent::SignIn => Path::SignIn,
        Intent::Link(_) => Path::Account,
        Intent::Reauthenticate(_) => Path::Confirm,
    };
    let head = AnswerHead::from(&error);
    let outcome =
        FormOutcome { values: vec![entered("next", next)], errors: vec![whole_form(error)] };
    show(ctx, &page, head, outcome).await
}

/// On to the provider, with a fresh proof only: whoever could link an identity of their own
/// would be in for good.
pub(super) async fn link(ctx: RequestContext, proof: Reauthenticated, Part(id): Part) -> Answer {
    match linking::start(&ctx, &proof, &id).await {
        Ok(departure) => Ok(lead_away(ctx, &id, &departure).await),
        Err(error) => {
            let page: Uri = Path::Account.to_string().parse().unwrap_or_default();
            refused(error, ctx, &page, vec![], whole_form).await
        }
    }
}

pub(super) async fn unlink(
    ctx: RequestContext,
    proof: Reauthenticated,
    Part(id): Part,
    uri: Uri,
) -> Answer {
    match linking::unlink(&ctx, &proof, &id).await {
        Ok(()) => Ok(to(&Path::Account)),
        Err(error) => refused(error, ctx, &uri, vec![], whole_form).await,
    }
}

/// On to the provider, to prove once more to be the owner of the account.
pub(super) async fn confirm(owner: SignedIn, Part(id): Part, post: Post<Onward>) -> Answer {
    let Post { ctx, fields: Onward { next }, .. } = post;
    match reauthentication::start(&ctx, &owner, &id, &next).await {
        Ok(departure) => Ok(lead_away(ctx, &id, &departure).await),
        Err(error) => {
            let page: Uri = Path::Confirm.to_string().parse().unwrap_or_default();
            refused(error, ctx, &page, vec![entered("next", next)], whole_form).await
        }
    }
}

/// A page that leads on to a provider by itself, for what begins with a form: see [`start`].
async fn lead_away(ctx: RequestContext, id: &str, departure: &Departure) -> Response {
    let name = ctx.state.providers.named(id).map(|provider| provider.name.clone());
    let name = name.unwrap_or_default();
    let values = vec![entered("provider", name), entered("url", departure.url.as_str())];
    let outcome = FormOutcome { values, errors: vec![] };
    let mut response = show(ctx.clone(), &Path::Leaving, AnswerHead::OK, outcome).await;
    if let Ok(refresh) = HeaderValue::from_str(&format!("0; url={}", departure.url)) {
        response.headers_mut().insert(HeaderName::from_static("refresh"), refresh);
    }
    keep(&ctx, &mut response, departure);
    response
}

/// FedCM: the nonce for a token.
pub(super) async fn start_token(ctx: RequestContext, Part(id): Part) -> Answer {
    Ok(Json(fedcm::start(&ctx, &id)?).into_response())
}

#[derive(Deserialize)]
pub(super) struct TokenForm {
    nonce: String,
    token: String,
    #[serde(default)]
    next: Next,
}

/// FedCM: the token, verified like every other one.
pub(super) async fn finish_token(Part(id): Part, post: Post<TokenForm>) -> Answer {
    let Post { ctx, sender, fields: TokenForm { nonce, token, next }, .. } = post;
    let done = fedcm::finish(&ctx, &id, &nonce, &token).await.map_err(Refused::from)?;
    Ok(signed_in(sender, done, &next))
}

#[derive(Deserialize)]
pub(super) struct NamesForm {
    username: String,
    display_name: String,
    #[serde(default)]
    next: Next,
}

/// The rest of an account that begins with a provider.
pub(super) async fn sign_up(post: Post<NamesForm>) -> Answer {
    let Post { ctx, uri, sender, fields: NamesForm { username, display_name, next } } = post;
    let wrong = names_errors(&username, &display_name);
    let mut refusal = PublicError::from(Code::UsernameInvalid);
    let mut errors: Vec<_> = wrong.into_iter().map(|code| beside_field(code.into())).collect();
    if errors.is_empty() {
        match signing_up::finish(&ctx, &names(&username, &display_name)).await {
            Ok(done) => return Ok(signed_in(sender, done, &next)),
            Err(error) if error.code == Code::SignInRequired => {
                return Ok(Redirect::to(&Path::SignUp.with_next(&next)).into_response());
            }
            Err(error) => {
                refusal = error.clone();
                errors.push(beside_field(error));
            }
        }
    }
    let values = vec![
        entered("username", username),
        entered("display_name", display_name),
        entered("next", next),
    ];
    Ok(show_again(ctx, &uri, &refusal, FormOutcome { values, errors }).await)
}
