//! An authenticator in software, which does as it is told, also what none should.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ciborium::{Value as Cbor, cbor};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use rsa::{
    BigUint, RsaPrivateKey,
    pkcs1v15::SigningKey as RsaSigningKey,
    signature::{SignatureEncoding, Signer as _},
    traits::PublicKeyParts,
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

pub const ORIGIN: &str = "http://localhost:3000";

/// User present, user verified, attested credential data included.
pub const UP: u8 = 0x01;
pub const UV: u8 = 0x04;
pub const BE: u8 = 0x08;
pub const BS: u8 = 0x10;
pub const AT: u8 = 0x40;
pub const ED: u8 = 0x80;

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
    pub attests: Attests,
    pub bend: Bend,
    key: Key,
}

/// What a registration says of the authenticator's model.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Attests {
    Nothing,
    /// `packed`, with a certificate, as Chromium's virtual authenticators do.
    Model,
    /// `packed`, signed by the passkey itself.
    Itself,
    /// `packed`, signed by the passkey itself, with the certificate of another key.
    ModelByItself,
    /// `fido-u2f`.
    U2f,
}

/// Alters what the authenticator makes, before whatever signs it.
#[derive(Clone)]
pub struct Bend {
    /// The members of the client data, and the text of them.
    pub client_data: fn(&mut Map<String, Value>),
    pub client_bytes: fn(&mut Vec<u8>),
    /// The COSE key, and the bytes of it.
    pub key: fn(&mut Members),
    pub key_bytes: fn(&mut Vec<u8>),
    /// Authenticator data.
    pub data: fn(&mut Vec<u8>),
    pub signature: fn(&mut Vec<u8>),
    pub statement: fn(&mut Members),
    /// The attestation object, and the bytes of it.
    pub object: fn(&mut Members),
    pub object_bytes: fn(&mut Vec<u8>),
    /// All of the answer, and the text of it.
    pub json: fn(&mut Value),
}

/// Of a map in CBOR.
pub type Members = Vec<(Cbor, Cbor)>;

impl Default for Bend {
    fn default() -> Self {
        Self {
            client_data: |_| (),
            client_bytes: |_| (),
            key: |_| (),
            key_bytes: |_| (),
            data: |_| (),
            signature: |_| (),
            statement: |_| (),
            object: |_| (),
            object_bytes: |_| (),
            json: |_| (),
        }
    }
}

