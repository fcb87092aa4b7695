//! Creating a passkey (WebAuthn L3 §7.1).

use app::api::{Code, PublicError};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;
use webauthn_rs::prelude::{CredentialID, Passkey};
use webauthn_rs_core::proto::RegistrationState;
use webauthn_rs_proto::{
    AttestationConveyancePreference, AuthenticatorAttachment, CreationChallengeResponse,
    CredProtect, CredentialProtectionPolicy, RegisterPublicKeyCredential,
    RequestRegistrationExtensions, UserVerificationPolicy,
};

use super::{
    RelyingParty, client_data, decode, encode, internal, malformed, refusal, with_challenge,
};
use crate::store::NewPasskey;

/// For whom a passkey is created.
#[derive(Clone, Copy, Debug)]
pub struct User<'a> {
    /// The user handle: random, and nothing personal in it (§14.6.1).
    pub id: Uuid,
    pub username: &'a str,
    pub display_name: &'a str,
}

/// How a passkey comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Mode {
    /// A person asks for it, and confirms it.
    Modal,
    /// A person asks for it, for the platform authenticator of this device only.
    Platform,
    /// The browser creates it by itself, right after a password (conditional mediation,
    /// §5.1.3): nobody needs to be present.
    Conditional,
}

impl Mode {
    pub const ALL: [Self; 3] = [Self::Modal, Self::Platform, Self::Conditional];
}

/// A credential that was accepted, ready to be stored.
#[derive(Debug)]
pub struct Registered {
    pub id: String,
    /// The [`Passkey`], as JSON.
    pub passkey: String,
    /// The authenticator's model; without an attestation for display only.
    pub aaguid: Uuid,
    /// Transport hints for later `allowCredentials`, as the browser named them.
    pub transports: Vec<String>,
    pub counter: u32,
    pub backup_eligible: bool,
    pub backed_up: bool,
    /// Whether the model was attested, by a certificate that the shop trusts.
    pub verified_model: bool,
    /// `authenticatorAttachment: "platform"`: part of the device in front of the person.
    pub here: bool,
}

impl Registered {
    /// The passkey as it is stored, with the browser and system that it was created with.
    #[must_use]
    pub fn into_row(self, browser: String) -> NewPasskey {
        NewPasskey {
            id: self.id,
            credential: self.passkey,
            aaguid: self.aaguid.to_string(),
            transports: self.transports,
            counter: self.counter.into(),
            backup_eligible: self.backup_eligible,
            backed_up: self.backed_up,
            verified_model: self.verified_model,
            with: browser,
            here: self.here,
        }
    }
}

/// Options for a discoverable credential with user verification, as JSON; an authenticator that
/// has one of `known` is left out.
///
/// # Errors
/// [`Code::Internal`] when webauthn-rs cannot make them.
pub fn start(
    rp: &RelyingParty,
    challenge: &[u8],
    user: User<'_>,
    known: Vec<CredentialID>,
    mode: Mode,
) -> Result<String, PublicError> {
    let (mut creation, _) = ceremony(rp, user, known, mode)?;
    creation.public_key.challenge = challenge.to_vec();
    serde_json::to_string(&creation.public_key).map_err(internal)
}

fn ceremony(
    rp: &RelyingParty,
    user: User<'_>,
    known: Vec<CredentialID>,
    mode: Mode,
) -> Result<(CreationChallengeResponse, RegistrationState), PublicError> {
    let attestation = match rp.attestation.trusted() {
        Some(_) => AttestationConveyancePreference::Direct,
        None => AttestationConveyancePreference::None,
    };
    // A conditional creation may not require what it does without.
    let verification = match mode {
        Mode::Modal | Mode::Platform => UserVerificationPolicy::Required,
        Mode::Conditional => UserVerificationPolicy::Preferred,
    };
    let builder = rp
        .core
        .new_challenge_register_builder(user.id.as_bytes(), user.username, user.display_name)
        .map_err(internal)?
        .attestation(attestation)
        .user_verification_policy(verification)
        .authenticator_attachment(
            (mode == Mode::Platform).then_some(AuthenticatorAttachment::Platform),
        )
        // Without a discoverable credential, no immediate request finds anything.
        .require_resident_key(true)
        .exclude_credentials(Some(known))
        .extensions(Some(extensions(mode)));
    rp.core.generate_challenge_register(builder).map_err(internal)
}

fn extensions(mode: Mode) -> RequestRegistrationExtensions {
    // A security key then never shows the passkey without verifying its user. Chromium finds
    // that incongruent with a creation that does not require it either.
    let cred_protect = (mode != Mode::Conditional).then_some(CredProtect {
        credential_protection_policy: CredentialProtectionPolicy::UserVerificationRequired,
        enforce_credential_protection_policy: Some(false),
    });
    RequestRegistrationExtensions {
        cred_protect,
        uvm: None,
        cred_props: Some(true),
        min_pin_length: None,
        hmac_create_secret: None,
    }
}

