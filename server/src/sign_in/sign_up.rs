//! Signing up: the names of a new account, and an account with a password. The one with a passkey
//! is a ceremony: [`passkey`](super::passkey).

use app::api::{AccountName, Code, Offer, Result, SignInOutcome};
use uuid::Uuid;

use super::{NewSignIn, complete_sign_up};
use crate::{
    credentials::{DisplayName, Username},
    guard::tries::Guesser,
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
    let names = [name.username.as_str(), &name.display_name];
    let hash = ctx.state.passwords.hash_new(password, &names).await?;
    let account = NewAccount { password_hash: Some(hash), ..account };
    let methods = AuthenticationMethods::one(Method::Password);
    let sign_in =
        NewSignIn { offer: Some(Offer::Passkey), ..NewSignIn::with_new(&account, methods, "") };
    let done = complete_sign_up(ctx, &account, sign_in, Ceremony::default()).await;
    done.map_err(|refusal| refusal.error)
}

/// # Errors
/// [`Code::UsernameInvalid`]; [`Code::TooManyTries`] for somebody who has asked for many that
/// are.
pub async fn is_username_taken(ctx: &RequestContext, username: &str) -> Result<bool> {
    is_taken(ctx, &Username::parse(username)?.key()).await
}

/// Whoever asks it of many names learns who is a customer, so names that are taken are counted.
async fn is_taken(ctx: &RequestContext, key: &str) -> Result<bool> {
    let (tries, store, now) = (&ctx.state.tries, &ctx.state.store, ctx.now());
    let visitor = Guesser::NewVisitor { name: key };
    let tried = tries.begin(store, visitor, ctx.address, now).await?;
    if tried.is_taken {
        store.count_tries(&tried.if_wrong, now).await?;
    }
    Ok(tried.is_taken)
}

/// An account of these names, if they will do. That the username is free is said early for the
/// person's sake; that it stays so is the database's business.
///
/// # Errors
/// What is wrong with the names, or [`Code::UsernameTaken`]; [`Code::TooManyTries`].
pub(crate) async fn new_account(ctx: &RequestContext, name: &AccountName) -> Result<NewAccount> {
    let account = parse(name)?;
    if is_taken(ctx, &account.username_key).await? {
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
