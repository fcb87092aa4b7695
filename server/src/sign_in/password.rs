//! Signing in with a password.

use app::api::{Code, Result, SignInOutcome};

use super::{NewSignIn, complete, guess, offer, record, second_factor};
use crate::{
    credentials::Username,
    guard::tries::Try,
    request::RequestContext,
    session::{AuthenticationMethods, Event, Method},
    store::{Ceremony, PasswordRow},
};

/// Signs in with a password: typed into the form, or saved in the browser and chosen there.
///
/// # Errors
/// [`Code::WrongPassword`], after the same time and in the same words for a
/// username that nobody has; [`Code::TooManyTries`].
pub async fn sign_in(
    ctx: &RequestContext,
    username: &str,
    password: &str,
) -> Result<SignInOutcome> {
    let (found, tried) = right_password(ctx, username, password).await?;
    let account = &found.account;
    if account.second_factor {
        // Its wrong tries are not forgotten yet: the recovery codes are counted with them.
        let event = ctx.event(account.id, Event::SecondFactorAsked, "");
        second_factor::ask(ctx, account.owner(), Method::Password, None, event, None).await?;
        return Ok(SignInOutcome::PasskeyToo);
    }
    let methods = AuthenticationMethods::one(Method::Password);
    let sign_in = NewSignIn {
        offer: offer::after_password(&ctx.state.relying_party, found.has_passkey_here),
        ..NewSignIn::new(account.owner(), methods, "")
    };
    let ceremony = Ceremony { forgotten_tries: tried.if_right.as_deref(), ..Ceremony::default() };
    complete(ctx, sign_in, ceremony).await.map_err(|refusal| refusal.error)?;
    Ok(SignInOutcome::Done(account.name()))
}

/// The password's account, if it is the right one, and the try that found it.
///
/// # Errors
/// [`Code::WrongPassword`] or [`Code::TooManyTries`]
pub(super) async fn right_password<'a>(
    ctx: &'a RequestContext,
    username: &str,
    password: &str,
) -> Result<(PasswordRow, Try<'a>)> {
    let key = Username::key_of(username);
    let found = ctx.state.store.password_of(&key, &ctx.browser()).await?;
    let account = found.as_ref().map(|found| found.account.id);
    let tried = guess::begin(ctx, &key, account).await?;
    let hash = found.as_ref().map(|found| found.hash.clone());
    let right = ctx.state.passwords.verify(password, hash).await?;
    match found {
        Some(found) if right => Ok((found, tried)),
        _ => {
            let wrong = guess::wrong(ctx, &tried, account, "with a password", Code::WrongPassword);
            Err(record(ctx, wrong).await)
        }
    }
}
