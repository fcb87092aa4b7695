//! "MakeCredential Response": registrations.

use ciborium::{Value as Cbor, cbor};
use serde_json::json;

use super::{Accepted, Case, Refused, Stricter};
use crate::support::{
    authenticator::{AT, Attests, Authenticator, ED, Members, encode},
    bend::{leave_out, set, set_label, statement},
};

const OPTIONAL: &str = "optional, and not among the algorithms that the shop offers";

pub(super) const CASES: &[Case] = &[
    // The structure
    ("Attestation-Resp-1 F-1", Refused("malformed"), |a| a.bend.json = |it| leave_out(it, "/id")),
    ("Attestation-Resp-1 F-2", Refused("malformed"), |a| a.bend.json = |it| it["id"] = json!(7)),
    ("Attestation-Resp-1 F-3", Refused("malformed"), |a| a.bend.json = |it| it["id"] = json!("+/")),
    ("Attestation-Resp-1 F-4", Refused("malformed"), |a| a.bend.json = |it| leave_out(it, "/type")),
    ("Attestation-Resp-1 F-5", Refused("malformed"), |a| a.bend.json = |it| it["type"] = json!(7)),
    ("Attestation-Resp-1 F-6", Refused("malformed"), |a| {
        a.bend.json = |it| it["type"] = json!("private-key");
    }),
    ("Attestation-Resp-1 F-7", Refused("malformed"), |a| {
        a.bend.json = |it| leave_out(it, "/response");
    }),
    ("Attestation-Resp-1 F-8", Refused("malformed"), |a| {
        a.bend.json = |it| it["response"] = json!("response");
    }),
    ("Attestation-Resp-1 F-9", Refused("malformed"), |a| {
        a.bend.json = |it| leave_out(it, "/response/clientDataJSON");
    }),
    ("Attestation-Resp-1 F-10", Refused("malformed"), |a| {
        a.bend.json = |it| it["response"]["clientDataJSON"] = json!(7);
    }),
    ("Attestation-Resp-1 F-11", Refused("malformed"), |a| {
        a.bend.json = |it| it["response"]["clientDataJSON"] = json!("");
    }),
    ("Attestation-Resp-1 F-12", Refused("malformed"), |a| {
        a.bend.json = |it| leave_out(it, "/response/attestationObject");
    }),
    ("Attestation-Resp-1 F-13", Refused("malformed"), |a| {
        a.bend.json = |it| it["response"]["attestationObject"] = json!(7);
    }),
    ("Attestation-Resp-1 F-14", Refused("malformed"), |a| {
        a.bend.json = |it| it["response"]["attestationObject"] = json!("");
    }),
    // The client data
    ("Attestation-Resp-2 F-1", Refused("malformed"), |a| {
        a.bend.client_data = |it| drop(it.remove("type"));
    }),
    ("Attestation-Resp-2 F-2", Refused("malformed"), |a| {
        a.bend.client_data = |it| it["type"] = json!(7);
    }),
    ("Attestation-Resp-2 F-3", Refused("wrong_type"), |a| a.client_data_type = Some("")),
    ("Attestation-Resp-2 F-4", Refused("wrong_type"), |a| {
        a.client_data_type = Some("webauthn.make");
    }),
    ("Attestation-Resp-2 F-5", Refused("wrong_type"), |a| {
        a.client_data_type = Some("webauthn.get")
    }),
    ("Attestation-Resp-2 F-6", Refused("malformed"), |a| {
        a.bend.client_data = |it| drop(it.remove("challenge"));
    }),
    ("Attestation-Resp-2 F-7", Refused("malformed"), |a| {
        a.bend.client_data = |it| it["challenge"] = json!(7);
    }),
    ("Attestation-Resp-2 F-8", Refused("challenge_unknown"), |a| a.challenge = Some(String::new())),
    ("Attestation-Resp-2 F-9", Refused("malformed"), |a| a.challenge = Some("+/+/".to_owned())),
    ("Attestation-Resp-2 F-10", Refused("challenge_unknown"), |a| {
        a.challenge = Some(encode(&[7; 32]));
    }),
    ("Attestation-Resp-2 F-11", Refused("malformed"), |a| {
        a.bend.client_data = |it| drop(it.remove("origin"));
    }),
    ("Attestation-Resp-2 F-12", Refused("malformed"), |a| {
        a.bend.client_data = |it| it["origin"] = json!(7);
    }),
    ("Attestation-Resp-2 F-13", Refused("wrong_origin"), |a| a.origin.clear()),
    ("Attestation-Resp-2 F-14", Refused("wrong_origin"), |a| {
        a.origin = "https://evil.example".into()
    }),
    ("Attestation-Resp-2 F-15", Refused("malformed"), |a| {
        set(a, "tokenBinding", json!("supported"))
    }),
    ("Attestation-Resp-2 F-16", Refused("malformed"), |a| {
        set(a, "tokenBinding", json!({ "id": "A" }))
    }),
    ("Attestation-Resp-2 F-17", Refused("malformed"), |a| {
        set(a, "tokenBinding", json!({ "status": "perhaps" }));
    }),
    // The attestation object
    ("Attestation-Resp-3 P-1", Accepted, |a| {
        a.attests = Attests::Itself;
        a.flags |= ED;
        a.bend.key_bytes = |it| it.extend(b"\xA1\x71example.extension\x63yes");
    }),
    ("Attestation-Resp-3 F-1", Refused("malformed"), |a| {
        a.bend.object_bytes = |it| *it = b"\x83\x63fmt\x63key\x64none".to_vec();
    }),
    ("Attestation-Resp-3 F-2", Refused("malformed"), |a| a.bend.object = |it| drop(it.remove(0))),
    ("Attestation-Resp-3 F-3", Refused("malformed"), |a| {
        a.bend.object = |it| it[0].1 = Cbor::from(7)
    }),
    ("Attestation-Resp-3 F-4", Refused("malformed"), |a| a.bend.object = |it| drop(it.remove(1))),
    ("Attestation-Resp-3 F-5", Refused("malformed"), |a| {
        a.bend.object = |it| it[1].1 = Cbor::from(7)
    }),
    ("Attestation-Resp-3 F-6", Refused("malformed"), |a| a.bend.object = |it| drop(it.remove(2))),
    ("Attestation-Resp-3 F-7", Refused("malformed"), |a| {
        a.bend.object = |it| it[2].1 = Cbor::from(7)
    }),
    ("Attestation-Resp-3 F-8", Refused("malformed"), |a| a.bend.data = |it| it.clear()),
    ("Attestation-Resp-3 F-9", Refused("malformed"), |a| a.bend.data = |it| it[32] &= !AT),
    ("Attestation-Resp-3 F-10", Refused("malformed"), |a| {
        a.bend.data = |it| {
            it[32] &= !AT;
            it.truncate(37);
        };
    }),
    ("Attestation-Resp-3 F-11", Refused("malformed"), |a| a.bend.data = |it| it.truncate(37)),
    ("Attestation-Resp-3 F-12", Refused("malformed"), |a| {
        a.attests = Attests::Itself;
        a.bend.data = |it| it.push(0);
    }),
    ("Attestation-Resp-3 F-13", Refused("attestation_invalid"), |a| {
        statement(a, Attests::Itself, |it| it.clear());
    }),
    ("Attestation-Resp-3 F-14", Refused("attestation_invalid"), |a| {
        statement(a, Attests::Itself, |it| drop(it.remove(0)));
    }),
    ("Attestation-Resp-3 F-15", Refused("attestation_invalid"), |a| {
        statement(a, Attests::Itself, |it| it[0].1 = Cbor::from("-7"));
    }),
    ("Attestation-Resp-3 F-16", Refused("attestation_invalid"), |a| {
        statement(a, Attests::Itself, |it| it[0].1 = Cbor::from(-257));
    }),
    ("Attestation-Resp-3 F-17", Refused("attestation_invalid"), |a| {
        statement(a, Attests::Itself, |it| drop(it.remove(1)));
    }),
    ("Attestation-Resp-3 F-18", Refused("attestation_invalid"), |a| {
        statement(a, Attests::Itself, |it| it[1].1 = Cbor::from("signature"));
    }),
    ("Attestation-Resp-3 F-19", Refused("attestation_invalid"), |a| {
        statement(a, Attests::Itself, |it| it[1].1 = Cbor::Bytes(vec![]));
    }),
    // Algorithms
    ("Attestation-Resp-4 P-1", Stricter("ceremony_refused", OPTIONAL), |a| {
        algorithm(a, |it| set_label(it, 3, -47))
    }),
    ("Attestation-Resp-4 P-2", Stricter("ceremony_refused", OPTIONAL), |a| {
        algorithm(a, |it| set_label(it, 3, -37))
    }),
    ("Attestation-Resp-4 P-3", Stricter("ceremony_refused", OPTIONAL), |a| {
        algorithm(a, |it| set_label(it, 3, -38))
    }),
    ("Attestation-Resp-4 P-4", Stricter("ceremony_refused", OPTIONAL), |a| {
        algorithm(a, |it| set_label(it, 3, -39))
    }),
    ("Attestation-Resp-4 P-5", Accepted, |a| itself(a, Authenticator::rsa())),
    ("Attestation-Resp-4 P-6", Stricter("ceremony_refused", OPTIONAL), |a| {
        algorithm(a, |it| set_label(it, 3, -258))
    }),
    ("Attestation-Resp-4 P-7", Stricter("ceremony_refused", OPTIONAL), |a| {
        algorithm(a, |it| set_label(it, 3, -259))
    }),
    (
        "Attestation-Resp-4 P-8",
        Stricter(
            "ceremony_refused",
            "SHA-1 is broken, and WebAuthn L3 does not name the algorithm",
        ),
        |a| algorithm(a, |it| set_label(it, 3, -65535)),
    ),
    ("Attestation-Resp-4 P-9", Accepted, |a| itself(a, Authenticator::new())),
    ("Attestation-Resp-4 P-10", Stricter("ceremony_refused", OPTIONAL), |a| {
        algorithm(a, |it| set_label(it, 3, -35))
    }),
    ("Attestation-Resp-4 P-11", Stricter("ceremony_refused", OPTIONAL), |a| {
        algorithm(a, |it| set_label(it, 3, -36))
    }),
    ("Attestation-Resp-4 P-12", Accepted, |a| itself(a, Authenticator::ed25519())),
    // Attested by itself
    ("Attestation-Resp-6 P-1", Accepted, |a| a.attests = Attests::Itself),
    ("Attestation-Resp-6 F-1", Refused("attestation_invalid"), |a| {
        a.attests = Attests::Itself;
        a.bend.signature = |it| *it.last_mut().unwrap() ^= 1;
    }),
    ("Attestation-Resp-6 F-2", Refused("attestation_invalid"), |a| {
        // With a certificate, which is another's.
        statement(a, Attests::Itself, |it| {
            it.push(("x5c".into(), cbor!([b"certificate"]).unwrap()))
        });
    }),
    ("Attestation-Resp-6 F-3", Refused("attestation_invalid"), |a| {
        a.attests = Attests::Itself;
        a.bend.object = |it| it[0].1 = Cbor::from("unheard-of");
    }),
    // Not attested
    ("Attestation-Resp-7 P-1", Accepted, |a| a.attests = Attests::Itself),
    ("Attestation-Resp-7 P-2", Accepted, |a| itself(a, Authenticator::ed25519())),
    ("Attestation-Resp-7 F-1", Refused("attestation_invalid"), |a| {
        a.attests = Attests::Model;
        a.bend.object = |it| it[0].1 = Cbor::from("none");
    }),
    // FIDO U2F, by an authenticator that verifies its user all the same
    ("Attestation-Resp-8 P-1", Accepted, |a| u2f(a, [0; 16])),
    ("Attestation-Resp-8 F-1", Refused("attestation_invalid"), |a| u2f(a, [7; 16])),
    ("Attestation-Resp-8 F-2", Refused("attestation_invalid"), |a| {
        u2f(a, [0; 16]);
        a.bend.signature = |it| *it.last_mut().unwrap() ^= 1;
    }),
];

