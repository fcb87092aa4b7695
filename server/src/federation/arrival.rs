//! The way back from a provider.

use app::api::{Code, Next, PublicError, Result};
use serde::Deserialize;

use super::{
    attempt::{Attempt, Intent, UNASKED, name, recognise},
    link, reauthentication, sign_in,
};
use crate::{
    oidc::{Claims, Provider, Secrets},
    request::RequestContext,
    session::Reauthenticated,
    sign_in::{Refusal, settle},
    store::UsedChallenge,
};

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
    let (attempt, used) = recognise(ctx, &callback.state, kept).ok_or(Code::ProviderTimeout)?;
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
            let session = ctx.session.get();
            let proof = Reauthenticated::when_begun(session.signed_in()?, used);
            if proof.account() != account {
                return Err(Code::SignInRequired.into());
            }
            link::finish(ctx, &proof, provider, claims, used).await?;
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
