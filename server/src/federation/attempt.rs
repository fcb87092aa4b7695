//! The way to a provider and back.
//!
//! What the answer will need is kept by the browser itself, in a cookie of its own for each
//! attempt, so that leaving costs the shop no row and two tabs do not mix. The `state` of the
//! request is a challenge that was made for just this cookie and browser.

use std::time::Duration;

use app::api::{Code, Next, PublicError, Result};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use super::{link, reauthentication, sign_in};
use crate::{
    oidc::{Claims, Prompt, Provider, Secrets},
    request::{RequestContext, plain},
    session::{Challenge, Purpose},
    sign_in::{Refusal, settle},
    store::UsedChallenge,
};

/// How long somebody may be with a provider: people find their telephone, and reset a password.
pub const ATTEMPT_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// The longest address, in bytes, that somebody is led back to: it has to fit into a cookie.
const LONGEST_NEXT: usize = 2048;

/// How the state of a request begins that nobody asked for: so much is known of it also when
/// all else is lost.
const UNASKED: &str = "unasked-";

/// What the provider's answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    SignIn,
    /// By the browser itself: nobody asked for it.
    Automatic,
    /// To this account.
    Link(Uuid),
    /// To prove to be the owner of this account.
    Reauthenticate(Uuid),
}

/// What is kept while the visitor is with the provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Attempt {
    provider: String,
    intent: Intent,
    next: Next,
    secrets: Secrets,
    /// Who was signed in, by the handle of the session: the answer is for nobody else.
    owner: Option<String>,
}

/// Off to the provider.
#[derive(Debug)]
pub struct Departure {
    pub url: Url,
    /// The name of the attempt, and what its cookie keeps.
    pub name: String,
    pub kept: String,
}

/// What the provider sends back with the visitor (OpenID Connect Core 1.0 §3.1.2.5).
#[derive(Debug, Default, Deserialize)]
pub struct Callback {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    /// RFC 9207: who it was that answered.
    iss: Option<String>,
}

/// What came of it.
#[derive(Debug)]
pub enum Arrival {
    SignedIn(app::api::SignInOutcome),
    Linked,
    Reauthenticated,
}

/// Where the visitor was going, why they were with the provider, and what came of it.
#[derive(Debug)]
pub struct Return {
    pub next: Next,
    pub intent: Intent,
    pub outcome: Result<Arrival>,
}

impl Callback {
    /// What the answer is to, when nothing waits for it any more.
    #[must_use]
    pub fn probable_intent(&self) -> Intent {
        if self.state.starts_with(UNASKED) { Intent::Automatic } else { Intent::SignIn }
    }

    /// The name of the attempt that it answers.
    #[must_use]
    pub fn name(&self) -> String {
        name(&self.state)
    }
}

/// Enough of the state to tell the attempts of one browser apart.
fn name(state: &str) -> String {
    let state = state.strip_prefix(UNASKED).unwrap_or(state);
    state.chars().filter(char::is_ascii_alphanumeric).take(16).collect()
}

/// Leads to a provider.
///
/// # Errors
/// [`Code::NotFound`] for a provider that is not configured,
/// [`Code::ProviderUnavailable`].
pub async fn start(
    ctx: &RequestContext,
    provider: &str,
    intent: Intent,
    next: &Next,
    login_hint: Option<&str>,
) -> Result<Departure> {
    let provider = ctx.state.providers.named(provider)?;
    let prompt = match intent {
        Intent::SignIn | Intent::Link(_) => Prompt::Any,
        Intent::Automatic => Prompt::None,
        Intent::Reauthenticate(_) => Prompt::Login,
    };
    let next = if next.as_str().len() > LONGEST_NEXT { Next::default() } else { next.clone() };
    let secrets = Secrets::random();
    let owner = owner(ctx);
    let attempt = Attempt { provider: provider.id.clone(), intent, next, secrets, owner };
    let kept = serde_json::to_string(&attempt).map_err(crate::error::internal)?;
    let prefix = if intent == Intent::Automatic { UNASKED } else { "" };
    let state = format!("{prefix}{}", ctx.challenge(Purpose::Attempt(&kept)));
    let name = name(&state);
    let hint = hint(ctx, provider, login_hint).await?;
    // It leads back to where the visitor is: the cookie of the attempt is there.
    let (origin, clock) = (&ctx.origin, &ctx.state.clock);
    let url = provider.start(origin, prompt, hint, state, &attempt.secrets, clock).await?;
    Ok(Departure { url, name, kept: BASE64_URL_SAFE_NO_PAD.encode(kept) })
}

