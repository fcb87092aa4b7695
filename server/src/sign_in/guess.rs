//! A try at something that could be guessed: a password, or a recovery code.

use app::api::Result;
use uuid::Uuid;

use super::Refusal;
use crate::{
    guard::tries::{Guesser, Try},
    request::RequestContext,
    session::Event,
};

/// Lets a try through, when it is its turn: see [`guard::tries`](crate::guard::tries). `name`: as
/// it was typed; `account`: that of this name, if there is one.
///
/// # Errors
/// [`Code::TooManyTries`](app::api::Code::TooManyTries), with the time to wait.
pub(super) async fn begin<'a>(
    ctx: &'a RequestContext,
    name: &str,
    account: Option<Uuid>,
) -> Result<Try<'a>> {
    let known = account.and_then(|account| {
        let cookie = ctx.known_browser.as_deref()?;
        let browser = ctx.state.known_browsers.recognise(cookie, account)?;
        Some(Guesser::KnownBrowser { account, browser })
    });
    let guesser = known.unwrap_or(Guesser::Stranger { name });
    ctx.state.tries.begin(&ctx.state.store, guesser, ctx.address, ctx.now()).await
}

/// What becomes of a wrong one: it is counted, and the account's owner hears of it. Where nobody
/// has the name, just as much is done, so that the time tells nothing.
pub(super) fn wrong(
    ctx: &RequestContext,
    tried: &Try<'_>,
    account: Option<Uuid>,
    detail: &str,
    refusal: impl Into<Refusal>,
) -> Refusal {
    // An event of an account that does not exist is not kept.
    let event = ctx.event(account.unwrap_or_default(), Event::SignInFailed, detail);
    tracing::info!(
        target: "security",
        event = "wrong_try",
        detail,
        account = account.map(tracing::field::display),
        subject = tried.if_wrong[0].subject,
    );
    Refusal { event: Some(event), wrong_tries: tried.if_wrong.clone(), ..refusal.into() }
}
