//! Signing in with a password.

use app::api::{Code, Result, SignInOutcome};

use super::{NewSignIn, Refusal, complete, offer, record, second_factor};
use crate::{
    credentials::Username,
    request::RequestContext,
    session::{AuthenticationMethods, Event, Method},
    store::{Ceremony, PasswordRow},
};

/// Signs in with a password: typed into the form, or saved in the browser and chosen there.
///
/// # Errors
/// [`Code::WrongPassword`], after the same time and in the same words for a
/// username that nobody has.
pub async fn sign_in(
    ctx: &RequestContext,
    username: &str,
    password: &str,
) -> Result<SignInOutcome> {
    let found = right_password(ctx, username, password).await?;
    let account = &found.account;
    if account.second_factor {
        let event = ctx.event(account.id, Event::SecondFactorAsked, "");
        second_factor::ask(ctx, account.owner(), Method::Password, None, event, None).await?;
        return Ok(SignInOutcome::PasskeyToo);
    }
    let methods = AuthenticationMethods::one(Method::Password);
    let sign_in = NewSignIn {
        offer: offer::after_password(&ctx.state.relying_party, found.has_passkey_here),
        ..NewSignIn::new(account.owner(), methods, "")
    };
    complete(ctx, sign_in, Ceremony::default()).await.map_err(|refusal| refusal.error)?;
    Ok(SignInOutcome::Done(account.name()))
}

/// The password's account, if it is the right one.
///
/// # Errors
/// [`Code::WrongPassword`]
pub(super) async fn right_password(
    ctx: &RequestContext,
    username: &str,
    password: &str,
) -> Result<PasswordRow> {
    let key = Username::parse(username).map(|username| username.key()).unwrap_or_default();
    let found = ctx.state.store.password_of(&key, &ctx.browser()).await?;
    let hash = found.as_ref().map(|found| found.hash.clone());
    let right = ctx.state.passwords.verify(password, hash).await?;
    let found = found.ok_or(Code::WrongPassword)?;
    if !right {
        let event = ctx.event(found.account.id, Event::SignInFailed, "with a password");
        let refusal = Refusal { event: Some(event), ..Code::WrongPassword.into() };
        return Err(record(ctx, refusal).await);
    }
    Ok(found)
}
