//! Signing in with a recovery code: for whoever has lost everything else.

use app::api::{Code, Notice, Result};

use super::{NewSignIn, Refusal, complete, record};
use crate::{
    credentials::{Username, recovery_codes::hash},
    request::RequestContext,
    session::{AuthenticationMethods, Event, Method},
    store::Ceremony,
};

const USED_UP: &str = "You are signed in. That recovery code is used up now.";

/// Signs in with a recovery code instead of everything else.
///
/// # Errors
/// [`Code::RecoveryCodeWrong`], in the same words for a username that nobody has.
pub async fn sign_in(ctx: &RequestContext, username: &str, code: &str) -> Result<()> {
    let key = Username::parse(username).map(|username| username.key()).unwrap_or_default();
    let row = ctx.state.store.account_named(&key).await?.ok_or(Code::RecoveryCodeWrong)?;
    let methods = AuthenticationMethods::one(Method::RecoveryCode);
    use_up(ctx, NewSignIn::new(row.owner(), methods, ""), code).await
}

/// Signs in with a code, which is good once. The account's owner hears of a wrong one.
pub(super) async fn use_up(ctx: &RequestContext, sign_in: NewSignIn, code: &str) -> Result<()> {
    let (hash, account) = (hash(code), sign_in.owner.account);
    let notice = Notice { sentence: USED_UP.to_owned(), undo: false };
    let sign_in = NewSignIn { notice: Some(notice), ..sign_in };
    let ceremony = Ceremony { recovery_code: Some(&hash), ..Ceremony::default() };
    let Err(refusal) = complete(ctx, sign_in, ceremony).await else { return Ok(()) };
    let event = (refusal.error.code == Code::RecoveryCodeWrong)
        .then(|| ctx.event(account, Event::SignInFailed, "with a recovery code"));
    Err(record(ctx, Refusal { event, ..refusal }).await)
}
