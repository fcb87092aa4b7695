//! Federated Credential Management: the browser brings the provider's token by itself.

use app::api::{Code, Result, SignInOutcome};

use super::{arrival::late, sign_in};
use crate::{
    request::RequestContext,
    session::{Challenge, Purpose},
    sign_in::{Refusal, settle},
    store::UsedChallenge,
};

/// A nonce for the token that the browser is to bring, good once and for this browser.
///
/// # Errors
/// [`Code::NotFound`] for a provider without FedCM.
pub fn start(ctx: &RequestContext, provider: &str) -> Result<String> {
    let provider = ctx.state.providers.named(provider)?;
    provider.fedcm.as_ref().ok_or(Code::NotFound)?;
    Ok(ctx.challenge(Purpose::Token(&provider.id)).to_string())
}

/// Verifies the token, and signs in whoever the provider vouches for with it.
///
/// # Errors
/// [`Code::ProviderTimeout`] for a nonce that this browser was not given,
/// [`Code::ProviderRefused`] for a token that does not verify.
pub async fn finish(
    ctx: &RequestContext,
    provider: &str,
    nonce: &str,
    token: &str,
) -> Result<SignInOutcome> {
    let challenge = Challenge::parse(nonce).map_err(|_| Code::ProviderTimeout)?;
    let used = ctx.check(challenge, Purpose::Token(provider));
    let used = used.map_err(|_| Code::ProviderTimeout)?;
    let entered = enter(ctx, provider, nonce, token, &used).await;
    settle(ctx, &used, entered).await.map_err(late)
}

async fn enter(
    ctx: &RequestContext,
    provider: &str,
    nonce: &str,
    token: &str,
    used: &UsedChallenge,
) -> std::result::Result<SignInOutcome, Refusal> {
    let provider = ctx.state.providers.named(provider)?;
    let claims = provider.read(&ctx.origin, token, nonce, &ctx.state.clock).await?;
    sign_in::enter(ctx, provider, claims, used).await
}
