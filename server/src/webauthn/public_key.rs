//! Public keys of credentials, as COSE keys (RFC 9052 §7, RFC 9053 §2 and §7), and their
//! signatures.
//!
//! webauthn-rs keeps and verifies those of ECDSA and RSA. It keeps those of EdDSA as well, but
//! does not verify them. ES256, which nearly all passkeys have, is verified by ring: that is the
//! greatest part of a sign-in, and takes a third of the time there.

use app::api::Code;
use ciborium::Value;
use ed25519_dalek::{Signature, VerifyingKey};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use webauthn_rs::prelude::WebauthnError;
use webauthn_rs_core::proto::{
    COSEAlgorithm, COSEEC2Key, COSEKey, COSEKeyType, COSEOKPKey, COSERSAKey, ECDSACurve, EDDSACurve,
};

use super::malformed;

/// What a new passkey may sign with, the first one best: those that WebAuthn L3 §5.4 recommends.
pub(super) const ALGORITHMS: [COSEAlgorithm; 3] =
    [COSEAlgorithm::EDDSA, COSEAlgorithm::ES256, COSEAlgorithm::RS256];

/// The modulus of the only size that webauthn-rs takes.
const RSA_BYTES: usize = 256;

/// A key of one of the [`ALGORITHMS`], with the parameters that it has to have and no others
/// (§5.8.5 and §6.5.1).
///
/// # Errors
/// [`Code::CeremonyRefused`] for another algorithm, [`Code::Malformed`]
pub(super) fn read(key: &Value) -> Result<COSEKey, Code> {
    // Labels: 1 is the key's type, 3 its algorithm; those below zero depend on the type.
    match (integer(key, 1)?, integer(key, 3)?) {
        (1, -8) => only(key, &[1, 3, -1, -2]).and_then(|()| ed25519(key)),
        (2, -7) => only(key, &[1, 3, -1, -2, -3]).and_then(|()| p256(key)),
        (3, -257) => only(key, &[1, 3, -1, -2]).and_then(|()| rsa(key)),
        (_, -8 | -7 | -257) => Err(Code::Malformed),
        _ => Err(Code::CeremonyRefused),
    }
}

fn ed25519(key: &Value) -> Result<COSEKey, Code> {
    let x = bytes(key, -2)?;
    if integer(key, -1)? != 6 || is_weak(x)? {
        return Err(Code::Malformed);
    }
    let key = COSEOKPKey { curve: EDDSACurve::ED25519, x: x.to_vec() };
    Ok(COSEKey { type_: COSEAlgorithm::EDDSA, key: COSEKeyType::EC_OKP(key) })
}

fn is_weak(x: &[u8]) -> Result<bool, Code> {
    let key = VerifyingKey::try_from(x).map_err(malformed)?;
    // A point has one encoding too (RFC 8032 §5.1.3).
    Ok(key.is_weak() || key.to_edwards().compress().as_bytes() != x)
}

fn p256(key: &Value) -> Result<COSEKey, Code> {
    let (x, y) = (bytes(key, -2)?, bytes(key, -3)?);
    if integer(key, -1)? != 1 || x.len() != 32 || y.len() != 32 {
        return Err(Code::Malformed);
    }
    let key = COSEEC2Key { curve: ECDSACurve::SECP256R1, x: x.to_vec(), y: y.to_vec() };
    usable(COSEKey { type_: COSEAlgorithm::ES256, key: COSEKeyType::EC_EC2(key) })
}

fn rsa(key: &Value) -> Result<COSEKey, Code> {
    let (n, e) = (bytes(key, -1)?, bytes(key, -2)?);
    let e: [u8; 3] = e.try_into().map_err(malformed)?;
    // RFC 8230 §4: the shortest encoding.
    if n.len() != RSA_BYTES || n[0] < 0x80 || e[0] == 0 {
        return Err(Code::Malformed);
    }
    let key = COSERSAKey { n: n.to_vec(), e };
    usable(COSEKey { type_: COSEAlgorithm::RS256, key: COSEKeyType::RSA(key) })
}

/// webauthn-rs looks at the key before the signature, such as whether its point is on the curve:
/// of an empty signature, only the signature may be wrong.
fn usable(key: COSEKey) -> Result<COSEKey, Code> {
    match key.verify_signature(&[], &[]) {
        Ok(false) | Err(WebauthnError::SignatureInvalid) => Ok(key),
        _ => Err(Code::Malformed),
    }
}

fn member(key: &Value, label: i64) -> Result<&Value, Code> {
    let members = key.as_map().ok_or(Code::Malformed)?;
    let found = members.iter().find(|(key, _)| *key == Value::from(label));
    found.map(|(_, value)| value).ok_or(Code::Malformed)
}

