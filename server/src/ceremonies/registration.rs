//! Creating a passkey (WebAuthn L3 §7.1).

use app::api::Code;
use uuid::Uuid;
use webauthn_rs::prelude::{CredentialID, PasskeyRegistration};
use webauthn_rs_proto::{
    AuthenticatorSelectionCriteria, RegisterPublicKeyCredential, ResidentKeyRequirement,
    UserVerificationPolicy,
};

use super::{RelyingParty, Started, client_data, encode, malformed, refusal};

/// For whom a passkey is created.
#[derive(Clone, Copy, Debug)]
pub struct User<'a> {
    /// The user handle: random, and nothing personal in it (§14.6.1).
    pub id: Uuid,
    pub username: &'a str,
    pub display_name: &'a str,
}

/// A credential that was accepted, ready to be stored.
#[derive(Debug)]
pub struct Registered {
    pub id: String,
    /// The [`Passkey`], as JSON.
    pub passkey: String,
    /// The authenticator's model; unattested, so for display only.
    pub aaguid: Uuid,
    /// Transport hints for later `allowCredentials`, as the browser named them.
    pub transports: Vec<String>,
    pub counter: u32,
    pub backup_eligible: bool,
    pub backed_up: bool,
}

/// Options for a discoverable credential with user verification and without
/// attestation; an authenticator that has one of `known` is left out.
///
/// # Errors
/// [`Code::Internal`] when webauthn-rs cannot make them.
pub fn start(rp: &RelyingParty, user: User<'_>, known: Vec<CredentialID>) -> Result<Started, Code> {
    let (mut creation, state) = rp
        .webauthn
        .start_passkey_registration(user.id, user.username, user.display_name, Some(known))
        .map_err(|_| Code::Internal)?;
    // webauthn-rs discourages discoverable credentials, without which no
    // immediate request finds anything.
    let options = &mut creation.public_key;
    options.authenticator_selection = Some(AuthenticatorSelectionCriteria {
        authenticator_attachment: None,
        resident_key: Some(ResidentKeyRequirement::Required),
        require_resident_key: true,
        user_verification: UserVerificationPolicy::Required,
    });
    Ok(Started {
        challenge: encode(options.challenge.as_ref()),
        options: serde_json::to_string(options).map_err(|_| Code::Internal)?,
        state: serde_json::to_string(&state).map_err(|_| Code::Internal)?,
    })
}

/// Verifies the answer to [`start`]. The caller sees to it that the state was
/// taken from storage once, and that the credential is nobody's yet (§7.1
/// step 26).
///
/// # Errors
/// What is wrong with the response.
pub fn finish(rp: &RelyingParty, state: &str, response: &str) -> Result<Registered, Code> {
    let state: PasskeyRegistration = serde_json::from_str(state).map_err(|_| Code::Internal)?;
    let credential: RegisterPublicKeyCredential =
        serde_json::from_str(response).map_err(malformed)?;
    if credential.type_ != "public-key" {
        return Err(Code::Malformed);
    }
    client_data::read(&credential.response.client_data_json)?.refuse_cross_origin()?;
    let passkey = rp.webauthn.finish_passkey_registration(&credential, &state).map_err(refusal)?;
    let attested = attested(&credential.response.attestation_object)?;
    // The id beside the attested one is unsigned, but two ids are no answer.
    if passkey.cred_id().as_slice() != credential.raw_id.as_slice() {
        return Err(Code::Malformed);
    }
    // §7.1 step 25
    if passkey.cred_id().len() > 1023 {
        return Err(Code::CeremonyRefused);
    }
    Ok(Registered {
        id: encode(passkey.cred_id()),
        passkey: serde_json::to_string(&passkey).map_err(|_| Code::Internal)?,
        transports: transports(response)?,
        aaguid: attested.aaguid,
        counter: attested.counter,
        backup_eligible: attested.backup_eligible,
        backed_up: attested.backed_up,
    })
}

/// What [`Passkey`] keeps to itself.
struct Attested {
    aaguid: Uuid,
    counter: u32,
    backup_eligible: bool,
    backed_up: bool,
}

/// Reads authenticator data with attested credential data (§6.1 and §6.5.1):
/// 32 bytes RP ID hash, 1 flags, 4 counter, 16 AAGUID.
fn attested(attestation_object: &[u8]) -> Result<Attested, Code> {
    let object: ciborium::Value = ciborium::from_reader(attestation_object).map_err(malformed)?;
    let entries = object.into_map().map_err(malformed)?;
    let data = entries.into_iter().find(|(key, _)| key.as_text() == Some("authData"));
    let data = data.and_then(|(_, value)| value.into_bytes().ok()).ok_or(Code::Malformed)?;
    let flags = *data.get(32).ok_or(Code::Malformed)?;
    let counter =
        data.get(33..37).and_then(|bytes| bytes.try_into().ok()).ok_or(Code::Malformed)?;
    let aaguid = data.get(37..53).and_then(|bytes| bytes.try_into().ok()).ok_or(Code::Malformed)?;
    Ok(Attested {
        aaguid: Uuid::from_bytes(aaguid),
        counter: u32::from_be_bytes(counter),
        backup_eligible: flags & 0x08 != 0,
        backed_up: flags & 0x10 != 0,
    })
}

/// `response.transports`, kept as they came (§7.1 step 27): webauthn-rs forgets
/// them without an attestation, and new names may appear.
fn transports(response: &str) -> Result<Vec<String>, Code> {
    #[derive(serde::Deserialize)]
    struct Credential {
        response: Response,
    }
    #[derive(serde::Deserialize)]
    struct Response {
        #[serde(default)]
        transports: Vec<String>,
    }
    let credential: Credential = serde_json::from_str(response).map_err(malformed)?;
    let known = |name: &String| name.len() <= 32;
    Ok(credential.response.transports.into_iter().filter(known).take(8).collect())
}
