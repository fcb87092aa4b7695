//! Ways to alter what an authenticator makes.

use ciborium::Value as Cbor;
use serde_json::Value;

use super::authenticator::{Attests, Authenticator, Members};

/// Leaves out a member of JSON, at a path such as `/response/signature`.
pub fn leave_out(json: &mut Value, path: &str) {
    let (parent, name) = path.rsplit_once('/').unwrap();
    let parent = json.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    parent.remove(name).unwrap();
}

/// Sets a member of the client data.
pub fn set(authenticator: &mut Authenticator, name: &str, value: Value) {
    authenticator.client_data.insert(name.to_owned(), value);
}

/// Sets a parameter of a COSE key.
pub fn set_label(key: &mut Members, label: i32, value: i32) {
    let parameter = key.iter_mut().find(|(key, _)| *key == Cbor::from(label)).unwrap();
    parameter.1 = Cbor::from(value);
}

/// Alters the statement of an attestation: `alg`, `sig`, and with a certificate `x5c`.
pub fn statement(authenticator: &mut Authenticator, attests: Attests, bend: fn(&mut Members)) {
    authenticator.attests = attests;
    authenticator.bend.statement = bend;
}
