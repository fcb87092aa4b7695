//! Answering a challenge with a passkey (WebAuthn L3 §7.2): any passkey of this shop,
//! to sign in, or one of a known account's, to prove it once more.

use app::api::{Code, PublicError};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use webauthn_rs::prelude::{Credential, Passkey};

use super::{
    RelyingParty, authenticator_data, client_data, internal, public_key,
    response::{self, Assertion},
};

/// An assertion that was read, and not yet believed.
#[derive(Debug)]
pub struct Claim {
    response: Assertion,
    /// The credential it claims to come from, as unpadded base64url.
    pub credential_id: String,
    /// The account that the authenticator says it belongs to.
    user: Option<Uuid>,
    pub attachment: Attachment,
}

/// `authenticatorAttachment` (§5.4.5): where the authenticator that answered is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attachment {
    /// Part of the device in front of the person.
    Platform,
    /// A roaming authenticator: a phone, or a security key.
    Roaming,
    Unknown,
}

/// What is stored of the credential that a [`Claim`] names.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    pub account: Uuid,
    /// The [`Passkey`], as JSON.
    pub passkey: &'a str,
}

/// A passkey that may answer, with its transport hints.
#[derive(Clone, Copy, Debug)]
pub struct Allowed<'a> {
    /// The [`Passkey`], as JSON.
    pub passkey: &'a str,
    pub transports: &'a [String],
}

/// An assertion that was verified: what to store of it.
#[derive(Debug)]
pub struct Accepted {
    /// The updated [`Passkey`], as JSON.
    pub passkey: String,
    pub counter: u32,
    pub backed_up: bool,
}

/// Options without `allowCredentials`, as JSON: any passkey of this shop will do, which is also
/// what an immediate request demands.
///
/// # Errors
/// [`Code::Internal`] when webauthn-rs cannot make them.
pub fn start(rp: &RelyingParty, challenge: &[u8]) -> Result<String, PublicError> {
    // `mediation` says "conditional" there; how to ask is the choice of the page's script.
    let (mut request, _) = rp.webauthn.start_discoverable_authentication().map_err(internal)?;
    request.public_key.challenge = challenge.to_vec();
    serde_json::to_string(&request.public_key).map_err(internal)
}

/// Options for one account's passkeys (`allowCredentials`), wherever they are kept, as JSON.
///
/// # Errors
/// [`Code::NoPasskey`] when there are none.
pub fn start_for(
    rp: &RelyingParty,
    challenge: &[u8],
    allowed: &[Allowed<'_>],
) -> Result<String, PublicError> {
    if allowed.is_empty() {
        return Err(Code::NoPasskey.into());
    }
    let passkeys = allowed.iter().map(|allowed| serde_json::from_str(allowed.passkey));
    let passkeys: Vec<Passkey> = passkeys.collect::<Result<_, _>>().map_err(internal)?;
    let (mut request, _) = rp.webauthn.start_passkey_authentication(&passkeys).map_err(internal)?;
    request.public_key.challenge = challenge.to_vec();
    let mut options = serde_json::to_value(&request.public_key).map_err(internal)?;
    if let Some(list) = options["allowCredentials"].as_array_mut() {
        for (credential, allowed) in list.iter_mut().zip(allowed) {
            credential["transports"] = json!(allowed.transports);
        }
    }
    Ok(options.to_string())
}

impl Claim {
    /// # Errors
    /// [`Code::Malformed`] unless `response` is an assertion.
    pub fn read(response: &str) -> Result<Self, Code> {
        let credential = response::Credential::<Assertion>::read(response)?;
        let attachment = match credential.authenticator_attachment.as_deref() {
            Some("platform") => Attachment::Platform,
            Some("cross-platform") => Attachment::Roaming,
            _ => Attachment::Unknown,
        };
        let credential_id = credential.id().to_owned();
        let response = credential.response;
        let user = response.user_handle.as_ref();
        let user = user.and_then(|handle| Uuid::from_slice(&handle.0).ok());
        Ok(Self { credential_id, user, attachment, response })
    }
}

/// Verifies a claim against the credential that it names, in answer to [`start`].
///
/// # Errors
/// What is wrong with the claim.
pub fn finish(
    rp: &RelyingParty,
    challenge: &[u8],
    claim: &Claim,
    stored: Stored<'_>,
) -> Result<Accepted, PublicError> {
    // §7.2 step 6: the user was not known before, so the user handle must be
    // there and name the owner of the credential.
    if claim.user != Some(stored.account) {
        return Err(Code::WrongUser.into());
    }
    verify_logged(rp, challenge, claim, stored)
}

/// Verifies a claim in answer to [`start_for`], against a credential of that account (§7.2 step
/// 5: which of its credentials were listed makes no difference, for all of them were).
///
/// # Errors
/// What is wrong with the claim.
pub fn finish_for(
    rp: &RelyingParty,
    challenge: &[u8],
    claim: &Claim,
    stored: Stored<'_>,
) -> Result<Accepted, PublicError> {
    // §7.2 step 6: the user was known before; a user handle need not be there, but must
    // not name somebody else.
    if claim.response.user_handle.is_some() && claim.user != Some(stored.account) {
        return Err(Code::WrongUser.into());
    }
    verify_logged(rp, challenge, claim, stored)
}

fn verify_logged(
    rp: &RelyingParty,
    challenge: &[u8],
    claim: &Claim,
    stored: Stored<'_>,
) -> Result<Accepted, PublicError> {
    let accepted = verify(rp, challenge, claim, stored);
    accepted.inspect_err(|error| tracing::info!(code = ?error.code, "an assertion was refused"))
}

/// §7.2 steps 7 to 25.
fn verify(
    rp: &RelyingParty,
    challenge: &[u8],
    claim: &Claim,
    stored: Stored<'_>,
) -> Result<Accepted, PublicError> {
    let passkey: Passkey = serde_json::from_str(stored.passkey).map_err(internal)?;
    let mut passkey = Credential::from(passkey);
    let client_data = &claim.response.client_data.0;
    client_data::read(client_data)?.verify(rp, "webauthn.get", challenge)?;
    let bytes = &claim.response.authenticator_data.0;
    let data = authenticator_data::read(bytes)?;
    // §6.1: none in an assertion.
    if data.attested.is_some() {
        return Err(Code::Malformed.into());
    }
    data.verify(rp)?;
    data.verify_user()?;
    // Step 19: this does not change after the registration (§6.1).
    if data.backup_eligible() != passkey.backup_eligible {
        return Err(Code::BackupFlagsWrong.into());
    }
    let signed = [bytes.as_slice(), Sha256::digest(client_data).as_slice()].concat();
    if !public_key::verifies(&passkey.cred, &claim.response.signature.0, &signed) {
        return Err(Code::BadSignature.into());
    }
    // Step 22: a synced passkey's stays at zero.
    let counts = data.counter > 0 || passkey.counter > 0;
    if counts && data.counter <= passkey.counter {
        return Err(Code::CounterWentBack.into());
    }
    passkey.counter = data.counter;
    passkey.backup_state = data.backed_up();
    Ok(Accepted {
        passkey: serde_json::to_string(&Passkey::from(passkey)).map_err(internal)?,
        counter: data.counter,
        backed_up: data.backed_up(),
    })
}