/// Verifies the answer to [`start`]. The caller sees to it that the challenge is one that was
/// given out for this, and is recorded as used, and that the credential is nobody's yet (§7.1
/// step 26).
///
/// # Errors
/// What is wrong with the response.
pub fn finish(
    rp: &RelyingParty,
    challenge: &[u8],
    response: &str,
    mode: Mode,
) -> Result<Registered, PublicError> {
    // What the verification asks of the state does not depend on the user.
    let nobody = User { id: Uuid::nil(), username: "-", display_name: "-" };
    let (_, state) = ceremony(rp, nobody, vec![], mode)?;
    let state = with_challenge(state, challenge)?;
    let response: Value = serde_json::from_str(response).map_err(malformed)?;
    let mut shown = response.clone();
    if mode == Mode::Conditional {
        show_as_present(&mut shown)?;
    }
    let credential: RegisterPublicKeyCredential =
        serde_json::from_value(shown).map_err(malformed)?;
    if credential.type_ != "public-key" {
        return Err(Code::Malformed.into());
    }
    client_data::read(&credential.response.client_data_json)?.refuse_cross_origin()?;
    let trusted = rp.attestation.trusted();
    let accepted = rp.core.register_credential(&credential, &state, trusted).map_err(refusal)?;
    // The id beside the attested one is unsigned, but two ids are no answer.
    if accepted.cred_id.as_slice() != credential.raw_id.as_slice() {
        return Err(Code::Malformed.into());
    }
    // §7.1 step 25
    if accepted.cred_id.len() > 1023 {
        return Err(Code::CeremonyRefused.into());
    }
    Ok(Registered {
        id: encode(&accepted.cred_id),
        aaguid: aaguid(&credential.response.attestation_object)?,
        transports: transports(&response),
        counter: accepted.counter,
        backup_eligible: accepted.backup_eligible,
        backed_up: accepted.backup_state,
        verified_model: trusted.is_some(),
        here: response["authenticatorAttachment"] == "platform",
        passkey: serde_json::to_string(&Passkey::from(accepted)).map_err(internal)?,
    })
}

/// User present, in the flags of authenticator data (§6.1).
const UP: u8 = 0x01;

/// §7.1 step 15: user presence is not asked of a conditional creation, and of nothing
/// else. webauthn-rs asks it of every registration, so it is shown the flag as set. That
/// takes nothing away: without an attestation statement, on which this insists then, no
/// signature covers the flags, and the challenge says that the shop itself started this
/// ceremony as conditional. All other checks are those of every registration.
fn show_as_present(response: &mut Value) -> Result<(), Code> {
    let object = &mut response["response"]["attestationObject"];
    let bytes = decode(object.as_str().ok_or(Code::Malformed)?)?;
    let mut attestation = entries(&bytes)?;
    let (mut none, mut present) = (false, false);
    for (key, value) in &mut attestation {
        match (key.as_text(), value) {
            (Some("fmt"), value) => none = value.as_text() == Some("none"),
            (Some("authData"), ciborium::Value::Bytes(data)) => {
                let flags = data.get_mut(32).ok_or(Code::Malformed)?;
                present = *flags & UP != 0;
                *flags |= UP;
            }
            _ => {}
        }
    }
    if present {
        return Ok(());
    }
    if !none {
        return Err(Code::CeremonyRefused);
    }
    let mut bytes = Vec::new();
    ciborium::into_writer(&ciborium::Value::Map(attestation), &mut bytes).map_err(malformed)?;
    *object = encode(&bytes).into();
    Ok(())
}

type Entries = Vec<(ciborium::Value, ciborium::Value)>;

fn entries(attestation_object: &[u8]) -> Result<Entries, Code> {
    let object: ciborium::Value = ciborium::from_reader(attestation_object).map_err(malformed)?;
    object.into_map().map_err(malformed)
}

/// The model, which webauthn-rs forgets without an attestation: bytes 37 to 53 of
/// authenticator data with attested credential data (§6.1 and §6.5.1).
fn aaguid(attestation_object: &[u8]) -> Result<Uuid, Code> {
    let entries = entries(attestation_object)?.into_iter();
    let mut data = entries.filter(|(key, _)| key.as_text() == Some("authData"));
    let data = data.next().and_then(|(_, value)| value.into_bytes().ok());
    let aaguid = data.as_ref().and_then(|data| data.get(37..53)?.try_into().ok());
    Ok(Uuid::from_bytes(aaguid.ok_or(Code::Malformed)?))
}

/// `response.transports`, kept as they came (§7.1 step 27): webauthn-rs forgets
/// them without an attestation, and new names may appear.
fn transports(response: &Value) -> Vec<String> {
    let named = response["response"]["transports"].as_array().into_iter().flatten();
    let named = named.filter_map(Value::as_str).filter(|name| name.len() <= 32);
    named.take(8).map(str::to_owned).collect()
}
