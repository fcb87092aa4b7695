//! What authenticators and browsers answer: client data, attestation objects, authenticator data,
//! COSE keys, signatures, and the JSON around them.

use app::api::Timestamp;
use ciborium::{Value as Cbor, cbor};
use latchkey::webauthn::{
    Attestation, Mode, RelyingParty,
    authentication::{self, Claim, Stored},
    challenge_of,
    registration::{self, Registered},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    fuzz,
    mutation::{Mutation, mutations},
};
use crate::support::authenticator::{Attests, Authenticator, decode, encode};

const CHALLENGE: [u8; 32] = [5; 32];
const ACCOUNT: Uuid = Uuid::from_u128(7);
const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn relying_party(attestation: Attestation) -> RelyingParty {
    let origin = "http://localhost:3000".parse().unwrap();
    RelyingParty::new(&origin, &[], attestation).unwrap()
}

fn created(authenticator: &mut Authenticator) -> Value {
    let user = encode(ACCOUNT.as_bytes());
    authenticator.create(&json!({ "challenge": encode(&CHALLENGE), "user": { "id": user } }))
}

fn register(rp: &RelyingParty, response: &str) -> Option<Registered> {
    let _ = challenge_of(response);
    registration::finish(rp, &CHALLENGE, response, Mode::Modal, NOW).ok()
}

fn authenticate(rp: &RelyingParty, registered: &Registered, response: &str) -> bool {
    let _ = challenge_of(response);
    let stored = Stored { account: ACCOUNT, passkey: &registered.passkey };
    let claim = Claim::read(response);
    claim.is_ok_and(|claim| authentication::finish(rp, &CHALLENGE, &claim, stored).is_ok())
}

/// One passkey, and the samples that it makes.
struct Sample {
    rp: RelyingParty,
    created: Value,
    registered: Registered,
    assertion: Value,
}

fn sample(authenticator: Authenticator) -> Sample {
    sample_for(relying_party(Attestation::None), authenticator)
}

fn sample_for(rp: RelyingParty, mut authenticator: Authenticator) -> Sample {
    let created = created(&mut authenticator);
    let registered = register(&rp, &created.to_string()).unwrap();
    let assertion = authenticator.get(&json!({ "challenge": encode(&CHALLENGE) }));
    assert!(authenticate(&rp, &registered, &assertion.to_string()));
    Sample { rp, created, registered, assertion }
}

fn samples() -> [Sample; 3] {
    [Authenticator::new(), Authenticator::ed25519(), Authenticator::rsa()].map(sample)
}

/// The bytes of a member, altered.
fn altered(answer: &Value, member: &str, mutation: &Mutation) -> (Value, bool) {
    let before = decode(answer["response"][member].as_str().unwrap());
    let after = mutation.of(&before);
    let mut altered = answer.clone();
    altered["response"][member] = encode(&after).into();
    (altered, before != after)
}

#[test]
fn nothing_that_is_signed_can_be_altered_in_an_assertion() {
    let samples = samples();
    let member = prop::sample::select(vec!["clientDataJSON", "authenticatorData", "signature"]);
    fuzz((0..3_usize, member, mutations()), |(which, member, mutation)| {
        let sample = &samples[which];
        let (altered, differs) = altered(&sample.assertion, member, &mutation);
        let accepted = authenticate(&sample.rp, &sample.registered, &altered.to_string());
        assert_eq!(accepted, !differs, "{altered}");
    });
}

/// However the text of an assertion is altered, what counts in it is what the passkey signed.
#[test]
fn an_assertion_in_other_words_says_the_same() {
    let sample = sample(Authenticator::new());
    let text = sample.assertion.to_string();
    fuzz(mutations(), |mutation| {
        let altered = mutation.of_text(&text);
        if authenticate(&sample.rp, &sample.registered, &altered) {
            let altered: Value = serde_json::from_str(&altered).unwrap();
            for path in [
                "/id",
                "/rawId",
                "/type",
                "/response/clientDataJSON",
                "/response/authenticatorData",
                "/response/signature",
                "/response/userHandle",
            ] {
                assert_eq!(altered.pointer(path), sample.assertion.pointer(path), "{altered}");
            }
        }
    });
}

/// Nobody signs a registration without an attestation. What is accepted of an altered one, its
/// attestation object can be made of again: no byte of it was overlooked.
#[test]
fn no_byte_of_an_attestation_object_is_overlooked() {
    let samples = samples();
    fuzz((0..3_usize, mutations()), |(which, mutation)| {
        let sample = &samples[which];
        let (mut altered, _) = altered(&sample.created, "attestationObject", &mutation);
        // The id beside the attested one is unsigned as well: let it agree.
        let object = decode(altered["response"]["attestationObject"].as_str().unwrap());
        if let Some(id) = credential_id(&object) {
            altered["id"] = encode(&id).into();
            altered["rawId"] = altered["id"].clone();
        }
        if let Some(registered) = register(&sample.rp, &altered.to_string()) {
            let flags = object_data(&object).unwrap()[32];
            assert_eq!(object, made_again(sample, &registered, flags));
        }
    });
}

/// The members of authenticator data, read without any of the checks.
fn object_data(object: &[u8]) -> Option<Vec<u8>> {
    let object: Cbor = ciborium::from_reader(object).ok()?;
    let members = object.into_map().ok()?;
    let mut data = members.into_iter().filter(|(key, _)| key.as_text() == Some("authData"));
    data.next()?.1.into_bytes().ok()
}

