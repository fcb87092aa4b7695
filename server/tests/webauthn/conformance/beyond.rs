//! What the list does not name, and the specification refuses, or leaves free.

use ciborium::{Value as Cbor, cbor};
use serde_json::{Value, json};

use super::{Accepted, Case, Refused};
use crate::support::{
    authenticator::{AT, Attests, Authenticator, BE, BS, ED, UP, UV, encode},
    bend::{set, set_label, statement},
};

pub(super) const REGISTRATIONS: &[Case] = &[
    // JSON
    ("an array for an object", Refused("malformed"), |a| a.bend.json = |it| listed(it)),
    ("an array for the response", Refused("malformed"), |a| {
        a.bend.json = |it| listed(&mut it["response"]);
    }),
    ("padded bytes", Refused("malformed"), |a| {
        a.bend.json = |it| append(it, "/response/attestationObject", "=");
    }),
    ("bits that are left over", Refused("malformed"), |a| {
        a.bend.json = |it| append(it, "/rawId", "B");
    }),
    ("another raw id", Refused("malformed"), |a| {
        a.bend.json = |it| it["rawId"] = json!(encode(&[7; 32]));
    }),
    ("an id that was not attested", Refused("malformed"), |a| {
        a.bend.json = |it| {
            it["id"] = json!(encode(&[7; 32]));
            it["rawId"] = it["id"].clone();
        };
    }),
    ("transports that are none", Refused("malformed"), |a| {
        a.bend.json = |it| it["response"]["transports"] = json!("usb");
    }),
    ("extensions that are none", Refused("malformed"), |a| {
        a.bend.json = |it| it["clientExtensionResults"] = json!([]);
    }),
    ("members from the future", Accepted, |a| {
        a.bend.json = |it| {
            it["future"] = json!({ "id": 7 });
            it["response"]["future"] = json!([7]);
            it["clientExtensionResults"]["prf"] = json!({ "enabled": true });
        };
    }),
    // Client data
    ("the challenge twice", Refused("malformed"), |a| a.bend.client_bytes = twice),
    ("client data in Latin 1", Refused("malformed"), |a| a.bend.client_bytes = latin_1),
    ("client data as an array", Refused("malformed"), |a| a.bend.client_bytes = array),
    ("something behind the client data", Refused("malformed"), |a| {
        a.bend.client_bytes = |it| it.push(b'}');
    }),
    ("a byte order mark", Accepted, |a| {
        a.bend.client_bytes = |it| drop(it.splice(0..0, *b"\xEF\xBB\xBF"));
    }),
    ("client data from the future", Accepted, |a| set(a, "future", json!({ "type": 7 }))),
    ("no token binding", Accepted, |a| set(a, "tokenBinding", json!({ "status": "supported" }))),
    ("a token binding", Refused("malformed"), |a| {
        set(a, "tokenBinding", json!({ "status": "present", "id": "A" }));
    }),
    ("a token binding that is null", Refused("malformed"), |a| set(a, "tokenBinding", json!(null))),
    ("cross-origin in words", Refused("malformed"), |a| set(a, "crossOrigin", json!("true"))),
    ("cross-origin that is null", Refused("malformed"), |a| set(a, "crossOrigin", json!(null))),
    ("another top origin", Refused("cross_origin"), |a| set(a, "topOrigin", json!(null))),
    ("an origin with a path", Refused("wrong_origin"), |a| a.origin.push('/')),
    ("an origin with a query", Refused("wrong_origin"), |a| a.origin.push('?')),
    ("an origin with a name", Refused("wrong_origin"), |a| {
        a.origin = a.origin.replace("//", "//name@");
    }),
    ("an origin in capitals", Refused("wrong_origin"), |a| a.origin = a.origin.to_uppercase()),
    ("an origin with blanks", Refused("wrong_origin"), |a| a.origin.push(' ')),
    ("an origin with too many slashes", Refused("wrong_origin"), |a| {
        a.origin = a.origin.replace("//", "///");
    }),
    ("an origin with zeros before its port", Refused("wrong_origin"), |a| {
        a.origin = a.origin.replace(":3000", ":03000");
    }),
    ("an origin with a dot", Refused("wrong_origin"), |a| {
        a.origin = a.origin.replace("t:3", "t.:3")
    }),
    // The attestation object
    ("something behind the attestation object", Refused("malformed"), |a| {
        a.bend.object_bytes = |it| it.push(0xF6);
    }),
    ("a format twice", Refused("malformed"), |a| {
        a.bend.object = |it| it.push(("fmt".into(), "none".into()));
    }),
    ("a member of nobody's", Refused("malformed"), |a| {
        a.bend.object = |it| it.push(("epAtt".into(), true.into()));
    }),
    ("a length that never ends", Refused("malformed"), |a| {
        a.bend.object_bytes = |it| {
            it[0] = 0xBF;
            it.push(0xFF);
        };
    }),
    ("a length that is longer than needed", Refused("malformed"), |a| {
        a.bend.object_bytes = |it| drop(it.splice(0..1, [0xB8, 3]));
    }),
    ("members in another order", Accepted, |a| a.bend.object = |it| it.reverse()),
    ("no attestation, with a statement", Refused("attestation_invalid"), |a| {
        statement(a, Attests::Nothing, |it| it.push(("alg".into(), Cbor::from(-7))));
        a.bend.object = |it| it[1].1 = cbor!({ "alg" => -7 }).unwrap();
    }),
    ("a member that its format does not have", Refused("attestation_invalid"), |a| {
        statement(a, Attests::Itself, |it| it.push(("ecdaaKeyId".into(), Cbor::Bytes(vec![]))));
    }),
    ("a signature that goes on", Refused("attestation_invalid"), |a| {
        a.attests = Attests::Itself;
        a.bend.signature = |it| it.push(0);
    }),
    // Authenticator data
    ("extensions that are not there", Refused("malformed"), |a| a.flags |= ED),
    ("extensions without a name", Refused("malformed"), |a| {
        a.flags |= ED;
        a.bend.key_bytes = |it| it.extend([0xA1, 1, 1]);
    }),
    ("extensions that are a list", Refused("malformed"), |a| {
        a.flags |= ED;
        a.bend.key_bytes = |it| it.push(0x80);
    }),
    ("something behind the extensions", Refused("malformed"), |a| {
        a.flags |= ED;
        a.bend.key_bytes = |it| it.extend([0xA0, 0]);
    }),
    ("reserved flags", Accepted, |a| a.flags |= 0x22),
    ("backed up, though it cannot be", Refused("backup_flags_wrong"), |a| a.flags |= BS),
    ("backed up", Accepted, |a| a.flags |= BE | BS),
    ("nobody present", Refused("user_not_present"), |a| a.flags = UV),
    ("nobody verified", Refused("user_not_verified"), |a| a.flags = UP),
    ("the shortest id", Accepted, |a| a.credential_id = fresh(16)),
    ("an id that can be guessed", Refused("ceremony_refused"), |a| a.credential_id = fresh(15)),
    ("no id", Refused("ceremony_refused"), |a| a.credential_id = vec![]),
    ("the longest id", Accepted, |a| a.credential_id = fresh(1023)),
    ("an id that is too long", Refused("ceremony_refused"), |a| a.credential_id = fresh(1024)),
    // The public key
    ("a key with a use", Refused("malformed"), |a| {
        a.bend.key = |it| it.push((4.into(), Cbor::Array(vec![2.into()])));
    }),
    ("a key's type twice", Refused("malformed"), |a| {
        a.bend.key = |it| it.push((1.into(), 2.into()))
    }),
    ("a key without an algorithm", Refused("malformed"), |a| a.bend.key = |it| drop(it.remove(1))),
    ("an algorithm of another type", Refused("malformed"), |a| {
        a.bend.key = |it| set_label(it, 3, -8)
    }),
    ("a type of another algorithm", Refused("malformed"), |a| {
        a.bend.key = |it| set_label(it, 1, 1)
    }),
    ("another curve", Refused("malformed"), |a| a.bend.key = |it| set_label(it, -1, 2)),
    ("a point beside the curve", Refused("malformed"), |a| {
        a.bend.key = |it| it[4].1.as_bytes_mut().unwrap()[31] ^= 1;
    }),
    ("a compressed point", Refused("malformed"), |a| a.bend.key = |it| it[4].1 = true.into()),
    ("a longer coordinate", Refused("malformed"), |a| {
        a.bend.key = |it| it[3].1.as_bytes_mut().unwrap().insert(0, 0);
    }),
    ("parameters in another order", Accepted, |a| a.bend.key = |it| it.reverse()),
    ("Ed448", Refused("malformed"), |a| {
        *a = Authenticator::ed25519();
        a.bend.key = |it| set_label(it, -1, 7);
    }),
    ("a key that signs everything", Refused("malformed"), |a| {
        *a = Authenticator::ed25519();
        a.bend.key = |it| {
            let mut neutral = vec![0; 32];
            neutral[0] = 1;
            it[3].1 = Cbor::Bytes(neutral);
        };
    }),
    ("an RSA key of another size", Refused("malformed"), |a| {
        *a = Authenticator::rsa();
        a.bend.key = |it| it[2].1.as_bytes_mut().unwrap().truncate(128);
    }),
    ("an RSA key with zeros before it", Refused("malformed"), |a| {
        *a = Authenticator::rsa();
        a.bend.key = |it| it[2].1.as_bytes_mut().unwrap()[0] = 0;
    }),
    ("Ed25519", Accepted, |a| *a = Authenticator::ed25519()),
    ("RSA", Accepted, |a| *a = Authenticator::rsa()),
];

