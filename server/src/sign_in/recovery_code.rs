//! Signing in with a recovery code: for whoever has lost everything else. Where the account asks
//! for a second factor, it stands in for that one only.

use app::api::{Code, Notice, Result};

use super::{NewSignIn, Refusal, complete, record};
use crate::{
    credentials::{Username, recovery_codes::hash},
    request::RequestContext,
    session::{AuthenticationMethods, Event, Method},
    store::{AccountRow, Ceremony},
};

const USED_UP: &str = "You are signed in. That recovery code is used up now.";

/// Good for nothing.
const NO_CODE: &str = "";

/// Signs in with a recovery code: instead of the passkey, where the account asks for one after the
/// `password`; instead of everything else where it does not.
///
/// # Errors
/// [`Code::RecoveryCodeWrong`], in the same words for a username that nobody has, and for a
/// password that is missing or wrong: nobody learns what the account asks for who does not have it.
pub async fn sign_in(
    ctx: &RequestContext,
    username: &str,
    password: &str,
    code: &str,
) -> Result<()> {
    let key = Username::parse(username).map(|username| username.key()).unwrap_or_default();
    let found = ctx.state.store.account_and_hash(&key).await?;
    let hash = found.as_ref().and_then(|(_, hash)| hash.clone());
    // Also where nobody asks for it: that takes as long.
    let right = ctx.state.passwords.verify(password, hash.clone()).await?;
    let (row, _) = found.ok_or(Code::RecoveryCodeWrong)?;
    let (methods, code) = match (asks_for_more(ctx, &row, hash.is_some()).await?, right) {
        (false, _) => (AuthenticationMethods::one(Method::RecoveryCode), code),
        (true, true) => (AuthenticationMethods::two(Method::Password, Method::RecoveryCode), code),
        // As wrong as any other code, and as quick; and it is not used up.
        (true, false) => (AuthenticationMethods::one(Method::RecoveryCode), NO_CODE),
    };
    use_up(ctx, NewSignIn::new(row.owner(), methods, ""), code).await
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
