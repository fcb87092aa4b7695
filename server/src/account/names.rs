//! The names of an account.

use app::api::{AccountName, Code, Result};
use uuid::Uuid;

use crate::{
    credentials::{DisplayName, Username},
    request::RequestContext,
    session::{Event, Reauthenticated, SignedIn},
};

/// # Errors
/// What is wrong with the names, or [`Code::ProofRequired`] for a new username.
pub async fn rename(ctx: &RequestContext, owner: &SignedIn, name: &AccountName) -> Result<()> {
    let username = Username::parse(&name.username)?;
    let display_name = DisplayName::parse(&name.display_name)?;
    let row = ctx.state.store.account(owner.account).await?.ok_or(Code::SignInRequired)?;
    if row.username == username.as_str() {
        return save(ctx, owner.account, &username, &display_name).await;
    }
    let proof = ctx.session.get().reauthenticated(ctx.now())?;
    rename_username(ctx, &proof, &username, &display_name).await
}

/// A username is half of a sign-in with a password or a recovery code, so this takes a proof.
async fn rename_username(
    ctx: &RequestContext,
    proof: &Reauthenticated,
    username: &Username,
    display_name: &DisplayName,
) -> Result<()> {
    save(ctx, proof.account(), username, display_name).await
}

async fn save(
    ctx: &RequestContext,
    account: Uuid,
    username: &Username,
    display_name: &DisplayName,
) -> Result<()> {
    let name = AccountName {
        username: username.as_str().to_owned(),
        display_name: display_name.as_str().to_owned(),
    };
    let event = ctx.event(account, Event::AccountRenamed, "");
    let (change, key) = (ctx.told("Your details are saved.")?, username.key());
    let store = &ctx.state.store;
    store.rename_account(account, &name, &key, &change.write, &event, ctx.now()).await?;
    ctx.session.committed(change);
    Ok(())
}
