//! The passkeys of an account: naming and deleting them, offering one, and what passkey managers
//! are to hear of them.

use std::time::Duration;

use app::api::{Code, Offer, Result, Signals};

use crate::{
    credentials::DisplayName,
    request::{RequestContext, plain},
    session::{Event, Reauthenticated, SignedIn},
    store::{AccountRow, Ceremony, Deletion, Made, NewPasskey, UsedChallenge, VisitorRow},
    webauthn::{encode, passkey_managers::described},
};

/// How long "Not now" is respected.
const DISMISSED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

const RENAMED: &str = "The passkey has its new name.";
const DELETED: &str = "The passkey is deleted and opens nothing any more. Where your browser can, \
    it is telling its password manager to forget it. If it is kept anywhere else, such as on a \
    security key, delete it there.";

/// Adds a passkey that was verified, and tells what the account is then. `announce`: whether the
/// next page is to say so.
///
/// # Errors
/// [`Code::SignInRequired`] when this session has been ended meanwhile,
/// [`Code::CredentialTaken`].
pub(super) async fn add(
    ctx: &RequestContext,
    proof: &Reauthenticated,
    passkey: &NewPasskey,
    used: &UsedChallenge,
    announce: bool,
) -> Result<AccountRow> {
    let (account, store, now) = (proof.account(), &ctx.state.store, ctx.now());
    let row = ctx.account_of_session().await?;
    let mut session = ctx.session.get();
    session.offer = None;
    if announce {
        session.tell("Your new passkey is ready.");
    }
    let change = ctx.session.amended(session, now)?;
    let event = ctx.event(account, Event::PasskeyAdded, described(None, &passkey.aaguid));
    let ceremony = Ceremony {
        account: Some(row.owner()),
        challenge: Some(used),
        new_passkey: Some(passkey),
        made: Made { with: &passkey.with, within: proof.handle() },
        session: Some(&change.write),
        events: &[event],
        ..Ceremony::default()
    };
    store.complete(&ceremony, now).await?;
    ctx.session.committed(change);
    Ok(AccountRow { version: row.version + 1, ..row })
}

/// Names a passkey; an empty name is that of its passkey manager again.
///
/// # Errors
/// [`Code::PasskeyNameInvalid`], or [`Code::NotFound`] for anybody else's.
pub async fn rename(ctx: &RequestContext, owner: &SignedIn, id: &str, name: &str) -> Result<()> {
    let store = &ctx.state.store;
    let row = store.passkey(plain(id)?).await?.filter(|row| row.account == owner.account);
    row.ok_or(Code::NotFound)?;
    let name = match name.trim() {
        "" => None,
        name => Some(DisplayName::parse(name).map_err(|_| Code::PasskeyNameInvalid)?),
    };
    let name = name.as_ref().map(DisplayName::as_str);
    let change = ctx.told(RENAMED)?;
    if !store.rename_passkey(owner.account, id, name, &change.write, ctx.now()).await? {
        return Err(Code::NotFound.into());
    }
    ctx.session.committed(change);
    Ok(())
}

/// # Errors
/// [`Code::LastWayIn`], or [`Code::NotFound`] for anybody else's.
pub async fn delete(ctx: &RequestContext, proof: &Reauthenticated, id: &str) -> Result<()> {
    let (account, store) = (proof.account(), &ctx.state.store);
    let row = store.passkey(plain(id)?).await?.filter(|row| row.account == account);
    let row = row.ok_or(Code::NotFound)?;
    let name = described(row.own_name.as_deref(), &row.aaguid);
    let event = ctx.event(account, Event::PasskeyDeleted, name);
    let change = ctx.told(DELETED)?;
    let issuers = ctx.state.providers.issuers();
    let deleted =
        store.delete_passkey(account, id, &issuers, &change.write, &event, ctx.now()).await?;
    match deleted {
        Deletion::Deleted => {
            ctx.session.committed(change);
            Ok(())
        }
        Deletion::Needed => Err(Code::LastWayIn.into()),
        Deletion::Unknown => Err(Code::NotFound.into()),
    }
}

/// Whether the browser may create a passkey by itself now. It may once: whatever comes of it,
/// the next step is to ask the person.
pub(super) fn take_conditional_offer(ctx: &RequestContext) -> bool {
    let allowed = ctx.state.relying_party.takes_conditional();
    let next = match ctx.session.get().offer {
        Some(Offer::Automatic) if allowed => Some(Offer::Passkey),
        Some(Offer::AutomaticOnly) if allowed => None,
        _ => return false,
    };
    ctx.session.change(|session| session.offer = next);
    true
}

/// The offer for the page that is about to be shown.
pub(crate) fn offer(ctx: &RequestContext, row: &AccountRow) -> Option<Offer> {
    let dismissed = row.offer_dismissed.is_some_and(|at| ctx.now().since(at) < DISMISSED);
    match ctx.session.get().offer {
        // What was dismissed is the question.
        Some(Offer::Automatic | Offer::AutomaticOnly) if dismissed => Some(Offer::AutomaticOnly),
        _ if dismissed => None,
        offer => offer,
    }
}

/// What this browser's passkey manager has not been told yet (WebAuthn L3 §5.1.10). Without a
/// `visitor`, an account may have been deleted a moment ago: then its passkeys open nothing any
/// more.
///
/// # Errors
/// [`Code::Internal`]
pub(crate) async fn signals(
    ctx: &RequestContext,
    visitor: Option<&VisitorRow>,
) -> Result<Option<Signals>> {
    let Some(VisitorRow { account, signalled, .. }) = visitor else {
        return Ok(ctx.session.get().deleted_account.map(|account| Signals {
            rp_id: ctx.state.relying_party.id().to_owned(),
            user_id: encode(account.as_bytes()),
            accepted: vec![],
            name: None,
            version: 0,
        }));
    };
    match *signalled == Some(account.version) {
        true => Ok(None),
        false => Ok(Some(accepted(ctx, account).await?)),
    }
}

/// The passkeys and the names that the account has.
///
/// # Errors
/// [`Code::Internal`]
pub(super) async fn accepted(ctx: &RequestContext, account: &AccountRow) -> Result<Signals> {
    let passkeys = ctx.state.store.passkeys_of(account.id).await?;
    Ok(Signals {
        rp_id: ctx.state.relying_party.id().to_owned(),
        user_id: encode(account.id.as_bytes()),
        accepted: passkeys.into_iter().map(|passkey| passkey.id).collect(),
        name: Some(account.name()),
        version: account.version,
    })
}
