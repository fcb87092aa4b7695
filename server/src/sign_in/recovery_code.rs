//! Signing in with a recovery code: for whoever has lost everything else.

use app::api::{Code, Notice, Result};

use super::{NewSignIn, Refusal, complete, guess, record};
use crate::{
    credentials::{Username, recovery_codes::hash},
    guard::tries::Try,
    request::RequestContext,
    session::{AuthenticationMethods, Method},
    store::Ceremony,
};

const USED_UP: &str = "You are signed in. That recovery code is used up now.";

/// Signs in with a recovery code instead of everything else.
///
/// # Errors
/// [`Code::RecoveryCodeWrong`], in the same words and after the same time for a username that
/// nobody has; [`Code::TooManyTries`].
pub async fn sign_in(ctx: &RequestContext, username: &str, code: &str) -> Result<()> {
    let key = Username::key_of(username);
    let row = ctx.state.store.account_named(&key).await?;
    let tried = guess::begin(ctx, &key, row.as_ref().map(|row| row.id)).await?;
    let methods = AuthenticationMethods::one(Method::RecoveryCode);
    let sign_in = row.map(|row| NewSignIn::new(row.owner(), methods, ""));
    use_up(ctx, sign_in, code, &tried).await
}

/// Signs in with a code, which is good once. The account's owner hears of a wrong one. Whether
/// the code is there is asked first: only somebody who has it is worth a transaction.
pub(super) async fn use_up(
    ctx: &RequestContext,
    sign_in: Option<NewSignIn>,
    code: &str,
    tried: &Try<'_>,
) -> Result<()> {
    let hash = hash(code);
    let account = sign_in.as_ref().map(|sign_in| sign_in.owner.account);
    let owner = ctx.state.store.owner_of_code(&hash).await?;
    let sign_in = sign_in.filter(|sign_in| owner == Some(sign_in.owner.account));
    let refusal: Refusal = match sign_in {
        None => Code::RecoveryCodeWrong.into(),
        Some(sign_in) => {
            let notice = Notice { sentence: USED_UP.to_owned(), undo: false };
            let sign_in = NewSignIn { notice: Some(notice), ..sign_in };
            let ceremony = Ceremony {
                recovery_code: Some(&hash),
                forgotten_tries: tried.if_right.as_deref(),
                ..Ceremony::default()
            };
            match complete(ctx, sign_in, ceremony).await {
                Ok(()) => return Ok(()),
                Err(refusal) => refusal,
            }
        }
    };
    if refusal.error.code != Code::RecoveryCodeWrong {
        return Err(refusal.error);
    }
    let wrong = guess::wrong(ctx, tried, account, "with a recovery code", refusal);
    Err(record(ctx, wrong).await)
}
