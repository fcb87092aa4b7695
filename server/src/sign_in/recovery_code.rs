//! Signing in with a recovery code: for whoever has lost everything else. Where the account asks
//! for a second factor, it stands in for that one only.

use app::api::{Code, Notice, Result};

use super::{NewSignIn, Refusal, complete, guess, record};
use crate::{
    credentials::{Username, recovery_codes::hash},
    guard::tries::Try,
    request::RequestContext,
    session::{AuthenticationMethods, Method},
    store::{AccountRow, Ceremony},
};

const USED_UP: &str = "You are signed in. That recovery code is used up now.";

/// Good for nothing.
const NO_CODE: &str = "";

/// Signs in with a recovery code: instead of the passkey, where the account asks for one after the
/// `password`; instead of everything else where it does not.
///
/// # Errors
/// [`Code::RecoveryCodeWrong`], in the same words and after the same time for a username that nobody
/// has, and for a password that is missing or wrong: nobody learns what the account asks for who
/// does not have it; [`Code::TooManyTries`].
pub async fn sign_in(
    ctx: &RequestContext,
    username: &str,
    password: &str,
    code: &str,
) -> Result<()> {
    let key = Username::key_of(username);
    let found = ctx.state.store.account_and_hash(&key).await?;
    let tried = guess::begin(ctx, &key, found.as_ref().map(|(row, _)| row.id)).await?;
    let hash = found.as_ref().and_then(|(_, hash)| hash.clone());
    // Also where nobody asks for it: that takes as long.
    let right = ctx.state.passwords.verify(password, hash.clone()).await?;
    let Some((row, _)) = found else {
        return use_up(ctx, None, NO_CODE, &tried).await;
    };
    let (methods, code) = match (asks_for_more(ctx, &row, hash.is_some()).await?, right) {
        (false, _) => (AuthenticationMethods::one(Method::RecoveryCode), code),
        (true, true) => (AuthenticationMethods::two(Method::Password, Method::RecoveryCode), code),
        // As wrong as any other code, and as quick; and it is not used up.
        (true, false) => (AuthenticationMethods::one(Method::RecoveryCode), NO_CODE),
    };
    use_up(ctx, Some(NewSignIn::new(row.owner(), methods, "")), code, &tried).await
}

/// Whether a passkey alone does not sign in, because it would come after something else. Without a
/// password and a provider it does, and so does what stands in for it.
async fn asks_for_more(ctx: &RequestContext, row: &AccountRow, has_password: bool) -> Result<bool> {
    if !row.second_factor || has_password {
        return Ok(row.second_factor);
    }
    let identities = ctx.state.store.identities_of(row.id).await?;
    Ok(!ctx.state.providers.of(&identities).is_empty())
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