fn integer(key: &Value, label: i64) -> Result<i64, Code> {
    let integer = member(key, label)?.as_integer().ok_or(Code::Malformed)?;
    integer.try_into().map_err(malformed)
}

fn bytes(key: &Value, label: i64) -> Result<&[u8], Code> {
    member(key, label)?.as_bytes().map(Vec::as_slice).ok_or(Code::Malformed)
}

fn only(key: &Value, labels: &[i64]) -> Result<(), Code> {
    let count = key.as_map().map(Vec::len);
    let all = labels.iter().all(|label| member(key, *label).is_ok());
    if all && count == Some(labels.len()) { Ok(()) } else { Err(Code::Malformed) }
}

/// Whether all of `signature` is the key's signature of `data` (§6.5.5).
pub(super) fn verifies(key: &COSEKey, signature: &[u8], data: &[u8]) -> bool {
    match &key.key {
        COSEKeyType::EC_OKP(key) => ed25519_verifies(key, signature, data),
        COSEKeyType::EC_EC2(key) if key.curve == ECDSACurve::SECP256R1 => {
            p256_verifies(key, signature, data)
        }
        // A number, which would be equal with zeros before it.
        COSEKeyType::RSA(_) if signature.len() != RSA_BYTES => false,
        _ => key.verify_signature(signature, data).unwrap_or(false),
    }
}

fn p256_verifies(key: &COSEEC2Key, signature: &[u8], data: &[u8]) -> bool {
    // Uncompressed (SEC 1 §2.3.3).
    let point = [&[4], &key.x[..], &key.y[..]].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(data, signature).is_ok()
}

fn ed25519_verifies(key: &COSEOKPKey, signature: &[u8], data: &[u8]) -> bool {
    let key = VerifyingKey::try_from(key.x.as_slice());
    let verified = key.and_then(|key| {
        // "Strict": one signature of these bytes by this key is valid, or none.
        key.verify_strict(data, &Signature::from_slice(signature)?)
    });
    verified.is_ok()
}

#[cfg(test)]
mod tests {
    use ciborium::cbor;
    use serde_json::Value as Json;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::webauthn::{authenticator_data, cbor};

    /// A field of a test vector of WebAuthn L3.
    fn field(id: &str, part: &str, name: &str) -> Vec<u8> {
        let vectors: Json =
            serde_json::from_str(include_str!("../../tests/webauthn/vectors/webauthn-l3.json"))
                .unwrap();
        let vectors = vectors.as_array().unwrap();
        let vector = vectors.iter().find(|vector| vector["id"] == id).unwrap();
        let hex = vector[part][name].as_str().unwrap();
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(byte).collect()
    }

    fn key_of(id: &str) -> Result<COSEKey, Code> {
        let object = cbor::read(&field(id, "registration", "attestationObject")).unwrap();
        let [_, _, data] = cbor::members(&object, ["fmt", "attStmt", "authData"], 0).unwrap();
        let data = authenticator_data::read(data.unwrap().as_bytes().unwrap()).unwrap();
        read(&data.attested.unwrap().public_key)
    }

    #[test]
    fn assertions_of_the_specification_verify_with_their_keys() {
        for id in ["none-es256", "packed-es256", "packed-eddsa"] {
            let key = key_of(id).unwrap();
            let data = field(id, "authentication", "authenticatorData");
            let client_data = field(id, "authentication", "clientDataJSON");
            let signature = field(id, "authentication", "signature");
            let signed = [data, Sha256::digest(client_data).to_vec()].concat();
            assert!(verifies(&key, &signature, &signed), "{id}");
            for at in 0..signature.len() {
                let mut forged = signature.clone();
                forged[at] ^= 1;
                assert!(!verifies(&key, &forged, &signed), "{id} {at}");
            }
            assert!(!verifies(&key, &[signature.as_slice(), &[0]].concat(), &signed), "{id}");
            assert!(!verifies(&key, &signature, &signed[1..]), "{id}");
        }
    }

    /// Windows Hello's size is verified; webauthn-rs takes no other.
    #[test]
    fn rsa_keys_of_another_size_are_refused() {
        assert_eq!(key_of("packed-rs256").unwrap_err(), Code::Malformed);
    }

    #[test]
    fn a_point_of_ed25519_has_one_encoding() {
        // y = p + 3, for y = 3.
        let mut x = [0xFF; 32];
        (x[0], x[31]) = (0xF0, 0x7F);
        let key = |x: &[u8]| {
            let x = Value::Bytes(x.to_vec());
            read(&cbor!({ 1 => 1, 3 => -8, -1 => 6, -2 => x }).unwrap())
        };
        assert_eq!(key(&x).unwrap_err(), Code::Malformed);
        let mut x = [0; 32];
        x[0] = 3;
        assert!(key(&x).is_ok());
    }
}
