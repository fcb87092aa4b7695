//! The client data (WebAuthn L3 §5.8.1): what the browser says it was asked.

use app::api::Code;
use serde::Deserialize;

use super::{decode, malformed};

pub(super) struct ClientData {
    pub(super) challenge: Vec<u8>,
    cross_origin: bool,
    top_origin: bool,
}

/// # Errors
/// [`Code::Malformed`] unless `json` is client data with a challenge.
pub(super) fn read(json: &[u8]) -> Result<ClientData, Code> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Fields {
        challenge: String,
        cross_origin: Option<bool>,
        top_origin: Option<serde::de::IgnoredAny>,
    }
    let fields: Fields = serde_json::from_slice(json).map_err(malformed)?;
    Ok(ClientData {
        challenge: decode(&fields.challenge)?,
        cross_origin: fields.cross_origin == Some(true),
        top_origin: fields.top_origin.is_some(),
    })
}

impl ClientData {
    /// This shop is never framed, so a ceremony inside another site's page is
    /// none of ours (§7.1 steps 10 and 11, §7.2 steps 13 and 14).
    /// webauthn-rs looks at `crossOrigin` for registrations only.
    pub(super) fn refuse_cross_origin(&self) -> Result<(), Code> {
        if self.cross_origin || self.top_origin {
            return Err(Code::CrossOrigin);
        }
        Ok(())
    }
}
