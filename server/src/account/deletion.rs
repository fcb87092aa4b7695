//! The end of an account.

use app::api::Result;

use crate::{
    request::RequestContext,
    session::{Reauthenticated, Session},
};

/// Deletes the account. Its orders stay, without the person. What remains is a short session
/// that can tell the browser to forget its passkeys.
///
/// # Errors
/// [`Code::SignInRequired`](app::api::Code::SignInRequired) when this session has been ended
/// meanwhile.
pub async fn delete(ctx: &RequestContext, proof: &Reauthenticated) -> Result<()> {
    let account = proof.account();
    let mut farewell = Session { deleted_account: Some(account), ..Session::default() };
    farewell.tell("Your account is deleted.");
    let now = ctx.now();
    let change = ctx.session.renewed(farewell, false, now)?;
    ctx.state.store.delete_account(account, &change.write, now).await?;
    ctx.session.committed(change);
    Ok(())
}
