//! After a new password: what else opens the account, and throwing out what is not its owner's.

use app::api::{Code, Result, Review, Timestamp, WayIn};

use super::sessions::signed_in;
use crate::{
    federation::link,
    request::RequestContext,
    session::{Event, Reauthenticated},
    store::{IdentityRow, NewEvent, PasskeyRow, RecoveryCodesRow, Rejected, SessionRow},
    webauthn::passkey_managers::{described, manager_or_passkey},
};

const KEPT: &str = "You have looked through what opens your account.";
const THROWN_OUT: &str = "What is not yours is thrown out, and opens nothing any more.";

/// What opens the account beside its password, as its owner has it.
struct Ways {
    passkeys: Vec<PasskeyRow>,
    identities: Vec<IdentityRow>,
    sessions: Vec<SessionRow>,
    recovery_codes: Option<RecoveryCodesRow>,
}

/// What to look through. What came while this session's owner was away, and not from this session,
/// may be somebody else's.
///
/// # Errors
/// [`Code::Internal`]
pub(super) async fn of(ctx: &RequestContext, proof: &Reauthenticated) -> Result<Review> {
    let ways = ways(ctx, proof).await?;
    let is_suspect =
        |since: Timestamp, within: &str| since > proof.away_since() && within != proof.handle();
    let passkeys = ways.passkeys.iter().map(|row| WayIn {
        key: key(Kind::Passkey, &row.id),
        name: row.own_name.clone().unwrap_or_else(|| manager_or_passkey(&row.aaguid).name),
        since: row.created,
        browser: row.made_with.clone(),
        is_suspect: is_suspect(row.created, &row.made_within),
    });
    let providers = ways.identities.iter().map(|row| WayIn {
        key: key(Kind::Identity, &row.id),
        name: link::described(&ctx.state.providers, row),
        since: row.linked,
        browser: row.made_with.clone(),
        is_suspect: is_suspect(row.linked, &row.made_within),
    });
    let sessions = ways.sessions.iter().filter_map(|row| {
        let found = signed_in(row)?;
        Some(WayIn {
            key: key(Kind::Session, &row.handle),
            name: format!("Signed in {}", found.methods.in_words(|id| named(&ways.passkeys, id))),
            since: found.since,
            browser: found.browser,
            is_suspect: is_suspect(found.since, &row.handle),
        })
    });
    let recovery_codes = ways.recovery_codes.as_ref().map(|row| WayIn {
        key: key(Kind::RecoveryCodes, ""),
        name: format!("{} recovery codes", row.left),
        since: row.made,
        browser: row.made_with.clone(),
        is_suspect: is_suspect(row.made, &row.made_within),
    });
    Ok(Review {
        passkeys: passkeys.collect(),
        providers: providers.collect(),
        sessions: sessions.collect(),
        recovery_codes,
    })
}

/// Throws out what was shown and is not to be kept. What was not shown stays: it may have come
/// since.
///
/// # Errors
/// [`Code::LastWayIn`], and nothing happens.
pub async fn keep(
    ctx: &RequestContext,
    proof: &Reauthenticated,
    shown: &[&str],
    kept: &[&str],
) -> Result<()> {
    let ways = ways(ctx, proof).await?;
    let goes = |kind: Kind, id: &str| {
        let key = key(kind, id);
        shown.contains(&key.as_str()) && !kept.contains(&key.as_str())
    };
    let passkeys: Vec<_> =
        ways.passkeys.into_iter().filter(|row| goes(Kind::Passkey, &row.id)).collect();
    let identities: Vec<_> =
        ways.identities.into_iter().filter(|row| goes(Kind::Identity, &row.id)).collect();
    let sessions: Vec<_> =
        ways.sessions.into_iter().filter(|row| goes(Kind::Session, &row.handle)).collect();
    let recovery_codes = ways.recovery_codes.filter(|_| goes(Kind::RecoveryCodes, ""));
    let events = events(ctx, proof, &passkeys, &identities, &sessions, recovery_codes.is_some());
    if events.is_empty() {
        ctx.session.change(|session| session.tell(KEPT));
        return Ok(());
    }
    let rejected = Rejected {
        passkeys: passkeys.into_iter().map(|row| row.id).collect(),
        identities: identities.into_iter().map(|row| row.id).collect(),
        sessions: sessions.into_iter().map(|row| row.handle).collect(),
        recovery_codes: recovery_codes.is_some(),
    };
    let change = ctx.told(THROWN_OUT)?;
    let (store, issuers, now) = (&ctx.state.store, ctx.state.providers.issuers(), ctx.now());
    let account = proof.account();
    if !store.throw_out(account, &rejected, &issuers, &change.write, &events, now).await? {
        return Err(Code::LastWayIn.into());
    }
    ctx.session.committed(change);
    Ok(())
}

async fn ways(ctx: &RequestContext, proof: &Reauthenticated) -> Result<Ways> {
    let (account, store) = (proof.account(), &ctx.state.store);
    let mut sessions = store.sessions_of(account, ctx.now()).await?;
    sessions.retain(|row| row.handle != proof.handle());
    Ok(Ways {
        passkeys: store.passkeys_of(account).await?,
        identities: store.identities_of(account).await?,
        sessions,
        recovery_codes: store.recovery_codes_of(account).await?,
    })
}

fn events(
    ctx: &RequestContext,
    proof: &Reauthenticated,
    passkeys: &[PasskeyRow],
    identities: &[IdentityRow],
    sessions: &[SessionRow],
    recovery_codes: bool,
) -> Vec<NewEvent> {
    let event = |event, detail: String| ctx.event(proof.account(), event, detail);
    let passkeys = passkeys.iter().map(|row| event(Event::PasskeyDeleted, passkey(row)));
    let providers = &ctx.state.providers;
    let identities = identities
        .iter()
        .map(|row| event(Event::ProviderUnlinked, link::described(providers, row)));
    let sessions = sessions.iter().map(|row| {
        let browser = signed_in(row).map(|found| found.browser).unwrap_or_default();
        event(Event::SessionEnded, browser)
    });
    let codes = recovery_codes.then(|| event(Event::RecoveryCodesDeleted, String::new()));
    passkeys.chain(identities).chain(sessions).chain(codes).collect()
}

#[derive(Clone, Copy)]
enum Kind {
    Passkey,
    Identity,
    Session,
    RecoveryCodes,
}

/// What the form names a way in by.
fn key(kind: Kind, id: &str) -> String {
    let kind = match kind {
        Kind::Passkey => "passkey",
        Kind::Identity => "identity",
        Kind::Session => "session",
        Kind::RecoveryCodes => "codes",
    };
    format!("{kind}:{id}")
}

fn passkey(row: &PasskeyRow) -> String {
    described(row.own_name.as_deref(), &row.aaguid)
}

fn named(passkeys: &[PasskeyRow], id: &str) -> String {
    let found = passkeys.iter().find(|row| row.id == id);
    found.map_or_else(|| "a passkey that was deleted".to_owned(), passkey)
}
