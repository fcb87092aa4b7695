//! What is asked for after a password, or a provider, where the account's owner wants it.

use app::api::{Code, Federated, PublicError};

use super::{NewSignIn, Refusal, assertion::Assertion, complete, guess, offer, recovery_code};
use crate::{
    credentials::{Username, recovery_codes::hash},
    request::RequestContext,
    session::{AuthenticationMethods, AwaitingSecondFactor, Method},
    store::{Ceremony, NewEvent, Owner, UsedChallenge},
};

/// Remembers whose first factor was right, under a new session id, and signs nobody in: not
/// before the second. Whoever was signed in is not any more.
///
/// # Errors
/// [`Code::ChallengeUnknown`] when `challenge`, which brought the first factor, was answered before.
pub(crate) async fn ask(
    ctx: &RequestContext,
    owner: Owner,
    first: Method,
    federated: Option<Federated>,
    event: NewEvent,
    challenge: Option<&UsedChallenge>,
) -> Result<(), PublicError> {
    let now = ctx.now();
    let Owner { account, epoch } = owner;
    let half = AwaitingSecondFactor { account, epoch, first, since: now, federated };
    let session = ctx.session.get().awaiting(half);
    let change = ctx.session.renewed(session, true, now)?;
    let ceremony = Ceremony {
        challenge,
        session: Some(&change.write),
        events: &[event],
        ..Ceremony::default()
    };
    ctx.state.store.complete(&ceremony, now).await?;
    ctx.session.committed(change);
    Ok(())
}

/// Signs in with a passkey as the second factor.
pub(super) async fn with_passkey(
    ctx: &RequestContext,
    half: AwaitingSecondFactor,
    assertion: &Assertion,
    ceremony: Ceremony<'_>,
) -> Result<(), Refusal> {
    let owner = half.owner();
    let methods = AuthenticationMethods::two(half.first, Method::Passkey(assertion.id()));
    let sign_in = NewSignIn {
        offer: offer::after_passkey(assertion),
        federated: half.federated,
        ..NewSignIn::new(owner, methods, &assertion.described())
    };
    complete(ctx, sign_in, ceremony).await
}

/// Signs in with a recovery code as the second factor.
///
/// # Errors
/// [`Code::SignInRequired`] when none is asked for, [`Code::RecoveryCodeWrong`] or
/// [`Code::TooManyTries`].
pub async fn with_recovery_code(ctx: &RequestContext, code: &str) -> Result<(), PublicError> {
    let session = ctx.session.get();
    let half = session.awaiting_second_factor(ctx.now())?.clone();
    let owner = half.owner();
    let methods = AuthenticationMethods::two(half.first, Method::RecoveryCode);
    let hash = hash(code);
    let found = ctx.state.store.account_with_code(owner.account, &hash).await?;
    let (row, has_code) = found.ok_or(Code::SignInRequired)?;
    let tried = guess::begin(ctx, &Username::key_of(&row.username), Some(row.id)).await?;
    if !has_code {
        return recovery_code::refuse(ctx, Some(row.id), &tried).await;
    }
    let sign_in = NewSignIn { federated: half.federated, ..NewSignIn::new(owner, methods, "") };
    recovery_code::use_up(ctx, sign_in, &hash, &tried).await
}