fn credential_id(object: &[u8]) -> Option<Vec<u8>> {
    let data = object_data(object)?;
    let length = u16::from_be_bytes(*data.get(53..)?.first_chunk()?);
    data.get(55..55 + usize::from(length)).map(<[u8]>::to_vec)
}

/// The attestation object of a registration, from what is stored of it.
fn made_again(sample: &Sample, registered: &Registered, flags: u8) -> Vec<u8> {
    assert_eq!(flags & 0x40, 0x40);
    assert_eq!(flags & 0x08 != 0, registered.backup_eligible);
    assert_eq!(flags & 0x10 != 0, registered.backed_up);
    let mut data =
        object_data(&decode(sample.created["response"]["attestationObject"].as_str().unwrap()))
            .unwrap();
    let id = decode(&registered.id);
    data.truncate(32);
    data.push(flags);
    data.extend(registered.counter.to_be_bytes());
    data.extend(registered.aaguid.as_bytes());
    data.extend((id.len() as u16).to_be_bytes());
    data.extend(&id);
    let passkey: Value = serde_json::from_str(&registered.passkey).unwrap();
    data.extend(cose(&passkey["cred"]["cred"]["key"]));
    let statement = Cbor::Map(vec![]);
    let object =
        cbor!({ "fmt" => "none", "attStmt" => statement, "authData" => Cbor::Bytes(data) });
    let mut bytes = vec![];
    ciborium::into_writer(&object.unwrap(), &mut bytes).unwrap();
    bytes
}

fn cose(key: &Value) -> Vec<u8> {
    let part = |value: &Value| Cbor::Bytes(decode(value.as_str().unwrap()));
    let key = if let Some(key) = key.get("EC_EC2") {
        cbor!({ 1 => 2, 3 => -7, -1 => 1, -2 => part(&key["x"]), -3 => part(&key["y"]) })
    } else if let Some(key) = key.get("EC_OKP") {
        cbor!({ 1 => 1, 3 => -8, -1 => 6, -2 => part(&key["x"]) })
    } else {
        let e: Vec<u8> = serde_json::from_value(key["RSA"]["e"].clone()).unwrap();
        cbor!({ 1 => 3, 3 => -257, -1 => part(&key["RSA"]["n"]), -2 => Cbor::Bytes(e) })
    };
    let mut bytes = vec![];
    ciborium::into_writer(&key.unwrap(), &mut bytes).unwrap();
    bytes
}

/// Of an attestation also nothing in the object, where its maker is trusted.
#[test]
fn nothing_that_is_attested_can_be_altered() {
    let roots = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/webauthn/attestation");
    let trusting = Attestation::direct(roots.as_ref(), &[]).unwrap();
    let attested = [(Attests::Model, trusting), (Attests::Itself, Attestation::None)];
    let samples = attested.map(|(attests, policy)| {
        let mut authenticator = Authenticator::ed25519();
        authenticator.attests = attests;
        sample_for(relying_party(policy), authenticator)
    });
    let member = prop::sample::select(vec!["clientDataJSON", "attestationObject"]);
    fuzz((0..2_usize, member, mutations()), |(which, member, mutation)| {
        let sample = &samples[which];
        let (altered, differs) = altered(&sample.created, member, &mutation);
        let registered = register(&sample.rp, &altered.to_string());
        assert_eq!(registered.is_some(), !differs, "{altered}");
    });
}

/// Client data that is unsigned, as without an attestation: what is accepted is for this
/// ceremony.
#[test]
fn client_data_in_other_words_says_the_same() {
    let sample = sample(Authenticator::new());
    let before = decode(sample.created["response"]["clientDataJSON"].as_str().unwrap());
    let before: Value = serde_json::from_slice(&before).unwrap();
    fuzz(mutations(), |mutation| {
        let (altered, _) = altered(&sample.created, "clientDataJSON", &mutation);
        if register(&sample.rp, &altered.to_string()).is_some() {
            let after = decode(altered["response"]["clientDataJSON"].as_str().unwrap());
            let after = after.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&after);
            let after: Value = serde_json::from_slice(after).unwrap();
            for member in ["type", "challenge", "origin"] {
                assert_eq!(after[member], before[member], "{after}");
            }
            assert_ne!(after["crossOrigin"], true);
            assert_eq!(after.get("topOrigin"), None);
        }
    });
}

/// Keys of any bytes are refused, or can be verified with: they panic neither then nor later.
#[test]
fn altered_keys_verify_nothing_or_do_so_later() {
    let samples = samples();
    fuzz((0..3_usize, mutations()), |(which, mutation)| {
        let sample = &samples[which];
        let object = decode(sample.created["response"]["attestationObject"].as_str().unwrap());
        let data = object_data(&object).unwrap();
        let (head, key) = data.split_at(87);
        let data = [head, &mutation.of(key)].concat();
        let statement = Cbor::Map(vec![]);
        let object =
            cbor!({ "fmt" => "none", "attStmt" => statement, "authData" => Cbor::Bytes(data) });
        let mut bytes = vec![];
        ciborium::into_writer(&object.unwrap(), &mut bytes).unwrap();
        let mut altered = sample.created.clone();
        altered["response"]["attestationObject"] = encode(&bytes).into();
        if let Some(registered) = register(&sample.rp, &altered.to_string()) {
            let same = registered.passkey == sample.registered.passkey;
            let assertion = sample.assertion.to_string();
            assert_eq!(authenticate(&sample.rp, &registered, &assertion), same);
        }
    });
}
