//! An authenticator in software, which does as it is told, also what none should.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ciborium::{Value as Cbor, cbor};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

pub const ORIGIN: &str = "http://localhost:3000";

/// User present, user verified, attested credential data included.
pub const UP: u8 = 0x01;
pub const UV: u8 = 0x04;
pub const BE: u8 = 0x08;
pub const BS: u8 = 0x10;
const AT: u8 = 0x40;

/// One passkey, in the hands of one browser. Every field may be bent.
#[derive(Clone)]
pub struct Authenticator {
    pub origin: String,
    pub rp_id: String,
    pub flags: u8,
    /// Of the next answer; grows by one with each unless it is zero.
    pub counter: u32,
    pub user_handle: Option<Vec<u8>>,
    pub credential_id: Vec<u8>,
    /// Instead of `webauthn.create` or `webauthn.get`.
    pub client_data_type: Option<&'static str>,
    /// More members of the client data, such as `crossOrigin`.
    pub client_data: Map<String, Value>,
    /// Instead of the challenge that was sent.
    pub challenge: Option<String>,
    pub aaguid: [u8; 16],
    /// `platform` or `cross-platform`.
    pub attachment: &'static str,
    /// Whether it attests its model, as Chromium's virtual authenticators do.
    pub attests: bool,
    key: SigningKey,
}

/// The key that Chromium's virtual authenticators attest with: the example of the FIDO
/// U2F Raw Message Formats specification.
const ATTESTATION_KEY: [u8; 32] = [
    0xf3, 0xfc, 0xcc, 0x0d, 0x00, 0xd8, 0x03, 0x19, 0x54, 0xf9, 0x08, 0x64, 0xd4, 0x3c, 0x24, 0x7f,
    0x4b, 0xf5, 0xf0, 0x66, 0x5c, 0x6b, 0x50, 0xcc, 0x17, 0x74, 0x9a, 0x27, 0xd1, 0xcf, 0x76, 0x64,
];
/// A certificate of that key, as Chromium made it.
const ATTESTATION_LEAF: &[u8] = include_bytes!("../webauthn/attestation/chromium-leaf.der");

impl Authenticator {
    pub fn new() -> Self {
        Self {
            origin: ORIGIN.to_owned(),
            rp_id: "localhost".to_owned(),
            flags: UP | UV,
            counter: 1,
            user_handle: None,
            credential_id: rand::random::<[u8; 32]>().to_vec(),
            client_data_type: None,
            client_data: Map::new(),
            challenge: None,
            aaguid: [7; 16],
            attachment: "platform",
            attests: false,
            key: SigningKey::from_slice(&rand::random::<[u8; 32]>()).unwrap(),
        }
    }

    /// One that attests its model, as a shop may ask for.
    pub fn attested() -> Self {
        Self { attests: true, ..Self::new() }
    }

    pub fn id(&self) -> String {
        encode(&self.credential_id)
    }

    /// Answers `navigator.credentials.create`, as `toJSON()` does.
    pub fn create(&mut self, options: &Value) -> Value {
        let user = options["user"]["id"].as_str().unwrap();
        self.user_handle = Some(decode(user));
        let client_data = self.client_data("webauthn.create", options);
        let mut data = self.authenticator_data(AT);
        data.extend(self.aaguid);
        data.extend((self.credential_id.len() as u16).to_be_bytes());
        data.extend(&self.credential_id);
        data.extend(self.public_key());
        let (format, statement) = match self.attests {
            true => ("packed", packed(&data, &client_data)),
            false => ("none", Cbor::Map(vec![])),
        };
        let attestation = cbor!({
            "fmt" => format,
            "attStmt" => statement,
            "authData" => Cbor::Bytes(data),
        });
        let response = json!({
            "clientDataJSON": encode(&client_data),
            "attestationObject": encode(&bytes(&attestation.unwrap())),
            "transports": ["internal", "hybrid"],
        });
        self.credential(response, json!({ "credProps": { "rk": true } }))
    }

    /// Answers `navigator.credentials.get`, as `toJSON()` does.
    pub fn get(&mut self, options: &Value) -> Value {
        let client_data = self.client_data("webauthn.get", options);
        let data = self.authenticator_data(0);
        let signed = [data.as_slice(), Sha256::digest(&client_data).as_slice()].concat();
        let signature: Signature = self.key.sign(&signed);
        let response = json!({
            "clientDataJSON": encode(&client_data),
            "authenticatorData": encode(&data),
            "signature": encode(signature.to_der().as_bytes()),
            "userHandle": self.user_handle.as_deref().map(encode),
        });
        self.credential(response, json!({}))
    }

    fn credential(&self, response: Value, extensions: Value) -> Value {
        json!({
            "id": self.id(),
            "rawId": self.id(),
            "type": "public-key",
            "authenticatorAttachment": self.attachment,
            "response": response,
            "clientExtensionResults": extensions,
        })
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = self.challenge.clone().map_or(options["challenge"].clone(), Value::String);
        let mut data = Map::new();
        data.insert("type".into(), self.client_data_type.unwrap_or(kind).into());
        data.insert("challenge".into(), challenge);
        data.insert("origin".into(), self.origin.clone().into());
        data.insert("crossOrigin".into(), false.into());
        data.extend(self.client_data.clone());
        serde_json::to_vec(&data).unwrap()
    }

    fn authenticator_data(&mut self, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(&self.rp_id).to_vec();
        data.push(self.flags | flags);
        data.extend(self.counter.to_be_bytes());
        self.counter += u32::from(self.counter > 0);
        data
    }

    /// COSE (RFC 9053): EC2, ES256, P-256.
    fn public_key(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_sec1_point(false);
        let (x, y) = (point.x().unwrap().to_vec(), point.y().unwrap().to_vec());
        let key = cbor!({
            1 => 2,
            3 => -7,
            -1 => 1,
            -2 => Cbor::Bytes(x),
            -3 => Cbor::Bytes(y),
        });
        bytes(&key.unwrap())
    }
}

/// A packed attestation statement (WebAuthn L3 §8.2).
fn packed(authenticator_data: &[u8], client_data: &[u8]) -> Cbor {
    let signed = [authenticator_data, Sha256::digest(client_data).as_slice()].concat();
    let signature: Signature = SigningKey::from_slice(&ATTESTATION_KEY).unwrap().sign(&signed);
    let statement = cbor!({
        "alg" => -7,
        "sig" => Cbor::Bytes(signature.to_der().as_bytes().to_vec()),
        "x5c" => [Cbor::Bytes(ATTESTATION_LEAF.to_vec())],
    });
    statement.unwrap()
}

fn bytes(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

pub fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub fn decode(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
}
