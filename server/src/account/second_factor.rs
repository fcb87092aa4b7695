//! What the account's owner switches: the second factor, and automatic sign-in.

use app::api::{Code, Result};

use crate::{
    federation::link,
    request::RequestContext,
    session::{Event, Reauthenticated},
    store::AccountRow,
};

/// # Errors
/// [`Code::SecondFactorMissing`] when there is nothing to ask for.
pub async fn set(ctx: &RequestContext, proof: &Reauthenticated, on: bool) -> Result<()> {
    let (event, sentence) = match on {
        true => (Event::SecondFactorOn, "From now on, a passkey is asked for after your password."),
        false => (Event::SecondFactorOff, "The second factor is off."),
    };
    let account = proof.account();
    let event = ctx.event(account, event, "");
    let change = ctx.told(sentence)?;
    let store = &ctx.state.store;
    if !store.set_second_factor(account, on, &change.write, &event, ctx.now()).await? {
        return Err(Code::SecondFactorMissing.into());
    }
    ctx.session.committed(change);
    Ok(())
}

/// Whether a browser may sign in to the account by itself.
///
/// # Errors
/// [`Code::SignInRequired`] when this session has been ended meanwhile.
pub async fn set_automatic(ctx: &RequestContext, proof: &Reauthenticated, on: bool) -> Result<()> {
    let (event, sentence) = match on {
        true => (Event::AutomaticOn, "Automatic sign-in is on."),
        false => (Event::AutomaticOff, "Automatic sign-in is off."),
    };
    let account = proof.account();
    let event = ctx.event(account, event, "");
    let change = ctx.told(sentence)?;
    let store = &ctx.state.store;
    store.set_automatic(account, on, &change.write, &event, ctx.now()).await?;
    ctx.session.committed(change);
    Ok(())
}

/// Whether automatic sign-in is on; none where there is nothing to sign in with, or never without
/// being asked. `possible`: whether a browser could have something to bring.
pub(super) fn automatic(ctx: &RequestContext, row: &AccountRow, possible: bool) -> Option<bool> {
    let asked = !ctx.state.automatic || row.second_factor;
    (possible && !asked).then_some(row.automatic)
}

/// Whether a browser could sign in to the account by itself.
pub(super) async fn is_automatic(ctx: &RequestContext, row: &AccountRow) -> Result<bool> {
    let has_password = ctx.state.store.has_password(row.id).await?;
    let possible = has_password || link::is_remembered(ctx, row.id).await?;
    Ok(automatic(ctx, row, possible) == Some(true))
}
