//! Attestation statements (WebAuthn L3 §8): what an authenticator says of its model, and whether
//! that is so.
//!
//! Those of a passkey itself are verified here, in the formats `none` and `packed`; webauthn-rs
//! does so for keys of ECDSA and RSA only. It verifies all other formats.

use std::time::{Duration, SystemTime};

use app::api::{Code, Timestamp};
use ciborium::Value;
use crypto_glue::{
    traits::DecodeDer,
    x509::{Certificate, oiddb::rfc5912},
};
use webauthn_rs::prelude::AttestationCaList;
use webauthn_rs_core::{
    attestation::{
        FidoGenCeAaguid, assert_packed_attest_req, validate_extension, verify_attestation_ca_chain,
    },
    crypto,
    proto::{COSEKey, ParsedAttestation, ParsedAttestationData},
};
use webauthn_rs_proto::AttestationFormat;

use super::{authenticator_data::AttestedCredential, cbor, public_key, refusal};

/// What a statement is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) credential: &'a AttestedCredential<'a>,
    pub(super) key: &'a COSEKey,
    /// Authenticator data, and the hash of the client data.
    pub(super) signed: &'a [u8],
}

/// Verifies a statement (§7.1 step 21); nothing comes of one that webauthn-rs has to verify, as far
/// as it reads it: then it has the members of its format (§8.3 to §8.8).
///
/// # Errors
/// [`Code::AttestationInvalid`]
pub(super) fn verify(
    format: &AttestationFormat,
    statement: &Value,
    subject: Subject<'_>,
) -> Result<Option<ParsedAttestation>, Code> {
    let data = match format {
        AttestationFormat::None => none(statement)?,
        AttestationFormat::Packed => packed(statement, subject)?,
        other => return check_members(other, statement, subject.credential).map(|()| None),
    };
    Ok(Some(ParsedAttestation { data, ..ParsedAttestation::default() }))
}

/// No statement (§8.7): an empty map.
fn none(statement: &Value) -> Result<ParsedAttestationData, Code> {
    match statement.as_map().map(Vec::len) {
        Some(0) => Ok(ParsedAttestationData::None),
        _ => Err(Code::AttestationInvalid),
    }
}

/// A packed statement (§8.2).
fn packed(statement: &Value, subject: Subject<'_>) -> Result<ParsedAttestationData, Code> {
    let [alg, sig, x5c] = cbor::members(statement, ["alg", "sig", "x5c"], 1).map_err(invalid)?;
    let alg = alg.and_then(Value::as_integer).and_then(|alg| i64::try_from(alg).ok());
    let alg = alg.ok_or(Code::AttestationInvalid)?;
    let sig = sig.and_then(Value::as_bytes).ok_or(Code::AttestationInvalid)?;
    match x5c {
        Some(x5c) => packed_by_certificate(alg, sig, x5c, subject),
        None => packed_by_itself(alg, sig, subject),
    }
}

/// Self attestation: the passkey signs for itself.
fn packed_by_itself(
    alg: i64,
    sig: &[u8],
    subject: Subject<'_>,
) -> Result<ParsedAttestationData, Code> {
    let same = alg == subject.key.type_ as i64;
    if same && public_key::verifies(subject.key, sig, subject.signed) {
        Ok(ParsedAttestationData::Self_)
    } else {
        Err(Code::AttestationInvalid)
    }
}

fn packed_by_certificate(
    alg: i64,
    sig: &[u8],
    x5c: &Value,
    subject: Subject<'_>,
) -> Result<ParsedAttestationData, Code> {
    let chain = x5c.as_array().ok_or(Code::AttestationInvalid)?.iter();
    let chain = chain.map(|certificate| {
        let der = certificate.as_bytes().ok_or(Code::AttestationInvalid)?;
        Certificate::from_der(der).map_err(invalid)
    });
    let chain: Vec<_> = chain.collect::<Result<_, _>>()?;
    let leaf = chain.first().ok_or(Code::AttestationInvalid)?;
    let signed = algorithm(leaf) == Some(alg)
        && crypto::verify_signature(leaf, sig, subject.signed).unwrap_or(false);
    if !signed {
        return Err(Code::AttestationInvalid);
    }
    // §8.2.1, and the model that the certificate is for if it says so.
    assert_packed_attest_req(leaf).map_err(refusal)?;
    validate_extension::<FidoGenCeAaguid>(leaf, subject.credential.aaguid.as_bytes())
        .map_err(refusal)?;
    Ok(ParsedAttestationData::Basic(chain))
}

/// The one COSE algorithm in which webauthn-rs verifies with a certificate's key.
fn algorithm(certificate: &Certificate) -> Option<i64> {
    let key = &certificate.tbs_certificate().subject_public_key_info().algorithm;
    let curve = key.parameters.as_ref().and_then(|curve| curve.decode_as().ok());
    match (key.oid, curve) {
        (rfc5912::ID_EC_PUBLIC_KEY, Some(rfc5912::SECP_256_R_1)) => Some(-7),
        (rfc5912::ID_EC_PUBLIC_KEY, Some(rfc5912::SECP_384_R_1)) => Some(-35),
        (rfc5912::RSA_ENCRYPTION, _) => Some(-257),
        _ => None,
    }
}

/// §7.1 steps 22 to 24, where the shop trusts certain makers only.
///
/// # Errors
/// [`Code::AttestationMissing`], [`Code::AttestationUntrusted`], [`Code::ModelNotAccepted`]
pub(super) fn trust(
    attestation: &ParsedAttestationData,
    credential: &AttestedCredential<'_>,
    trusted: &AttestationCaList,
    now: Timestamp,
) -> Result<(), Code> {
    let now = Duration::from_millis(now.0.unsigned_abs());
    let maker = verify_attestation_ca_chain(attestation, trusted, SystemTime::UNIX_EPOCH + now);
    let maker = maker.map_err(refusal)?.ok_or(Code::AttestationMissing)?;
    if maker.blanket_allow() || maker.aaguids().contains_key(&credential.aaguid) {
        Ok(())
    } else {
        Err(Code::ModelNotAccepted)
    }
}

fn check_members(
    format: &AttestationFormat,
    statement: &Value,
    credential: &AttestedCredential<'_>,
) -> Result<(), Code> {
    let found = match format {
        AttestationFormat::Tpm => {
            let names = ["ver", "alg", "x5c", "sig", "certInfo", "pubArea"];
            cbor::members(statement, names, 0).map(drop)
        }
        AttestationFormat::AndroidKey => {
            cbor::members(statement, ["alg", "sig", "x5c"], 0).map(drop)
        }
        // Its authenticators are older than models (CTAP 2.1 §7.2.1), so none is attested.
        AttestationFormat::FIDOU2F if !credential.aaguid.is_nil() => Err(Code::AttestationInvalid),
        AttestationFormat::FIDOU2F => cbor::members(statement, ["x5c", "sig"], 0).map(drop),
        // Its first devices said "alg" as well.
        AttestationFormat::AppleAnonymous => cbor::members(statement, ["x5c", "alg"], 1).map(drop),
        _ => Err(Code::AttestationInvalid),
    };
    found.map_err(invalid)
}

fn invalid<E>(_: E) -> Code {
    Code::AttestationInvalid
}
