//! Signing up: the names of a new account, and an account with a password. The one with a passkey
//! is a ceremony: [`passkey`](super::passkey).

use app::api::{AccountName, Code, Offer, Result, SignInOutcome};
use uuid::Uuid;

use super::{NewSignIn, complete_sign_up};
use crate::{
    credentials::{DisplayName, Username},
    request::RequestContext,
    session::{AuthenticationMethods, Method},
    store::{Ceremony, NewAccount},
};

/// # Errors
/// What is wrong with the names or the password.
pub async fn with_password(
    ctx: &RequestContext,
    name: &AccountName,
    password: &str,
) -> Result<SignInOutcome> {
    let account = new_account(ctx, name).await?;
    let personal = [name.username.as_str(), &name.display_name, "latchkey"];
    let hash = ctx.state.passwords.hash_new(password, &personal).await?;
    let account = NewAccount { password_hash: Some(hash), ..account };
    let methods = AuthenticationMethods::one(Method::Password);
    let sign_in =
        NewSignIn { offer: Some(Offer::Passkey), ..NewSignIn::with_new(&account, methods, "") };
    let done = complete_sign_up(ctx, &account, sign_in, Ceremony::default()).await;
    done.map_err(|refusal| refusal.error)
}

/// # Errors
/// [`Code::UsernameInvalid`] or [`Code::Internal`]
pub async fn is_username_taken(ctx: &RequestContext, username: &str) -> Result<bool> {
    let key = Username::parse(username)?.key();
    Ok(ctx.state.store.username_taken(&key).await?)
}

/// An account of these names, if they will do. That the username is free is said early for the
/// person's sake; that it stays so is the database's business.
///
/// # Errors
/// What is wrong with the names, or [`Code::UsernameTaken`].
pub(crate) async fn new_account(ctx: &RequestContext, name: &AccountName) -> Result<NewAccount> {
    let account = parse(name)?;
    if ctx.state.store.username_taken(&account.username_key).await? {
        return Err(Code::UsernameTaken.into());
    }
    Ok(account)
}

/// # Errors
/// What is wrong with the names.
pub(super) fn parse(name: &AccountName) -> Result<NewAccount> {
    let username = Username::parse(&name.username)?;
    let display_name = DisplayName::parse(&name.display_name)?;
    Ok(NewAccount {
        id: Uuid::new_v4(),
        username_key: username.key(),
        username: username.as_str().to_owned(),
        display_name: display_name.as_str().to_owned(),
        password_hash: None,
    })
}
