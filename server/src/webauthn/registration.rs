//! Creating a passkey (WebAuthn L3 §7.1).

use app::api::{Code, PublicError, Timestamp};
use ciborium::Value;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use webauthn_rs::prelude::{Credential, CredentialID, Passkey};
use webauthn_rs_core::proto::RegistrationState;
use webauthn_rs_proto::{
    AttestationConveyancePreference, AttestationFormat, AuthenticatorAttachment,
    AuthenticatorAttestationResponseRaw, CreationChallengeResponse, CredProtect,
    CredentialProtectionPolicy, RegisterPublicKeyCredential, RegisteredExtensions,
    RegistrationExtensionsClientOutputs, RequestRegistrationExtensions, UserVerificationPolicy,
};

use super::{
    RelyingParty,
    authenticator_data::{self, AuthenticatorData},
    cbor, client_data, encode, internal, public_key, refusal,
    response::{self, Attestation},
    statement::{self, Subject},
    with_challenge,
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
    let builder = rp
        .core
        .new_challenge_register_builder(user.id.as_bytes(), user.username, user.display_name)
        .map_err(internal)?
        .attestation(attestation)
        .credential_algorithms(public_key::ALGORITHMS.to_vec())
        .user_verification_policy(verification(mode))
        .authenticator_attachment(
            (mode == Mode::Platform).then_some(AuthenticatorAttachment::Platform),
        )
        // Without a discoverable credential, no immediate request finds anything.
        .require_resident_key(true)
        .exclude_credentials(Some(known))
        .extensions(Some(extensions(mode)));
    rp.core.generate_challenge_register(builder).map_err(internal)
}

fn verification(mode: Mode) -> UserVerificationPolicy {
    match mode {
        Mode::Modal | Mode::Platform => UserVerificationPolicy::Required,
        // It may not require what it does without.
        Mode::Conditional => UserVerificationPolicy::Preferred,
    }
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
    now: Timestamp,
) -> Result<Registered, PublicError> {
    let registered = verify(rp, challenge, response, mode, now);
    registered.inspect_err(|error| tracing::info!(code = ?error.code, "a passkey was refused"))
}

fn verify(
    rp: &RelyingParty,
    challenge: &[u8],
    response: &str,
    mode: Mode,
    now: Timestamp,
) -> Result<Registered, PublicError> {
    let response = response::Credential::<Attestation>::read(response)?;
    let client_data = &response.response.client_data.0;
    client_data::read(client_data)?.verify(rp, "webauthn.create", challenge)?;
    let object = cbor::read(&response.response.attestation_object.0)?;
    let object = AttestationObject::read(&object)?;
    let data = authenticator_data::read(object.data)?;
    data.verify(rp)?;
    verify_user(&data, &object.format, mode)?;
    let credential = data.attested.as_ref().ok_or(Code::Malformed)?;
    verify_id(credential.id, response.raw_id())?;
    let key = public_key::read(&credential.public_key)?;

    let signed = [object.data, Sha256::digest(client_data).as_slice()].concat();
    let subject = Subject { credential, key: &key, signed: &signed };
    let attestation = match statement::verify(&object.format, object.statement, subject)? {
        Some(attestation) => attestation,
        None => register_with_library(rp, challenge, &response, mode)?.attestation,
    };
    let trusted = rp.attestation.trusted();
    if let Some(trusted) = trusted {
        statement::trust(&attestation.data, credential, trusted, now)?;
    }
    let passkey = Passkey::from(Credential {
        cred_id: credential.id.to_vec(),
        cred: key,
        counter: data.counter,
        transports: None,
        user_verified: data.user_verified(),
        backup_eligible: data.backup_eligible(),
        backup_state: data.backed_up(),
        registration_policy: verification(mode),
        extensions: RegisteredExtensions::none(),
        attestation,
        attestation_format: object.format,
    });
    Ok(Registered {
        id: encode(credential.id),
        passkey: serde_json::to_string(&passkey).map_err(internal)?,
        aaguid: credential.aaguid,
        transports: transports(&response.response),
        counter: data.counter,
        backup_eligible: data.backup_eligible(),
        backed_up: data.backed_up(),
        verified_model: trusted.is_some(),
        here: response.authenticator_attachment.as_deref() == Some("platform"),
    })
}

/// The three members of an attestation object (§6.5.4).
struct AttestationObject<'a> {
    format: AttestationFormat,
    statement: &'a Value,
    /// Authenticator data.
    data: &'a [u8],
}

impl<'a> AttestationObject<'a> {
    fn read(object: &'a Value) -> Result<Self, Code> {
        let [format, statement, data] = cbor::members(object, ["fmt", "attStmt", "authData"], 0)?;
        let format = format.and_then(Value::as_text).ok_or(Code::Malformed)?;
        let statement = statement.filter(|statement| statement.is_map()).ok_or(Code::Malformed)?;
        let data = data.and_then(Value::as_bytes).ok_or(Code::Malformed)?;
        let format = AttestationFormat::try_from(format).map_err(|()| Code::AttestationInvalid)?;
        Ok(Self { format, statement, data })
    }
}

/// §7.1 steps 15 and 16. User presence is not asked of a conditional creation, and of nothing
/// else. That takes nothing away: without an attestation statement, on which this insists then,
/// no signature covers the flags, and the challenge says that the shop itself started this
/// ceremony as conditional.
fn verify_user(
    data: &AuthenticatorData<'_>,
    format: &AttestationFormat,
    mode: Mode,
) -> Result<(), Code> {
    let unsigned = *format == AttestationFormat::None;
    match mode {
        Mode::Modal | Mode::Platform => data.verify_user(),
        Mode::Conditional if data.user_present() || unsigned => Ok(()),
        Mode::Conditional => Err(Code::CeremonyRefused),
    }
}

/// The id beside the attested one is unsigned, but two ids are no answer. An id is at least 16
/// bytes (§4, "Credential ID") and at most 1,023 (§7.1 step 25).
fn verify_id(attested: &[u8], beside: &[u8]) -> Result<(), Code> {
    match attested.len() {
        16..=1023 if attested == beside => Ok(()),
        16..=1023 => Err(Code::Malformed),
        _ => Err(Code::CeremonyRefused),
    }
}

/// A statement that webauthn-rs verifies, with all else that it checks of a registration.
fn register_with_library(
    rp: &RelyingParty,
    challenge: &[u8],
    response: &response::Credential<Attestation>,
    mode: Mode,
) -> Result<Credential, PublicError> {
    // What the verification asks of the state does not depend on the user.
    let nobody = User { id: Uuid::nil(), username: "-", display_name: "-" };
    let (_, state) = ceremony(rp, nobody, vec![], mode)?;
    let state = with_challenge(state, challenge)?;
    let raw = AuthenticatorAttestationResponseRaw {
        attestation_object: response.response.attestation_object.0.clone(),
        client_data_json: response.response.client_data.0.clone(),
        transports: None,
    };
    let credential = RegisterPublicKeyCredential {
        id: response.id().to_owned(),
        raw_id: response.raw_id().to_vec(),
        response: raw,
        type_: "public-key".to_owned(),
        extensions: RegistrationExtensionsClientOutputs::default(),
    };
    Ok(rp.core.register_credential(&credential, &state, None).map_err(refusal)?)
}

/// `response.transports`, kept as they came (§7.1 step 27), for new names may appear.
fn transports(response: &Attestation) -> Vec<String> {
    let named = response.transports.iter().flatten().filter(|name| name.len() <= 32);
    named.take(8).cloned().collect()
}
