//! The password of an account.

use app::api::{AccountName, Code, Result};

use super::second_factor::is_automatic;
use crate::{
    federation::link,
    request::RequestContext,
    session::{Event, Reauthenticated},
};

const SET: &str = "Your password is set.";
const CHANGED: &str = "Your password is changed. All other sessions have ended.";
const REMOVED: &str =
    "Your password is removed. Your password manager may still offer it: delete it there.";

/// Whose password was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Set {
    /// There was none before.
    First(AccountName),
    Changed(AccountName),
}

/// Sets the password, and tells whose it is now. A change ends all other sessions: somebody may
/// be in one of them who knew the old one. It also ends automatic sign-in, if a provider could
/// bring such a browser back.
///
/// # Errors
/// What is wrong with the password, or [`Code::SignInRequired`] when this session has been ended
/// while the hash was computed.
pub async fn set(ctx: &RequestContext, proof: &Reauthenticated, password: &str) -> Result<Set> {
    let (account, store) = (proof.account(), &ctx.state.store);
    let row = store.account(account).await?.ok_or(Code::SignInRequired)?;
    let names = [row.username.as_str(), &row.display_name];
    let hash = ctx.state.passwords.hash_new(password, &names).await?;
    let comes_back = link::is_remembered(ctx, account).await?;
    let ends_automatic = comes_back && is_automatic(ctx, &row).await?;
    let (set, changed) = (ctx.told(SET)?, ctx.told(ended(CHANGED, ends_automatic))?);
    let events =
        [Event::PasswordSet, Event::PasswordChanged].map(|event| ctx.event(account, event, ""));
    let [first, another] = events;
    let after = |before: bool| match before {
        true => (changed.write.clone(), another),
        false => (set.write.clone(), first),
    };
    let before = store.set_password(account, &hash, comes_back, after, ctx.now()).await?;
    ctx.session.committed(if before { changed } else { set });
    Ok(if before { Set::Changed(row.name()) } else { Set::First(row.name()) })
}

/// Removes the password, if there is one.
///
/// # Errors
/// [`Code::LastWayIn`] without a passkey.
pub async fn remove(ctx: &RequestContext, proof: &Reauthenticated) -> Result<()> {
    let (account, store) = (proof.account(), &ctx.state.store);
    if !store.has_password(account).await? {
        ctx.session.change(|session| session.tell("There was no password to remove."));
        return Ok(());
    }
    let event = ctx.event(account, Event::PasswordRemoved, "");
    let change = ctx.told(REMOVED)?;
    if !store.remove_password(account, &change.write, &event, ctx.now()).await? {
        return Err(Code::LastWayIn.into());
    }
    ctx.session.committed(change);
    Ok(())
}

/// What is told of sessions that have ended, where automatic sign-in may have ended with them.
pub(super) fn ended(sentence: &str, automatic: bool) -> String {
    let off = " Automatic sign-in is off now, so that no browser comes back by itself.";
    format!("{sentence}{}", if automatic { off } else { "" })
}
