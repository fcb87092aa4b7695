//! The people who sign in, with the keys of their passkeys. All of it follows from a number, so
//! nothing of theirs is kept, and both servers get the same.

use std::thread;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey, signature::Signer};
use sha2::{Digest, Sha256};
use tower_sessions::session::Id;
use uuid::Uuid;

/// So many have a passkey of their own, spread over all accounts; the others' public key is that
/// of the nearest of these. To make a million keys takes a minute, and to the database a row is a
/// row.
const MOST_KEYS: usize = 20_000;

/// User present and verified; the passkey is synced, as most are (WebAuthn L3 §6.1). Such a one
/// does not count its signatures.
const FLAGS: u8 = 0x01 | 0x04 | 0x08 | 0x10;

/// Who has an account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Also the user handle.
    pub id: Uuid,
    pub username: String,
    /// Unpadded base64url.
    pub credential_id: String,
    /// What Latchkey and the peer call the session that is signed in to the account already.
    pub session: Id,
}

/// An account that can be signed in to.
pub struct Person {
    pub account: Account,
    handle: String,
    key: SigningKey,
}

/// What an assertion says; what is right may be bent.
#[derive(Clone, Debug)]
pub struct Says<'a> {
    pub challenge: &'a str,
    pub origin: &'a str,
    pub rp_id: &'a str,
}

fn hash(what: &str, number: usize) -> [u8; 32] {
    Sha256::new().chain_update(what).chain_update(number.to_be_bytes()).finalize().into()
}

fn half(hash: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&hash[..16]);
    half
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

impl Account {
    pub fn new(number: usize) -> Self {
        Self {
            id: uuid::Builder::from_random_bytes(half(hash("account", number))).into_uuid(),
            username: format!("visitor{number}"),
            credential_id: encode(hash("credential", number)),
            session: Id(i128::from_le_bytes(half(hash("session", number)))),
        }
    }
}

fn key(number: usize) -> SigningKey {
    // A hash that is no scalar of the curve is one in 2³².
    SigningKey::from_slice(&hash("key", number)).expect("a scalar")
}

/// How far it is from one account with a key of its own to the next.
pub fn stride(accounts: usize) -> usize {
    accounts.div_ceil(MOST_KEYS).max(1)
}

/// Everybody who can sign in where there are so many accounts.
pub fn everybody(accounts: usize) -> Vec<Person> {
    let numbers: Vec<_> = (0..accounts).step_by(stride(accounts)).collect();
    let share = numbers.len().div_ceil(thread::available_parallelism().map_or(1, usize::from));
    thread::scope(|scope| {
        let shares: Vec<_> = numbers
            .chunks(share.max(1))
            .map(|share| scope.spawn(|| share.iter().copied().map(Person::new).collect::<Vec<_>>()))
            .collect();
        shares.into_iter().flat_map(|share| share.join().expect("keys are made")).collect()
    })
}

impl Person {
    pub fn new(number: usize) -> Self {
        let account = Account::new(number);
        Self { handle: encode(account.id), account, key: key(number) }
    }

    /// Somebody who has the key of another passkey only.
    pub fn with_key_of(account: &Account, other: &Self) -> Self {
        let handle = encode(account.id);
        Self { account: account.clone(), handle, key: other.key.clone() }
    }

    pub fn public_key(&self) -> &VerifyingKey {
        self.key.verifying_key()
    }

    /// The passkey's answer, as `PublicKeyCredential.toJSON()` gives it.
    pub fn answer(&self, says: &Says<'_>) -> String {
        let Says { challenge, origin, rp_id } = says;
        let client_data = format!(
            r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#
        );
        let mut data = Sha256::digest(rp_id).to_vec();
        data.push(FLAGS);
        data.extend([0; 4]);
        let signed = [&data[..], &Sha256::digest(&client_data)].concat();
        let signature: Signature = self.key.sign(&signed);
        let id = &self.account.credential_id;
        format!(
            r#"{{"id":"{id}","rawId":"{id}","type":"public-key","authenticatorAttachment":"platform","#
        ) + &format!(
            r#""clientExtensionResults":{{}},"response":{{"clientDataJSON":"{}","authenticatorData":"{}","signature":"{}","userHandle":"{}"}}}}"#,
            encode(client_data),
            encode(data),
            encode(signature.to_der()),
            self.handle,
        )
    }
}

/// The two coordinates of a point.
pub fn coordinates(key: &VerifyingKey) -> [Vec<u8>; 2] {
    let point = key.to_sec1_point(false);
    let bytes = point.as_bytes();
    [bytes[1..33].to_vec(), bytes[33..65].to_vec()]
}

/// A COSE key of ES256 (RFC 9053 §7.1), as registrations bring it.
pub fn cose(key: &VerifyingKey) -> Vec<u8> {
    let [x, y] = coordinates(key);
    // {1: 2, 3: -7, -1: 1, -2: x, -3: y}, each coordinate a string of 32 bytes
    [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32][..], &x, &[0x22, 0x58, 32], &y].concat()
}