pub(super) const ASSERTIONS: &[Case] = &[
    ("an array for an object", Refused("malformed"), |a| a.bend.json = |it| listed(it)),
    ("padded bytes", Refused("malformed"), |a| {
        a.bend.json = |it| append(it, "/response/clientDataJSON", "=");
    }),
    ("another raw id", Refused("malformed"), |a| {
        a.bend.json = |it| it["rawId"] = json!(encode(&[7; 32]));
    }),
    ("a user handle with padding", Refused("malformed"), |a| {
        a.bend.json = |it| append(it, "/response/userHandle", "==");
    }),
    ("members from the future", Accepted, |a| {
        a.bend.json = |it| {
            it["future"] = json!({ "id": 7 });
            it["response"]["future"] = json!([7]);
            it["clientExtensionResults"]["prf"] = json!({});
        };
    }),
    ("the challenge twice", Refused("malformed"), |a| a.bend.client_bytes = twice),
    ("client data in Latin 1", Refused("malformed"), |a| a.bend.client_bytes = latin_1),
    ("client data as an array", Refused("malformed"), |a| a.bend.client_bytes = array),
    ("something behind the client data", Refused("malformed"), |a| {
        a.bend.client_bytes = |it| it.push(b'}');
    }),
    ("a byte order mark", Accepted, |a| {
        a.bend.client_bytes = |it| drop(it.splice(0..0, *b"\xEF\xBB\xBF"));
    }),
    ("a token binding", Refused("malformed"), |a| {
        set(a, "tokenBinding", json!({ "status": "present", "id": "A" }));
    }),
    ("another top origin", Refused("cross_origin"), |a| set(a, "topOrigin", json!(null))),
    ("an origin with a path", Refused("wrong_origin"), |a| a.origin.push('/')),
    ("an origin in capitals", Refused("wrong_origin"), |a| a.origin = a.origin.to_uppercase()),
    ("attested data in an assertion", Refused("malformed"), |a| {
        a.bend.data = |it| {
            it[32] |= AT;
            it.extend([[0; 16].as_slice(), &[0, 0, 0xA0]].concat());
        };
    }),
    ("extensions that are not there", Refused("malformed"), |a| a.flags |= ED),
    ("something behind the extensions", Refused("malformed"), |a| {
        a.flags |= ED;
        a.bend.data = |it| it.extend([0xA0, 0]);
    }),
    ("reserved flags", Accepted, |a| a.flags |= 0x22),
    ("backed up, though it cannot be", Refused("backup_flags_wrong"), |a| a.flags |= BS),
    ("backup eligible, though it was not", Refused("backup_flags_wrong"), |a| a.flags |= BE),
    ("authenticator data that ends early", Refused("malformed"), |a| {
        a.bend.data = |it| it.truncate(36);
    }),
    ("a signature that goes on", Refused("bad_signature"), |a| a.bend.signature = |it| it.push(0)),
    ("a signature with longer numbers", Refused("bad_signature"), |a| {
        a.bend.signature = |it| {
            // A zero before r that its sign does not need.
            it.insert(4, 0);
            it[1] += 1;
            it[3] += 1;
        };
    }),
];

/// The values of an object, as an array.
fn listed(it: &mut Value) {
    *it = it.as_object().unwrap().values().cloned().collect();
}

fn append(it: &mut Value, path: &str, end: &str) {
    let text = it.pointer_mut(path).unwrap();
    *text = format!("{}{end}", text.as_str().unwrap()).into();
}

/// Names the challenge once more, with another value.
fn twice(client_data: &mut Vec<u8>) {
    drop(client_data.splice(1..1, *br#""challenge":"AAAA","#));
}

fn latin_1(client_data: &mut Vec<u8>) {
    drop(client_data.splice(1..1, *b"\"future\":\"\xE9\","));
}

/// The client data as serde would take it for a struct.
fn array(client_data: &mut Vec<u8>) {
    let members: serde_json::Map<String, Value> = serde_json::from_slice(client_data).unwrap();
    let names = ["type", "challenge", "origin", "crossOrigin"];
    *client_data = json!(names.map(|name| &members[name])).to_string().into_bytes();
}

fn fresh(length: usize) -> Vec<u8> {
    (0..length).map(|_| rand::random()).collect()
}
