//! Answering a challenge with a passkey (WebAuthn L3 §7.2): any passkey of this store,
//! to sign in, or one of a known account's, to prove it once more.

use app::api::Code;
use serde_json::{Value, json};
use uuid::Uuid;
use webauthn_rs::prelude::{
    AuthenticationResult, Credential, DiscoverableAuthentication, Passkey, PasskeyAuthentication,
};
use webauthn_rs_proto::PublicKeyCredential;

use super::{RelyingParty, Started, client_data, encode, malformed, refusal};

/// An assertion that was read, and not yet believed.
#[derive(Debug)]
pub struct Claim {
    credential: PublicKeyCredential,
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
    /// A phone, or a security key.
    CrossPlatform,
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

/// Options without `allowCredentials`: any passkey of this store will do, which
/// is also what an immediate request demands.
///
/// # Errors
/// [`Code::Internal`] when webauthn-rs cannot make them.
pub fn start(rp: &RelyingParty) -> Result<Started, Code> {
    let (request, state) =
        rp.webauthn.start_discoverable_authentication().map_err(|_| Code::Internal)?;
    // `request.mediation` says "conditional"; how to ask is the ladder's choice.
    Ok(Started {
        challenge: encode(request.public_key.challenge.as_ref()),
        options: serde_json::to_string(&request.public_key).map_err(|_| Code::Internal)?,
        state: serde_json::to_string(&state).map_err(|_| Code::Internal)?,
    })
}

/// Options for one account's passkeys (`allowCredentials`), wherever they are kept.
///
/// # Errors
/// [`Code::NoPasskey`] when there are none.
pub fn start_for(rp: &RelyingParty, allowed: &[Allowed<'_>]) -> Result<Started, Code> {
    if allowed.is_empty() {
        return Err(Code::NoPasskey);
    }
    let passkeys = allowed.iter().map(|allowed| serde_json::from_str(allowed.passkey));
    let passkeys: Vec<Passkey> = passkeys.collect::<Result<_, _>>().map_err(|_| Code::Internal)?;
    let (request, state) =
        rp.webauthn.start_passkey_authentication(&passkeys).map_err(|_| Code::Internal)?;
    let mut options = serde_json::to_value(&request.public_key).map_err(|_| Code::Internal)?;
    if let Some(list) = options["allowCredentials"].as_array_mut() {
        for (credential, allowed) in list.iter_mut().zip(allowed) {
            credential["transports"] = json!(allowed.transports);
        }
    }
    Ok(Started {
        challenge: encode(request.public_key.challenge.as_ref()),
        options: options.to_string(),
        state: serde_json::to_string(&state).map_err(|_| Code::Internal)?,
    })
}

impl Claim {
    /// # Errors
    /// [`Code::Malformed`] unless `response` is an assertion.
    pub fn read(response: &str) -> Result<Self, Code> {
        let response: Value = serde_json::from_str(response).map_err(malformed)?;
        let attachment = match response["authenticatorAttachment"].as_str() {
            Some("platform") => Attachment::Platform,
            Some("cross-platform") => Attachment::CrossPlatform,
            _ => Attachment::Unknown,
        };
        let credential: PublicKeyCredential =
            serde_json::from_value(response).map_err(malformed)?;
        if credential.type_ != "public-key" || credential.id != encode(&credential.raw_id) {
            return Err(Code::Malformed);
        }
        let user = credential.response.user_handle.as_ref();
        let user = user.and_then(|handle| Uuid::from_slice(handle.as_ref()).ok());
        Ok(Self { credential_id: credential.id.clone(), user, attachment, credential })
    }
}

/// Verifies a claim against the credential that it names, in answer to [`start`].
///
/// # Errors
/// What is wrong with the claim.
pub fn finish(
    rp: &RelyingParty,
    state: &str,
    claim: &Claim,
    stored: Stored<'_>,
) -> Result<Accepted, Code> {
    let state: DiscoverableAuthentication =
        serde_json::from_str(state).map_err(|_| Code::Internal)?;
    let passkey: Passkey = serde_json::from_str(stored.passkey).map_err(|_| Code::Internal)?;
    // §7.2 step 6: the user was not known before, so the user handle must be
    // there and name the owner of the credential.
    if claim.user != Some(stored.account) {
        return Err(Code::WrongUser);
    }
    client_data::read(&claim.credential.response.client_data_json)?.refuse_cross_origin()?;
    // §7.2 steps 7 to 24. The counter (step 22) is refused there as well when it
    // does not grow; a synced passkey's stays at zero.
    let result = rp
        .webauthn
        .finish_discoverable_authentication_v2(&claim.credential, state, &passkey)
        .map_err(refusal)?;
    accept(passkey, &result)
}

/// Verifies a claim in answer to [`start_for`].
///
/// # Errors
/// What is wrong with the claim.
pub fn finish_for(
    rp: &RelyingParty,
    state: &str,
    claim: &Claim,
    stored: Stored<'_>,
) -> Result<Accepted, Code> {
    let state: PasskeyAuthentication = serde_json::from_str(state).map_err(|_| Code::Internal)?;
    let passkey: Passkey = serde_json::from_str(stored.passkey).map_err(|_| Code::Internal)?;
    // §7.2 step 6: the user was known before; a user handle need not be there, but must
    // not name somebody else.
    if claim.credential.response.user_handle.is_some() && claim.user != Some(stored.account) {
        return Err(Code::WrongUser);
    }
    client_data::read(&claim.credential.response.client_data_json)?.refuse_cross_origin()?;
    // §7.2 step 5 and steps 7 to 24. A credential that is not in `allowCredentials` is
    // refused there.
    let result =
        rp.webauthn.finish_passkey_authentication(&claim.credential, &state).map_err(refusal)?;
    // Two steps again, against what is stored by now: webauthn-rs compared with what was
    // stored when the challenge was made, and relaxes the first of them.
    let before: Credential = passkey.clone().into();
    // §7.2 step 19
    if before.backup_eligible != result.backup_eligible() {
        return Err(Code::BackupFlagsWrong);
    }
    // §7.2 step 22
    let counts = result.counter() > 0 || before.counter > 0;
    if counts && result.counter() <= before.counter {
        return Err(Code::CounterWentBack);
    }
    accept(passkey, &result)
}

fn accept(mut passkey: Passkey, result: &AuthenticationResult) -> Result<Accepted, Code> {
    passkey.update_credential(result);
    Ok(Accepted {
        passkey: serde_json::to_string(&passkey).map_err(|_| Code::Internal)?,
        counter: result.counter(),
        backed_up: result.backup_state(),
    })
}
