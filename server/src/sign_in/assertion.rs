//! An assertion that somebody brings, and the passkey that it names.

use app::api::{Code, PublicError};
use uuid::Uuid;

use super::Refusal;
use crate::{
    request::{RequestContext, plain},
    session::{Challenge, Event},
    store::{KnownPasskey, Owner, PasskeyUse},
    webauthn::{
        authentication::{self, Accepted, Attachment, Claim, Stored},
        passkey_managers::described,
    },
};

/// Whose passkey may answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expected {
    /// Any of this shop.
    Anybody,
    /// One of this account's.
    Account(Uuid),
}

/// An assertion that was verified, and not yet recorded.
#[derive(Debug)]
pub(super) struct Assertion {
    pub(super) known: KnownPasskey,
    pub(super) used: PasskeyUse,
    pub(super) attachment: Attachment,
}

impl Assertion {
    pub(super) fn id(&self) -> String {
        self.known.passkey.id.clone()
    }

    /// "the passkey “Windows Hello”"
    pub(super) fn described(&self) -> String {
        let passkey = &self.known.passkey;
        described(passkey.own_name.as_deref(), &passkey.aaguid)
    }

    pub(super) fn owner(&self) -> Owner {
        Owner { account: self.known.passkey.account, epoch: self.known.sessions_epoch }
    }
}

/// Verifies an assertion.
///
/// # Errors
/// What is wrong with it.
pub(super) async fn verify(
    ctx: &RequestContext,
    expected: Expected,
    challenge: Challenge,
    response: &str,
) -> Result<Assertion, Refusal> {
    let claim = Claim::read(response)?;
    let known = find(ctx, expected, &claim).await?;
    let passkey = &known.passkey;
    let stored = Stored { account: passkey.account, passkey: &passkey.credential };
    let (rp, challenge) = (&ctx.state.relying_party, challenge.as_bytes());
    let verified = match expected {
        Expected::Anybody => authentication::finish(rp, challenge, &claim, stored),
        Expected::Account(_) => authentication::finish_for(rp, challenge, &claim, stored),
    };
    let accepted = verified.map_err(|error| {
        let passkey_name = described(passkey.own_name.as_deref(), &passkey.aaguid);
        let detail = format!("with {passkey_name}");
        let event = Some(ctx.event(passkey.account, Event::SignInFailed, detail));
        Refusal { event, ..error.into() }
    })?;
    let used = passkey_use(&known, accepted, &claim, ctx.browser());
    Ok(Assertion { known, used, attachment: claim.attachment })
}

/// The passkey that an assertion names (WebAuthn L3 §7.2 step 6).
async fn find(
    ctx: &RequestContext,
    expected: Expected,
    claim: &Claim,
) -> Result<KnownPasskey, Refusal> {
    let id = &claim.credential_id;
    let found = ctx.state.store.passkey_and_account(plain(id)?, &ctx.browser()).await?;
    let failed = |account, detail: &str| Some(ctx.event(account, Event::SignInFailed, detail));
    match (found, expected) {
        (None, expected) => Err(Refusal {
            event: match expected {
                Expected::Anybody => None,
                Expected::Account(account) => failed(account, "with an unknown passkey"),
            },
            ..PublicError::unknown_credential(id.clone()).into()
        }),
        (Some(known), Expected::Account(account)) if known.passkey.account != account => {
            Err(Refusal {
                event: failed(account, "with a passkey of another account"),
                ..Code::WrongUser.into()
            })
        }
        (Some(known), _) => Ok(known),
    }
}

/// What is stored of it (WebAuthn L3 §7.2 steps 22 to 25).
fn passkey_use(
    known: &KnownPasskey,
    accepted: Accepted,
    claim: &Claim,
    browser: String,
) -> PasskeyUse {
    PasskeyUse {
        credential_id: known.passkey.id.clone(),
        counter_before: known.passkey.counter,
        counter: accepted.counter.into(),
        backed_up: accepted.backed_up,
        credential: accepted.passkey,
        with: browser,
        here: claim.attachment == Attachment::Platform,
    }
}
