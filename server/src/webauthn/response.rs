//! What `PublicKeyCredential.toJSON()` makes (WebAuthn L3 §5.1.9), read strictly.
//!
//! Each struct has `others`: members that are free, because nothing reads them. With them serde
//! takes a JSON object only; without, it would take an array as well. A member that is read may
//! be there once.

use std::collections::BTreeMap;

use app::api::Code;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, IgnoredAny},
};

use super::{decode, encode, malformed};

pub(super) type Others = BTreeMap<String, IgnoredAny>;

/// The parts that registrations and assertions share.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Credential<R> {
    id: String,
    raw_id: Bytes,
    #[serde(rename = "type")]
    kind: String,
    pub(super) response: R,
    pub(super) authenticator_attachment: Option<String>,
    /// Its members are free: none is signed, and none is acted on.
    #[serde(default, rename = "clientExtensionResults", deserialize_with = "there")]
    _extensions: Option<Others>,
    #[serde(flatten)]
    _others: Others,
}

/// `AuthenticatorAttestationResponseJSON`. What it repeats of the attestation object beside it is
/// not read.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attestation {
    #[serde(rename = "clientDataJSON")]
    pub(super) client_data: Bytes,
    pub(super) attestation_object: Bytes,
    pub(super) transports: Option<Vec<String>>,
    #[serde(flatten)]
    _others: Others,
}

/// `AuthenticatorAssertionResponseJSON`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Assertion {
    #[serde(rename = "clientDataJSON")]
    pub(super) client_data: Bytes,
    pub(super) authenticator_data: Bytes,
    pub(super) signature: Bytes,
    pub(super) user_handle: Option<Bytes>,
    #[serde(flatten)]
    _others: Others,
}

/// What either kind of response has, for the challenge alone.
#[derive(Debug, Deserialize)]
pub(super) struct Any {
    #[serde(rename = "clientDataJSON")]
    pub(super) client_data: Bytes,
    #[serde(flatten)]
    _others: Others,
}

impl<R: DeserializeOwned> Credential<R> {
    /// # Errors
    /// [`Code::Malformed`]
    pub(super) fn read(json: &str) -> Result<Self, Code> {
        let read: Self = serde_json::from_str(json).map_err(malformed)?;
        // §5.1: the id is the raw one in text, and there is one type.
        let one_id = read.id == encode(&read.raw_id.0);
        if one_id && read.kind == "public-key" { Ok(read) } else { Err(Code::Malformed) }
    }

    /// The credential ID that it claims.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn raw_id(&self) -> &[u8] {
        &self.raw_id.0
    }
}

/// Bytes in base64url without padding, in the one text that they have.
#[derive(Clone, Debug)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        decode(&text).map(Self).map_err(|_| D::Error::custom("not base64url"))
    }
}

/// For a member that may be left out, but is not null.
pub(super) fn there<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
