//! Recovery codes, for the day when everything else is lost.

use app::api::Result;

use crate::{
    credentials::recovery_codes::{CODES, hash, random_code},
    request::RequestContext,
    session::{Event, Reauthenticated},
    store::Made,
};

/// New recovery codes, of which nothing but hashes is kept. Those from before are good for
/// nothing any more.
///
/// # Errors
/// [`Code::SignInRequired`](app::api::Code::SignInRequired) when this session has been ended
/// meanwhile.
pub async fn make(ctx: &RequestContext, proof: &Reauthenticated) -> Result<Vec<String>> {
    let codes: Vec<_> = (0..CODES).map(|_| random_code()).collect();
    let hashes: Vec<_> = codes.iter().map(|code| hash(code)).collect();
    let account = proof.account();
    let event = ctx.event(account, Event::RecoveryCodesMade, "");
    let (store, now) = (&ctx.state.store, ctx.now());
    let change = ctx.session.amended(ctx.session.get(), now)?;
    let made = Made { with: &ctx.browser(), within: proof.handle() };
    store.replace_recovery_codes(account, &hashes, made, &change.write, &event, now).await?;
    ctx.session.committed(change);
    Ok(codes)
}
