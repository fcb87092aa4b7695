//! What the account's owner switches: the second factor, and automatic sign-in.

use app::api::{Code, Result};

use crate::{
    request::RequestContext,
    session::{Event, Reauthenticated},
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
