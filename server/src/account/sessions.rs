//! The sessions of an account.

use app::api::{Code, Result, SessionCard};

use super::{password::ended, second_factor::is_automatic};
use crate::{
    request::{RequestContext, plain},
    session::{Event, Reauthenticated, SignedIn, read},
    store::{PasskeyRow, SessionRow},
    webauthn::passkey_managers::described,
};

/// Ends a session, and automatic sign-in: its browser may keep the password, and would be
/// back at once.
///
/// # Errors
/// [`Code::NotFound`] for anybody else's session.
pub async fn end(ctx: &RequestContext, proof: &Reauthenticated, handle: &str) -> Result<()> {
    let change = ctx.told(ended("That session has ended.", was_automatic(ctx, proof).await?))?;
    let event = |ended: &str| {
        let ended = read(ended, "").ok();
        let signed_in = ended.as_ref().and_then(|session| session.signed_in().ok());
        let browser = signed_in.map_or("an unknown browser", |signed_in| &signed_in.browser);
        ctx.event(proof.account(), Event::SessionEnded, browser)
    };
    let (store, now) = (&ctx.state.store, ctx.now());
    if !store.end_session(proof.account(), plain(handle)?, &change.write, event, now).await? {
        return Err(Code::NotFound.into());
    }
    match proof.handle() == handle {
        true => ctx.session.forget(),
        false => ctx.session.committed(change),
    }
    Ok(())
}

/// Ends all sessions but this one, and automatic sign-in with them.
///
/// # Errors
/// [`Code::SignInRequired`] when this one has been ended meanwhile.
pub async fn end_others(ctx: &RequestContext, proof: &Reauthenticated) -> Result<()> {
    let automatic = was_automatic(ctx, proof).await?;
    let change = ctx.told(ended("All other sessions have ended.", automatic))?;
    let event = ctx.event(proof.account(), Event::OtherSessionsEnded, "");
    let (store, now) = (&ctx.state.store, ctx.now());
    store.end_other_sessions(proof.account(), &change.write, &event, now).await?;
    ctx.session.committed(change);
    Ok(())
}

async fn was_automatic(ctx: &RequestContext, proof: &Reauthenticated) -> Result<bool> {
    let row = ctx.state.store.account(proof.account()).await?.ok_or(Code::SignInRequired)?;
    is_automatic(ctx, &row).await
}

/// This one first; the others as they come, which is newest first.
pub(super) fn cards(
    sessions: Vec<SessionRow>,
    passkeys: &[PasskeyRow],
    this: &str,
) -> Vec<SessionCard> {
    let named = |id: &str| match passkeys.iter().find(|row| row.id == id) {
        Some(row) => described(row.own_name.as_deref(), &row.aaguid),
        None => "a passkey that was deleted".to_owned(),
    };
    let card = |row: SessionRow| {
        let signed_in = signed_in(&row)?;
        Some(SessionCard {
            this_one: signed_in.handle == this,
            how: capitalised(&signed_in.methods.in_words(named)),
            browser: signed_in.browser,
            signed_in: signed_in.since,
            id: row.handle,
        })
    };
    let mut cards: Vec<_> = sessions.into_iter().filter_map(card).collect();
    cards.sort_by_key(|card| !card.this_one);
    cards
}

/// Who is signed in there.
pub(super) fn signed_in(row: &SessionRow) -> Option<SignedIn> {
    let session = read(&row.data, &row.key).ok()?;
    session.signed_in().ok().cloned()
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
