//! The names of an account.

use app::api::{AccountName, Code, Result};

use crate::{
    credentials::{DisplayName, Username},
    request::RequestContext,
    session::{Event, SignedIn},
};

/// # Errors
/// What is wrong with the names, or [`Code::ProofRequired`] for a new username: it is half
/// of a sign-in with a password or a recovery code.
pub async fn rename(ctx: &RequestContext, owner: &SignedIn, name: &AccountName) -> Result<()> {
    let username = Username::parse(&name.username)?;
    let display_name = DisplayName::parse(&name.display_name)?;
    let store = &ctx.state.store;
    let row = store.account(owner.account).await?.ok_or(Code::SignInRequired)?;
    if row.username != username.as_str() {
        ctx.session.get().reauthenticated(ctx.now())?;
    }
    let name = AccountName {
        username: username.as_str().to_owned(),
        display_name: display_name.as_str().to_owned(),
    };
    let event = ctx.event(row.id, Event::AccountRenamed, "");
    let change = ctx.told("Your details are saved.")?;
    let key = username.key();
    store.rename_account(row.id, &name, &key, &change.write, &event, ctx.now()).await?;
    ctx.session.committed(change);
    Ok(())
}
