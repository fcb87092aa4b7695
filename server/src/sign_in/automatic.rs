//! Signing in without being asked: the browser brings a saved password by itself (silent access,
//! Credential Management §2.3.2).

use app::api::{Code, Notice, Result, SignInOutcome};

use super::{NewSignIn, Refusal, complete, password::right_password, record};
use crate::{
    request::{RequestContext, SilentAccess},
    session::{AuthenticationMethods, Event, Method},
    store::Ceremony,
};

/// Signs in with a password that the browser brought by itself: for a person who is not asked, so
/// only where nothing else is asked for, and as no proof of anything.
///
/// # Errors
/// [`Code::WrongPassword`], or [`Code::NotAutomatic`] where it is switched off, for
/// somebody who signs in by hand, and for an account with a second factor.
pub async fn sign_in(
    ctx: &RequestContext,
    username: &str,
    password: &str,
) -> Result<SignInOutcome> {
    if !is_allowed(ctx) {
        return Err(Code::NotAutomatic.into());
    }
    let (found, tried) = right_password(ctx, username, password).await?;
    let account = &found.account;
    if account.second_factor || !account.automatic {
        // Its owner hears of it: somebody knows the password by now.
        let event = ctx.event(account.id, Event::AutomaticRefused, "");
        let refusal = Refusal { event: Some(event), ..Code::NotAutomatic.into() };
        return Err(record(ctx, refusal).await);
    }
    let sign_in = NewSignIn {
        notice: Some(notice(&account.display_name)),
        ..NewSignIn::new(account.owner(), AuthenticationMethods::automatic(Method::Password), "")
    };
    let ceremony = Ceremony { forgotten_tries: tried.if_right.as_deref(), ..Ceremony::default() };
    complete(ctx, sign_in, ceremony).await.map_err(|refusal| refusal.error)?;
    Ok(SignInOutcome::Done(account.name()))
}

/// Whether anybody may be signed in who has not asked for it.
#[must_use]
pub fn is_allowed(ctx: &RequestContext) -> bool {
    let session = ctx.session.get();
    let nobody = session.account().is_none() && session.awaiting_second_factor(ctx.now()).is_err();
    ctx.state.automatic && ctx.silent_access == SilentAccess::Allowed && nobody
}

/// Nobody is signed in without being told.
pub(crate) fn notice(name: &str) -> Notice {
    Notice { sentence: format!("Signed in as {name}."), undo: true }
}
