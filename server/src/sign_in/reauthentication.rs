//! Proving once more to be the owner of an account, before a change of how it is signed in to.

use app::api::{Code, ReauthenticationWays, Result};

use super::{Refusal, guess, record};
use crate::{
    credentials::Username,
    request::RequestContext,
    session::Who,
    store::{Ceremony, Owner},
};

/// What can prove it. With a second factor neither the password nor a provider alone does:
/// it would open just what the second factor is to keep closed.
///
/// # Errors
/// [`Code::SignInRequired`]
pub async fn ways(ctx: &RequestContext) -> Result<ReauthenticationWays> {
    let account = ctx.session.get().signed_in()?.account;
    let store = &ctx.state.store;
    let ways = store.ways(account).await?.ok_or(Code::SignInRequired)?;
    let identities = store.proving_identities(account).await?;
    Ok(ReauthenticationWays {
        passkey: ways.passkeys > 0,
        password: ways.password && !ways.second_factor,
        providers: ctx.state.providers.of(&identities),
    })
}

/// # Errors
/// [`Code::WrongPassword`], also where a password is not enough; [`Code::TooManyTries`].
pub async fn with_password(ctx: &RequestContext, password: &str) -> Result<()> {
    let account = ctx.session.get().signed_in()?.account;
    let found = ctx.state.store.account_with_hash(account).await?;
    let (row, hash) = found.ok_or(Code::SignInRequired)?;
    let tried = guess::begin(ctx, &Username::key_of(&row.username), Some(row.id)).await?;
    let hash = hash.filter(|_| !row.second_factor);
    if !ctx.state.passwords.verify(password, hash).await? {
        let wrong = guess::wrong(ctx, &tried, Some(row.id), "with a password", Code::WrongPassword);
        return Err(record(ctx, wrong).await);
    }
    let ceremony = Ceremony { forgotten_tries: tried.if_right.as_deref(), ..Ceremony::default() };
    let done = complete(ctx, row.owner(), None, ceremony).await;
    done.map_err(|refusal| refusal.error)
}

/// Whoever is signed in has just proved it, and gets a new session id. `passkey`: by which one.
///
/// # Errors
/// [`Code::SignInRequired`] when the session has been ended meanwhile; what another request was
/// faster with.
pub(crate) async fn complete(
    ctx: &RequestContext,
    owner: Owner,
    passkey: Option<String>,
    ceremony: Ceremony<'_>,
) -> std::result::Result<(), Refusal> {
    let now = ctx.now();
    let mut session = ctx.session.get();
    let Who::SignedIn(signed_in) = &mut session.who else {
        return Err(Code::SignInRequired.into());
    };
    signed_in.prove(passkey, now);
    let change = ctx.session.renewed(session, false, now)?;
    let ceremony = Ceremony { account: Some(owner), session: Some(&change.write), ..ceremony };
    ctx.state.store.complete(&ceremony, now).await?;
    ctx.session.committed(change);
    Ok(())
}
