//! The way to a provider. The way back is [`arrival`](super::arrival).
//!
//! What the answer will need is kept by the browser itself, in a cookie of its own for each
//! attempt, so that leaving costs the shop no row and two tabs do not mix. The `state` of the
//! request is a challenge that was made for just this cookie and browser.

use app::api::{Next, Result};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use crate::{
    oidc::{Prompt, Provider, Secrets},
    request::{RequestContext, plain},
    session::{Challenge, Purpose},
    store::UsedChallenge,
};

/// How the state of a request begins that nobody asked for: so much is known of it also when
/// all else is lost.
pub(super) const UNASKED: &str = "unasked-";

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
pub(super) struct Attempt {
    pub(super) provider: String,
    pub(super) intent: Intent,
    pub(super) next: Next,
    pub(super) secrets: Secrets,
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

/// Enough of the state to tell the attempts of one browser apart.
pub(super) fn name(state: &str) -> String {
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
    let secrets = Secrets::random();
    let owner = owner(ctx);
    let attempt =
        Attempt { provider: provider.id.clone(), intent, next: next.clone(), secrets, owner };
    let kept = serde_json::to_string(&attempt).map_err(crate::error::internal)?;
    let prefix = if intent == Intent::Automatic { UNASKED } else { "" };
    let state = format!("{prefix}{}", ctx.challenge(Purpose::Attempt(&kept)));
    let name = name(&state);
    // It leads back to where the visitor is: the cookie of the attempt is there.
    let (origin, clock) = (&ctx.origin, &ctx.state.clock);
    let url = provider.start(origin, prompt, login_hint, state, &attempt.secrets, clock).await?;
    Ok(Departure { url, name, kept: BASE64_URL_SAFE_NO_PAD.encode(kept) })
}

/// Leads to a provider that the browser remembers, with what it calls the person.
///
/// # Errors
/// Those of [`start`].
pub async fn start_remembered(
    ctx: &RequestContext,
    provider: &str,
    intent: Intent,
    next: &Next,
    login_hint: Option<&str>,
) -> Result<Departure> {
    let hint = hint(ctx, ctx.state.providers.named(provider)?, login_hint).await?;
    start(ctx, provider, intent, next, hint).await
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

/// The attempt that an answer belongs to, if it was made in this browser a while ago.
pub(super) fn recognise(
    ctx: &RequestContext,
    state: &str,
    kept: Option<&str>,
) -> Option<(Attempt, UsedChallenge)> {
    let kept = BASE64_URL_SAFE_NO_PAD.decode(kept?).ok()?;
    let kept = String::from_utf8(kept).ok()?;
    let state = state.strip_prefix(UNASKED).unwrap_or(state);
    let challenge = Challenge::parse(state).ok()?;
    let used = ctx.check(challenge, Purpose::Attempt(&kept)).ok()?;
    let attempt: Attempt = serde_json::from_str(&kept).ok()?;
    (attempt.owner == owner(ctx)).then_some((attempt, used))
}

/// Who is signed in, by the handle of the session.
fn owner(ctx: &RequestContext) -> Option<String> {
    ctx.session.get().signed_in().ok().map(|owner| owner.handle.clone())
}
