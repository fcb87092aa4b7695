//! What an account's owner links: identities with providers.

use app::api::{Code, IdentityCard, IdentityProvider, Next, Path, Result};
use uuid::Uuid;

use super::{
    attempt::{self, Departure, Intent},
    identity,
    sign_in::owner_of,
};
use crate::{
    oidc::{Claims, Provider, Providers},
    request::{RequestContext, plain},
    session::{Event, Reauthenticated},
    sign_in::Refusal,
    store::{Ceremony, Deletion, IdentityRow, Made, UsedChallenge},
};

/// On to the provider. Whoever could link an identity of their own would be in for good, so this
/// takes a proof before anything is asked there.
///
/// # Errors
/// Those of [`attempt::start`].
pub async fn start(
    ctx: &RequestContext,
    proof: &Reauthenticated,
    provider: &str,
) -> Result<Departure> {
    let next = Next::from(Path::Account);
    attempt::start(ctx, provider, Intent::Link(proof.account()), &next, None).await
}

/// Only to the account that asked for it, with a proof, and is still signed in; never to one whose
/// e-mail address happens to be the same.
pub(super) async fn finish(
    ctx: &RequestContext,
    proof: &Reauthenticated,
    provider: &Provider,
    claims: Claims,
    used: &UsedChallenge,
) -> std::result::Result<(), Refusal> {
    let (account, mut session) = (proof.account(), ctx.session.get());
    let (store, now) = (&ctx.state.store, ctx.now());
    // The session may have been ended while the provider answered.
    let row = ctx.account_of_session().await?;
    let identity = identity(provider, claims.clone());
    let new_identity = match owner_of(ctx, provider, &claims).await? {
        Some(owner) if owner != account => return Err(Code::IdentityTaken.into()),
        // It was linked before: then there is nothing to do, or to tell.
        Some(_) => None,
        None => Some(&identity),
    };
    let event = ctx.event(account, Event::ProviderLinked, provider.name.as_str());
    if new_identity.is_some() {
        session.tell(format!("{} is linked. You can sign in with it.", provider.name));
    }
    let change = ctx.session.amended(session, now)?;
    let events = new_identity.map(|_| event);
    let made = Made { with: &ctx.browser(), within: proof.handle() };
    let ceremony = Ceremony {
        account: Some(row.owner()),
        challenge: Some(used),
        new_identity,
        made,
        session: Some(&change.write),
        events: events.as_slice(),
        ..Ceremony::default()
    };
    store.complete(&ceremony, now).await?;
    ctx.session.committed(change);
    Ok(())
}

/// # Errors
/// [`Code::LastWayIn`], or [`Code::NotFound`] for anybody else's.
pub async fn unlink(ctx: &RequestContext, proof: &Reauthenticated, id: &str) -> Result<()> {
    let (account, store) = (proof.account(), &ctx.state.store);
    let identities = store.identities_of(account).await?;
    let id = plain(id)?;
    let identity = identities.iter().find(|identity| identity.id == id).ok_or(Code::NotFound)?;
    let name = described(&ctx.state.providers, identity);
    let event = ctx.event(account, Event::ProviderUnlinked, name.as_str());
    let told = format!("{name} is unlinked, and does not sign in to this account any more.");
    let change = ctx.told(told)?;
    let issuers = ctx.state.providers.issuers();
    let unlinked = store.unlink(account, id, &issuers, &change.write, &event, ctx.now()).await?;
    match unlinked {
        Deletion::Deleted => {
            ctx.session.committed(change);
            Ok(())
        }
        Deletion::Needed => Err(Code::LastWayIn.into()),
        Deletion::Unknown => Err(Code::NotFound.into()),
    }
}

/// For the account page: the identities, and the providers without one.
pub(crate) fn cards(
    providers: &Providers,
    identities: &[IdentityRow],
) -> (Vec<IdentityCard>, Vec<IdentityProvider>) {
    let linked = |provider: &&Provider| !identities.iter().any(|own| provider.vouches_for(own));
    let others = providers.0.iter().filter(linked).map(Into::into).collect();
    let cards = identities.iter().map(|identity| {
        let provider = providers.with(identity);
        IdentityCard {
            provider: described(providers, identity),
            icon: provider.and_then(|provider| provider.icon.clone()),
            works: provider.is_some(),
            remembered: provider.is_some_and(|provider| provider.origin().is_some()),
            id: identity.id.clone(),
            label: identity.label.clone(),
            linked: identity.linked,
        }
    });
    (cards.collect(), others)
}

/// Whether a browser may remember one of the account's providers.
///
/// # Errors
/// [`Code::Internal`]
pub(crate) async fn is_remembered(ctx: &RequestContext, account: Uuid) -> Result<bool> {
    let identities = ctx.state.store.identities_of(account).await?;
    let providers = ctx.state.providers.of(&identities);
    Ok(providers.iter().any(|provider| provider.origin.is_some()))
}

/// Also of a provider that the shop does not work with any more.
pub(crate) fn described(providers: &Providers, identity: &IdentityRow) -> String {
    let provider = providers.with(identity);
    provider.map_or_else(|| identity.issuer.clone(), |provider| provider.name.clone())
}
