//! The client data (WebAuthn L3 §5.8.1): what the browser says it was asked.

use app::api::Code;
use serde::{Deserialize, de::IgnoredAny};

use super::{
    RelyingParty, malformed,
    response::{Bytes, Others, there},
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: Bytes,
    origin: String,
    #[serde(default, deserialize_with = "there")]
    cross_origin: Option<bool>,
    #[serde(default, deserialize_with = "there")]
    top_origin: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "there")]
    token_binding: Option<TokenBinding>,
    /// Browsers may add members, and some do so to see them ignored (§5.8.1).
    #[serde(flatten)]
    _others: Others,
}

/// Given up in Level 3, and checked as in Level 2 where a browser still sends it.
#[derive(Debug, Deserialize)]
struct TokenBinding {
    status: String,
    #[serde(flatten)]
    _others: Others,
}

/// # Errors
/// [`Code::Malformed`] unless `json` is client data with a challenge.
pub(super) fn read(json: &[u8]) -> Result<ClientData, Code> {
    // "UTF-8 decode" drops a byte order mark (§7.1 step 5, §7.2 step 8).
    let json = json.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(json);
    // serde_json does not look at the text of members that it ignores.
    let json = std::str::from_utf8(json).map_err(malformed)?;
    let read: ClientData = serde_json::from_str(json).map_err(malformed)?;
    // This server has no token binding, so none can be "present" on a connection to it.
    let status = read.token_binding.as_ref().map(|binding| binding.status.as_str());
    match status {
        None | Some("supported" | "not-supported") => Ok(read),
        _ => Err(Code::Malformed),
    }
}

impl ClientData {
    pub(super) fn challenge(self) -> Vec<u8> {
        self.challenge.0
    }

    /// §7.1 steps 7 to 11, §7.2 steps 10 to 14.
    ///
    /// # Errors
    /// What it says that is not so.
    pub(super) fn verify(
        &self,
        rp: &RelyingParty,
        kind: &str,
        challenge: &[u8],
    ) -> Result<(), Code> {
        if self.kind != kind {
            return Err(Code::WrongType);
        }
        if self.challenge.0 != challenge {
            return Err(Code::ChallengeUnknown);
        }
        // Of a URL that is equal there are many texts; of an origin there is one (HTML
        // §7.1.1, "serialization of an origin").
        if !rp.origins.contains(&self.origin) {
            return Err(Code::WrongOrigin);
        }
        // This shop is never framed, so a ceremony inside another site's page is
        // none of ours.
        if self.cross_origin == Some(true) || self.top_origin.is_some() {
            return Err(Code::CrossOrigin);
        }
        Ok(())
    }
}