/// Of somebody whom the provider calls nothing, browsers remember the subject. That is no
/// hint: nobody would type it there (OpenID Connect Core 1.0 §3.1.2.1).
async fn hint<'a>(
    ctx: &RequestContext,
    provider: &Provider,
    hint: Option<&'a str>,
) -> Result<Option<&'a str>> {
    let Some(hint) = hint.and_then(|hint| plain(hint).ok()) else { return Ok(None) };
    let found = ctx.state.store.identity(provider.issuer.as_str(), hint).await?;
    let nameless = found.is_some_and(|identity| identity.label.is_empty());
    Ok((!nameless).then_some(hint))
}

/// Takes the provider's answer, once. `kept`: what the cookie of its attempt has.
///
/// # Errors
/// [`Code::ProviderTimeout`] when nothing of this browser waits for it.
pub async fn finish(
    ctx: &RequestContext,
    provider: &str,
    callback: Callback,
    kept: Option<&str>,
) -> Result<Return> {
    let (attempt, used) = recognise(ctx, &callback, kept).ok_or(Code::ProviderTimeout)?;
    // Every provider has an address of its own, so that none can answer for another.
    if attempt.provider != provider {
        let refused = Err(Code::ProviderTimeout.into());
        return settle(ctx, &used, refused).await.map_err(late);
    }
    // Of two answers at once the provider refuses one, which must not use up the other's state.
    let _taken = ctx.state.attempts.take(&used.challenge).ok_or(Code::ProviderTimeout)?;
    let (next, intent) = (attempt.next.clone(), attempt.intent);
    let outcome = arrive(ctx, attempt, callback, &used).await;
    Ok(Return { next, intent, outcome: settle(ctx, &used, outcome).await.map_err(late) })
}

/// The attempt that an answer belongs to, if it was made in this browser a while ago.
fn recognise(
    ctx: &RequestContext,
    callback: &Callback,
    kept: Option<&str>,
) -> Option<(Attempt, UsedChallenge)> {
    let kept = BASE64_URL_SAFE_NO_PAD.decode(kept?).ok()?;
    let kept = String::from_utf8(kept).ok()?;
    let state = callback.state.strip_prefix(UNASKED).unwrap_or(&callback.state);
    let challenge = Challenge::parse(state).ok()?;
    let (browser, now) = (ctx.session.browser(), ctx.now());
    let purpose = Purpose::Attempt(&kept);
    let challenges = &ctx.state.challenges;
    let used = challenges.check(challenge, purpose, &browser, ATTEMPT_LIFETIME, now).ok()?;
    let attempt: Attempt = serde_json::from_str(&kept).ok()?;
    (attempt.owner == owner(ctx)).then_some((attempt, used))
}

/// Who is signed in, by the handle of the session.
fn owner(ctx: &RequestContext) -> Option<String> {
    ctx.session.get().signed_in().ok().map(|owner| owner.handle.clone())
}

async fn arrive(
    ctx: &RequestContext,
    attempt: Attempt,
    callback: Callback,
    used: &UsedChallenge,
) -> std::result::Result<Arrival, Refusal> {
    let provider = ctx.state.providers.named(&attempt.provider)?;
    let claims = claims(ctx, provider, attempt.secrets, callback).await?;
    match attempt.intent {
        Intent::SignIn => sign_in::enter(ctx, provider, claims, used).await.map(Arrival::SignedIn),
        Intent::Automatic => {
            sign_in::enter_by_itself(ctx, provider, claims, used).await.map(Arrival::SignedIn)
        }
        Intent::Link(account) => {
            link::finish(ctx, account, provider, claims, used).await?;
            Ok(Arrival::Linked)
        }
        Intent::Reauthenticate(account) => {
            reauthentication::finish(ctx, account, provider, claims, used).await?;
            Ok(Arrival::Reauthenticated)
        }
    }
}

async fn claims(
    ctx: &RequestContext,
    provider: &Provider,
    secrets: Secrets,
    callback: Callback,
) -> Result<Claims> {
    if callback.iss.is_some_and(|iss| iss != *provider.issuer.as_str()) {
        return Err(Code::ProviderRefused.into());
    }
    let code = match (callback.code, callback.error.as_deref()) {
        (Some(code), None) => code,
        (_, Some("access_denied")) => return Err(Code::ProviderDenied.into()),
        (_, error) => {
            let error = error.unwrap_or_default().escape_debug().to_string();
            tracing::warn!(error, "a provider declined");
            return Err(Code::ProviderRefused.into());
        }
    };
    Ok(provider.exchange(&ctx.origin, code, secrets, &ctx.state.clock).await?)
}

/// In the words of somebody who comes back from a provider.
pub(super) fn late(error: PublicError) -> PublicError {
    match error.code {
        Code::ChallengeUnknown => Code::ProviderTimeout.into(),
        _ => error,
    }
}
