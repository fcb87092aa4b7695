//! Signing in with a recovery code: for whoever has lost everything else. Where the account asks
//! for a second factor, it stands in for that one only.

use app::api::{Code, Notice, Result};
use uuid::Uuid;

use super::{NewSignIn, complete, guess, record};
use crate::{
    credentials::{Username, recovery_codes::hash},
    guard::tries::Try,
    request::RequestContext,
    session::{AuthenticationMethods, Method},
    store::{AccountRow, AccountToRecover, Ceremony},
};

const USED_UP: &str = "You are signed in. That recovery code is used up now.";

/// Signs in with a recovery code: instead of the passkey, where the account asks for one after the
/// `password`; instead of everything else where it does not.
///
/// # Errors
/// [`Code::RecoveryCodeWrong`], in the same words and after the same time for a username that
/// nobody has, and for a password that is missing or wrong: nobody learns what the account asks for who
/// does not have it; [`Code::TooManyTries`].
pub async fn sign_in(
    ctx: &RequestContext,
    username: &str,
    password: &str,
    code: &str,
) -> Result<()> {
    let (key, hash) = (Username::key_of(username), hash(code));
    let found = ctx.state.store.account_to_recover(&key, &hash).await?;
    let tried = guess::begin(ctx, &key, found.as_ref().map(|found| found.account.id)).await?;
    // Also where nobody asks for it: that takes as long.
    let password_hash = found.as_ref().and_then(|found| found.password_hash.clone());
    let has_password = password_hash.is_some();
    let right = ctx.state.passwords.verify(password, password_hash).await?;
    let Some(AccountToRecover { account, has_code, .. }) = found else {
        return refuse(ctx, None, &tried).await;
    };
    let asks_for_more = asks_for_more(ctx, &account, has_password).await?;
    // With a wrong password no code is used up.
    if !has_code || (asks_for_more && !right) {
        return refuse(ctx, Some(account.id), &tried).await;
    }
    let methods = match asks_for_more {
        true => AuthenticationMethods::two(Method::Password, Method::RecoveryCode),
        false => AuthenticationMethods::one(Method::RecoveryCode),
    };
    use_up(ctx, NewSignIn::new(account.owner(), methods, ""), &hash, &tried).await
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

/// Signs in with a code that the account has: it is good once.
pub(super) async fn use_up(
    ctx: &RequestContext,
    sign_in: NewSignIn,
    hash: &str,
    tried: &Try<'_>,
) -> Result<()> {
    let account = sign_in.owner.account;
    let notice = Notice { sentence: USED_UP.to_owned(), undo: false };
    let sign_in = NewSignIn { notice: Some(notice), ..sign_in };
    let ceremony = Ceremony {
        recovery_code: Some(hash),
        forgotten_tries: tried.if_right.as_deref(),
        ..Ceremony::default()
    };
    match complete(ctx, sign_in, ceremony).await {
        // Another request was faster.
        Err(refusal) if refusal.error.code == Code::RecoveryCodeWrong => {
            refuse(ctx, Some(account), tried).await
        }
        done => done.map_err(|refusal| refusal.error),
    }
}

/// A wrong code is counted, and the account's owner hears of it.
pub(super) async fn refuse(
    ctx: &RequestContext,
    account: Option<Uuid>,
    tried: &Try<'_>,
) -> Result<()> {
    let code = Code::RecoveryCodeWrong;
    let wrong = guess::wrong(ctx, tried, account, "with a recovery code", code);
    Err(record(ctx, wrong).await)
}