/// Attested by a maker, where the shop asks for that.
pub(super) const WITH_TRUSTED_MAKERS: &[Case] = &[
    ("Attestation-Resp-5 P-1", Accepted, |a| a.attests = Attests::Model),
    ("Attestation-Resp-5 P-2", Accepted, |a| {
        *a = Authenticator::ed25519();
        a.attests = Attests::Model;
    }),
    ("Attestation-Resp-5 F-1", Refused("attestation_invalid"), |a| {
        a.attests = Attests::Model;
        a.bend.object = |it| it[0].1 = Cbor::from("unheard-of");
    }),
    ("Attestation-Resp-5 F-2", Refused("attestation_invalid"), |a| {
        a.attests = Attests::Model;
        a.bend.signature = |it| *it.last_mut().unwrap() ^= 1;
    }),
    ("Attestation-Resp-5 F-3", Refused("attestation_invalid"), |a| {
        statement(a, Attests::Model, |it| drop(it.remove(2)));
    }),
    ("Attestation-Resp-5 F-4", Refused("attestation_invalid"), |a| {
        statement(a, Attests::Model, |it| it[2].1 = Cbor::from("certificates"));
    }),
    ("Attestation-Resp-5 F-5", Refused("attestation_invalid"), |a| {
        statement(a, Attests::Model, |it| it[2].1 = Cbor::Array(vec![]));
    }),
    ("Attestation-Resp-5 F-8", Refused("attestation_invalid"), |a| {
        // ES384, and a certificate of P-256.
        statement(a, Attests::Model, |it| it[0].1 = Cbor::from(-35));
    }),
    ("Attestation-Resp-5 F-9", Refused("attestation_invalid"), |a| {
        statement(a, Attests::Model, |it| {
            let certificates = it[2].1.as_array_mut().unwrap();
            certificates.push(Cbor::Bytes(vec![0x30, 0]));
        });
    }),
    ("Attestation-Resp-5 F-13", Refused("attestation_invalid"), |a| {
        a.attests = Attests::Model;
        a.bend.signature = |it| it[10] ^= 1;
    }),
    ("Attestation-Resp-5 F-14", Refused("attestation_invalid"), |a| {
        // By the passkey, beside the maker's certificate.
        a.attests = Attests::ModelByItself;
    }),
];

fn algorithm(a: &mut Authenticator, key: fn(&mut Members)) {
    a.attests = Attests::Itself;
    a.bend.key = key;
}

fn itself(a: &mut Authenticator, other: Authenticator) {
    *a = other;
    a.attests = Attests::Itself;
}

fn u2f(a: &mut Authenticator, aaguid: [u8; 16]) {
    a.attests = Attests::U2f;
    a.aaguid = aaguid;
}
