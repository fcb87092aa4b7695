//! Proving with a provider to be the owner of an account.

use app::api::{Code, Next, Result};
use uuid::Uuid;

use super::{
    attempt::{self, Departure, Intent},
    sign_in::owner_of,
};
use crate::{
    oidc::{Claims, Provider},
    request::RequestContext,
    session::{Event, PROOF_LIFETIME, SignedIn},
    sign_in::{Refusal, reauthentication},
    store::{Ceremony, UsedChallenge},
};

/// # Errors
/// [`Code::NotFound`] for a provider that proves nothing here, and those of [`attempt::start`].
pub async fn start(
    ctx: &RequestContext,
    owner: &SignedIn,
    provider: &str,
    next: &Next,
) -> Result<Departure> {
    let with = ctx.state.providers.named(provider)?;
    let identities = ctx.state.store.proving_identities(owner.account).await?;
    let own = identities.iter().find(|identity| with.vouches_for(identity));
    let own = own.ok_or(Code::NotFound)?;
    let hint = Some(own.label.as_str()).filter(|label| !label.is_empty());
    attempt::start(ctx, provider, Intent::Reauthenticate(owner.account), next, hint).await
}

pub(super) async fn finish(
    ctx: &RequestContext,
    account: Uuid,
    provider: &Provider,
    claims: Claims,
    used: &UsedChallenge,
) -> std::result::Result<(), Refusal> {
    if ctx.session.get().account() != Some(account) {
        return Err(Code::SignInRequired.into());
    }
    // Before the identity is looked for: it may be thrown out at this moment, and the sessions of
    // whoever has it with it.
    let row = ctx.account_of_session().await?;
    let own = owner_of(ctx, provider, &claims).await? == Some(account);
    // The provider was asked to have the person sign in now (OpenID Connect Core 1.0 §3.1.2.1),
    // and says when that was.
    if !own || row.second_factor || !claims.is_fresh(ctx.now(), PROOF_LIFETIME) {
        let detail = format!("with {}", provider.name);
        let event = ctx.event(account, Event::SignInFailed, detail);
        return Err(Refusal { event: Some(event), ..Code::WrongIdentity.into() });
    }
    // Only if the session has not been ended while the provider answered.
    let ceremony = Ceremony { challenge: Some(used), ..Ceremony::default() };
    reauthentication::complete(ctx, row.owner(), None, ceremony).await
}