/// A passkey's private key.
#[derive(Clone)]
enum Key {
    P256(SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
    Rsa(RsaSigningKey<sha2::Sha256>),
}

/// The primes of an RSA key that nobody uses for anything else: to find some takes seconds.
const P: &str = concat!(
    "d8f274600016fe694d0b6c831a268375f0f2f5e7255defc8790d9040faaefda1",
    "bde6cb679f314c5e23cb1b70c880d674e2a7055482b57e7578ccb1c319cc3c3f",
    "dbf31e29ad9be09c01bcfdfffe7839a0ce16f93c862e67c611526b8ddcd91de7",
    "e9c1420066db3df7f86ec3918e665793810e231f6aec0f1145c6e6a8579c37c3",
);
const Q: &str = concat!(
    "c6b0852a3baedb5b67bafdf47e5ede9dbd5cf75760951f653b5512e68109103d",
    "70c4b34ee1e21e07169e489f85702be6d2a288019bbbb9a5e9ba555c269ee801",
    "46062cccb9ac226d9d127a1c2c228ec4df4c3487fb08786cd6706eb538c80e74",
    "d37a4edd4fc17cb0a24dcbbc23f9a5a2d69a179a6e4661dfc0842ca24e03cb93",
);

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
            attests: Attests::Nothing,
            bend: Bend::default(),
            key: Key::P256(SigningKey::from_slice(&rand::random::<[u8; 32]>()).unwrap()),
        }
    }

    /// One whose passkeys sign with Ed25519.
    pub fn ed25519() -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(&rand::random());
        Self { key: Key::Ed25519(key), ..Self::new() }
    }

    /// One whose passkeys sign with RSA.
    pub fn rsa() -> Self {
        let prime = |hex: &str| BigUint::parse_bytes(hex.as_bytes(), 16).unwrap();
        let key = RsaPrivateKey::from_p_q(prime(P), prime(Q), 65_537_u32.into()).unwrap();
        Self { key: Key::Rsa(RsaSigningKey::new(key)), ..Self::new() }
    }

    /// One that attests its model, as a shop may ask for.
    pub fn attested() -> Self {
        Self { attests: Attests::Model, ..Self::new() }
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
        (self.bend.data)(&mut data);
        let (format, statement) = self.statement(&data, &client_data);
        let object = cbor!({
            "fmt" => format,
            "attStmt" => statement,
            "authData" => Cbor::Bytes(data),
        });
        let mut object = object.unwrap().into_map().unwrap();
        (self.bend.object)(&mut object);
        let mut object = bytes(&Cbor::Map(object));
        (self.bend.object_bytes)(&mut object);
        let response = json!({
            "clientDataJSON": encode(&client_data),
            "attestationObject": encode(&object),
            "transports": ["internal", "hybrid"],
        });
        self.credential(response, json!({ "credProps": { "rk": true } }))
    }

    /// Answers `navigator.credentials.get`, as `toJSON()` does.
    pub fn get(&mut self, options: &Value) -> Value {
        let client_data = self.client_data("webauthn.get", options);
        let mut data = self.authenticator_data(0);
        (self.bend.data)(&mut data);
        let signature = self.sign(&over(&data, &client_data));
        let response = json!({
            "clientDataJSON": encode(&client_data),
            "authenticatorData": encode(&data),
            "signature": encode(&signature),
            "userHandle": self.user_handle.as_deref().map(encode),
        });
        self.credential(response, json!({}))
    }

    fn credential(&self, response: Value, extensions: Value) -> Value {
        let mut credential = json!({
            "id": self.id(),
            "rawId": self.id(),
            "type": "public-key",
            "authenticatorAttachment": self.attachment,
            "response": response,
            "clientExtensionResults": extensions,
        });
        (self.bend.json)(&mut credential);
        credential
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = self.challenge.clone().map_or(options["challenge"].clone(), Value::String);
        let mut data = Map::new();
        data.insert("type".into(), self.client_data_type.unwrap_or(kind).into());
        data.insert("challenge".into(), challenge);
        data.insert("origin".into(), self.origin.clone().into());
        data.insert("crossOrigin".into(), false.into());
        data.extend(self.client_data.clone());
        (self.bend.client_data)(&mut data);
        let mut bytes = serde_json::to_vec(&data).unwrap();
        (self.bend.client_bytes)(&mut bytes);
        bytes
    }

    fn authenticator_data(&mut self, flags: u8) -> Vec<u8> {
        let mut data = Sha256::digest(&self.rp_id).to_vec();
        data.push(self.flags | flags);
        data.extend(self.counter.to_be_bytes());
        self.counter += u32::from(self.counter > 0);
        data
    }

    /// A COSE key (RFC 9053 §7, RFC 8230 §4).
    fn public_key(&self) -> Vec<u8> {
        let key = match &self.key {
            Key::P256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let (x, y) = (point.x().unwrap().to_vec(), point.y().unwrap().to_vec());
                let (x, y) = (Cbor::Bytes(x), Cbor::Bytes(y));
                cbor!({ 1 => 2, 3 => -7, -1 => 1, -2 => x, -3 => y })
            }
            Key::Ed25519(key) => {
                let x = key.verifying_key().as_bytes().to_vec();
                cbor!({ 1 => 1, 3 => -8, -1 => 6, -2 => Cbor::Bytes(x) })
            }
            Key::Rsa(key) => {
                let key: &RsaPrivateKey = key.as_ref();
                let (n, e) = (key.n().to_bytes_be(), key.e().to_bytes_be());
                cbor!({ 1 => 3, 3 => -257, -1 => Cbor::Bytes(n), -2 => Cbor::Bytes(e) })
            }
        };
        let mut key = key.unwrap().into_map().unwrap();
        (self.bend.key)(&mut key);
        let mut key = bytes(&Cbor::Map(key));
        (self.bend.key_bytes)(&mut key);
        key
    }

    fn algorithm(&self) -> i32 {
        match &self.key {
            Key::P256(_) => -7,
            Key::Ed25519(_) => -8,
            Key::Rsa(_) => -257,
        }
    }

    fn sign(&self, data: &[u8]) -> Vec<u8> {
        let mut signature = match &self.key {
            Key::P256(key) => es256(key, data),
            Key::Ed25519(key) => key.sign(data).to_vec(),
            Key::Rsa(key) => key.sign(data).to_vec(),
        };
        (self.bend.signature)(&mut signature);
        signature
    }

    /// The format of an attestation statement, and the statement (WebAuthn L3 §8).
    fn statement(&self, data: &[u8], client_data: &[u8]) -> (&'static str, Cbor) {
        let signed = over(data, client_data);
        let certificates = Cbor::Array(vec![Cbor::Bytes(ATTESTATION_LEAF.to_vec())]);
        let model = |signed: &[u8]| {
            let mut signature = es256(&SigningKey::from_slice(&ATTESTATION_KEY).unwrap(), signed);
            (self.bend.signature)(&mut signature);
            Cbor::Bytes(signature)
        };
        let (format, statement) = match self.attests {
            Attests::Nothing => return ("none", Cbor::Map(vec![])),
            Attests::Model => {
                ("packed", cbor!({ "alg" => -7, "sig" => model(&signed), "x5c" => certificates }))
            }
            Attests::Itself => {
                let signature = Cbor::Bytes(self.sign(&signed));
                ("packed", cbor!({ "alg" => self.algorithm(), "sig" => signature }))
            }
            Attests::ModelByItself => {
                let signature = Cbor::Bytes(self.sign(&signed));
                ("packed", cbor!({ "alg" => -7, "sig" => signature, "x5c" => certificates }))
            }
            Attests::U2f => {
                let signed = self.u2f(client_data);
                ("fido-u2f", cbor!({ "sig" => model(&signed), "x5c" => certificates }))
            }
        };
        let mut statement = statement.unwrap().into_map().unwrap();
        (self.bend.statement)(&mut statement);
        (format, Cbor::Map(statement))
    }

    /// What a statement of FIDO U2F signs (§8.6).
    fn u2f(&self, client_data: &[u8]) -> Vec<u8> {
        let Key::P256(key) = &self.key else { panic!("U2F knows no other") };
        let point = key.verifying_key().to_sec1_point(false);
        let (rp_id, client_data) = (Sha256::digest(&self.rp_id), Sha256::digest(client_data));
        [&[0], &rp_id[..], &client_data[..], &self.credential_id, point.as_bytes()].concat()
    }
}

fn es256(key: &SigningKey, data: &[u8]) -> Vec<u8> {
    let signature: Signature = key.sign(data);
    signature.to_der().as_bytes().to_vec()
}

/// What an assertion or an attestation signs.
fn over(authenticator_data: &[u8], client_data: &[u8]) -> Vec<u8> {
    [authenticator_data, Sha256::digest(client_data).as_slice()].concat()
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
