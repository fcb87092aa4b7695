//! The test vectors of WebAuthn L3, section "Test Vectors": registrations and
//! assertions that this shop did not make itself.
//! `vectors/webauthn-l3.json` has them as the specification prints them.

use app::api::{Code, Timestamp};
use latchkey::webauthn::{
    Attestation, Mode, RelyingParty,
    authentication::{self, Accepted, Claim, Stored},
    decode, encode,
    registration::{self, Registered},
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

const ACCOUNT: Uuid = Uuid::from_u128(7);
/// The certificates of the vectors are valid from 2024 on.
const NOW: Timestamp = Timestamp(1_800_000_000_000);

#[derive(Deserialize)]
struct Vector {
    id: String,
    #[serde(default)]
    registration: Value,
    #[serde(default)]
    authentication: Value,
}

fn vector(id: &str) -> Vector {
    let vectors: Vec<Vector> =
        serde_json::from_str(include_str!("vectors/webauthn-l3.json")).unwrap();
    vectors.into_iter().find(|vector| vector.id == id).unwrap()
}

/// A field in hexadecimal, as the unpadded base64url that browsers send.
fn field(part: &Value, name: &str) -> String {
    let hex = part[name].as_str().unwrap();
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    encode(&(0..hex.len()).step_by(2).map(byte).collect::<Vec<_>>())
}

fn relying_party(attestation: Attestation) -> RelyingParty {
    RelyingParty::new(&"https://example.org".parse().unwrap(), &[], attestation).unwrap()
}

/// Trusts the authority that attests the vectors' authenticators. `root.pem` is "Attestation
/// trust root certificate" of the vectors.
fn vectors_root() -> Attestation {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/webauthn/vectors");
    Attestation::direct(folder.as_ref(), &[]).unwrap()
}

/// The challenge that was sent.
fn challenge(part: &Value) -> Vec<u8> {
    decode(&field(part, "challenge")).unwrap()
}

fn register(vector: &Vector) -> Result<Registered, Code> {
    register_with(vector, Attestation::None)
}

fn register_with(vector: &Vector, attestation: Attestation) -> Result<Registered, Code> {
    register_as(Mode::Modal, vector, attestation)
}

/// In [`Mode::Conditional`], vectors can be tried whose user was not verified.
fn register_as(mode: Mode, vector: &Vector, attestation: Attestation) -> Result<Registered, Code> {
    let rp = relying_party(attestation);
    let given = &vector.registration;
    let id = field(given, "credential_id");
    let response = json!({
        "id": id, "rawId": id, "type": "public-key",
        "response": {
            "clientDataJSON": field(given, "clientDataJSON"),
            "attestationObject": field(given, "attestationObject"),
        },
    });
    let finished = registration::finish(&rp, &challenge(given), &response.to_string(), mode, NOW);
    finished.map_err(|error| error.code)
}

fn authenticate(vector: &Vector, registered: &Registered) -> Result<Accepted, Code> {
    let given = &vector.authentication;
    let response = json!({
        "id": registered.id, "rawId": registered.id, "type": "public-key",
        "response": {
            "clientDataJSON": field(given, "clientDataJSON"),
            "authenticatorData": field(given, "authenticatorData"),
            "signature": field(given, "signature"),
            "userHandle": encode(ACCOUNT.as_bytes()),
        },
    });
    let claim = Claim::read(&response.to_string())?;
    let stored = Stored { account: ACCOUNT, passkey: &registered.passkey };
    let rp = relying_party(Attestation::None);
    let finished = authentication::finish(&rp, &challenge(given), &claim, stored);
    finished.map_err(|error| error.code)
}

#[test]
fn packed_es256_registers_and_signs_in() {
    let vector = vector("packed-es256");
    let registered = register(&vector).unwrap();
    assert_eq!(registered.id, field(&vector.registration, "credential_id"));
    let aaguid = encode(registered.aaguid.as_bytes());
    assert_eq!(aaguid, field(&vector.registration, "aaguid"));
    authenticate(&vector, &registered).unwrap();
}

#[test]
fn ed25519_is_attested_and_verified() {
    let eddsa = vector("packed-eddsa");
    let registered = register_as(Mode::Conditional, &eddsa, vectors_root()).unwrap();
    assert!(registered.verified_model);
    // All of this assertion is right but that its user was not verified.
    assert_eq!(authenticate(&eddsa, &registered).unwrap_err(), Code::UserNotVerified);
    assert_eq!(register(&eddsa).unwrap_err(), Code::UserNotVerified);
}

#[test]
fn other_formats_and_keys_are_verified() {
    for id in ["none-es256", "none-es256-long-credential-id", "packed-self-es256", "apple-es256"] {
        let vector = vector(id);
        let registered = register_as(Mode::Conditional, &vector, Attestation::None);
        let registered = registered.map(|registered| registered.id);
        assert_eq!(registered, Ok(field(&vector.registration, "credential_id")), "{id}");
    }
}

#[test]
fn what_is_not_taken_of_the_vectors_is_refused_with_a_reason() {
    for (id, code) in [
        // Its key has 3,482 bits, and webauthn-rs takes 2,048.
        ("packed-rs256", Code::Malformed),
        // Signed by a key of P-256, which webauthn-rs does not take for a TPM's.
        ("tpm-es256", Code::CeremonyRefused),
        // webauthn-rs does not read what its certificate says of the key.
        ("android-key-es256", Code::CeremonyRefused),
        // It names a model, which authenticators of U2F do not (CTAP 2.1 §7.2.1), and the FIDO2
        // server list has it refused.
        ("fido-u2f-es256", Code::AttestationInvalid),
    ] {
        let refused = register_as(Mode::Conditional, &vector(id), Attestation::None);
        assert_eq!(refused.unwrap_err(), code, "{id}");
    }
}

#[test]
fn packed_es256_is_attested_by_the_vectors_root() {
    let registered = register_with(&vector("packed-es256"), vectors_root()).unwrap();
    assert!(registered.verified_model);
    assert!(!register(&vector("packed-es256")).unwrap().verified_model);
}

#[test]
fn an_attestation_by_another_root_is_refused() {
    let roots = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/webauthn/attestation");
    let others = Attestation::direct(roots.as_ref(), &[]).unwrap();
    let refused = register_with(&vector("packed-es256"), others).unwrap_err();
    assert_eq!(refused, Code::AttestationUntrusted);
    // The statement of "packed-self" is signed by the passkey itself.
    let refused = register_with(&vector("packed-self-es256"), vectors_root()).unwrap_err();
    assert_eq!(refused, Code::AttestationMissing);
}

#[test]
fn tampering_with_an_attestation_statement_is_refused() {
    let mut altered = vector("packed-es256");
    let object = altered.registration["attestationObject"].as_str().unwrap();
    // The last digit of the statement's signature.
    let flipped = object.replacen("21925b63783563", "21925c63783563", 1);
    assert_ne!(object, flipped);
    altered.registration["attestationObject"] = flipped.into();
    let refused = register_with(&altered, vectors_root()).unwrap_err();
    assert_eq!(refused, Code::AttestationInvalid);
}

#[test]
fn a_forged_signature_is_refused() {
    let mut altered = vector("packed-es256");
    let registered = register(&altered).unwrap();
    let signature = altered.authentication["signature"].as_str().unwrap();
    let flipped = if signature.ends_with('0') { "1" } else { "0" };
    let signature = format!("{}{flipped}", &signature[..signature.len() - 1]);
    altered.authentication["signature"] = signature.into();
    assert_eq!(authenticate(&altered, &registered).unwrap_err(), Code::BadSignature);
}

#[test]
fn without_user_verification_a_registration_is_refused() {
    assert_eq!(register(&vector("none-es256")).unwrap_err(), Code::UserNotVerified);
}

#[test]
fn without_user_verification_an_assertion_is_refused() {
    let vector = vector("packed-self-es256");
    let registered = register(&vector).unwrap();
    assert_eq!(authenticate(&vector, &registered).unwrap_err(), Code::UserNotVerified);
}

#[test]
fn clickjacking_in_a_frame_of_another_site_is_refused() {
    for id in ["none-es256-crossOrigin", "none-es256-topOrigin"] {
        assert_eq!(register(&vector(id)).unwrap_err(), Code::CrossOrigin, "{id}");
    }
}
