//! Whoever a provider vouches for signs in.

use app::api::{Code, Offer, SignInOutcome};
use uuid::Uuid;

use super::{remembered, sign_up};
use crate::{
    oidc::{Claims, Provider},
    request::RequestContext,
    session::{AuthenticationMethods, Event, Method, PROOF_LIFETIME},
    sign_in::{NewSignIn, Refusal, automatic, complete, second_factor},
    store::{Ceremony, StoreError, UsedChallenge},
};

/// Signs in whoever the provider vouches for, or asks somebody new for a username. `used`: the
/// challenge that this answers.
pub(super) async fn enter(
    ctx: &RequestContext,
    provider: &Provider,
    claims: Claims,
    used: &UsedChallenge,
) -> Result<SignInOutcome, Refusal> {
    let store = &ctx.state.store;
    let found = store.identity_and_account(provider.issuer.as_str(), &claims.subject).await?;
    let Some((own, row, has_passkey)) = found else {
        sign_up::ask(ctx, provider, claims, used).await?;
        return Ok(SignInOutcome::NameNeeded);
    };
    let method = Method::Provider(provider.name.clone());
    let federated = remembered(provider, &own.subject, &own.label, &row.display_name);
    if row.second_factor {
        let event = ctx.event(row.id, Event::SecondFactorAskedAfter, provider.name.as_str());
        second_factor::ask(ctx, row.owner(), method, federated, event, Some(used)).await?;
        return Ok(SignInOutcome::PasskeyToo);
    }
    let sign_in = NewSignIn {
        offer: (!has_passkey).then_some(Offer::Passkey),
        federated,
        // Only if the provider says that it has just asked: it may vouch for somebody who signed
        // in there last week.
        is_proof: claims.is_fresh(ctx.now(), PROOF_LIFETIME),
        ..NewSignIn::new(row.owner(), AuthenticationMethods::one(method), "")
    };
    let ceremony = Ceremony { challenge: Some(used), ..Ceremony::default() };
    complete(ctx, sign_in, ceremony).await?;
    Ok(SignInOutcome::Done(row.name()))
}

/// Signs in without being asked: only somebody who has an account, and who is asked for nothing
/// else.
pub(super) async fn enter_by_itself(
    ctx: &RequestContext,
    provider: &Provider,
    claims: Claims,
    used: &UsedChallenge,
) -> Result<SignInOutcome, Refusal> {
    let store = &ctx.state.store;
    let found = store.identity_and_account(provider.issuer.as_str(), &claims.subject).await?;
    let (_, row, _) = found.ok_or(Code::NotAutomatic)?;
    if row.second_factor || !row.automatic || !automatic::is_allowed(ctx) {
        return Err(Code::NotAutomatic.into());
    }
    let method = Method::Provider(provider.name.clone());
    let sign_in = automatic::unasked(ctx, row.owner(), &row.display_name, method).await?;
    let ceremony = Ceremony { challenge: Some(used), ..Ceremony::default() };
    complete(ctx, sign_in, ceremony).await?;
    Ok(SignInOutcome::Done(row.name()))
}

/// Whose identity it is, if it is anybody's.
pub(super) async fn owner_of(
    ctx: &RequestContext,
    provider: &Provider,
    claims: &Claims,
) -> Result<Option<Uuid>, StoreError> {
    let found = ctx.state.store.identity(provider.issuer.as_str(), &claims.subject).await?;
    Ok(found.map(|identity| identity.account))
}
