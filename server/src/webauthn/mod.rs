//! Verifies registrations (WebAuthn L3 §7.1) and assertions (§7.2).
//!
//! The one place that uses webauthn-rs, and where our own checks around it
//! live. Its functions take the stored state and the response, and return a
//! decision: no clock and no database inside.

pub mod attestation;
pub mod authentication;
mod client_data;
pub mod passkey_managers;
pub mod registration;

use std::time::Duration;

use app::api::{Code, PublicError};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use url::Url;
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{WebauthnError, WebauthnResult},
};
use webauthn_rs_core::WebauthnCore;

pub use attestation::Attestation;
pub use registration::Mode;

use crate::error::internal;

/// How long a challenge may be answered.
pub const CHALLENGE_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// Who asks for credentials: this shop, under its domain.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    /// The relying party ID.
    id: String,
    webauthn: Webauthn,
    /// For registrations, of which [`Webauthn`] knows fewer kinds than this shop.
    core: WebauthnCore,
    attestation: Attestation,
}

impl RelyingParty {
    /// The relying party of a public origin; its ID is the origin's host. Ceremonies of
    /// `related` origins are accepted as well (WebAuthn L3 §5.11).
    ///
    /// # Errors
    /// When the origin has no domain name, as `http://127.0.0.1`.
    pub fn new(origin: &Url, related: &[Url], attestation: Attestation) -> WebauthnResult<Self> {
        const NAME: &str = "Latchkey";
        let id = origin.domain().ok_or(WebauthnError::Configuration)?;
        let builder = WebauthnBuilder::new(id, origin)?.rp_name(NAME).timeout(CHALLENGE_LIFETIME);
        let builder = related.iter().fold(builder, WebauthnBuilder::append_allowed_origin);
        let webauthn = builder.build()?;
        let origins = webauthn.get_allowed_origins().to_vec();
        // "Experts only", because it checks less by itself: see `registration`.
        let core = WebauthnCore::new_unsafe_experts_only(
            NAME,
            id,
            origins,
            CHALLENGE_LIFETIME,
            None,
            None,
        );
        Ok(Self { id: id.to_owned(), webauthn, core, attestation })
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether a passkey can be accepted that the browser created by itself: nobody vouches
    /// for its authenticator.
    #[must_use]
    pub fn takes_conditional(&self) -> bool {
        matches!(self.attestation, Attestation::None)
    }
}

/// The challenge that a response claims to answer, if it claims one.
///
/// # Errors
/// [`Code::Malformed`] when there is none to be found.
pub fn challenge_of(response: &str) -> Result<Vec<u8>, Code> {
    #[derive(serde::Deserialize)]
    struct Credential {
        response: Response,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Response {
        #[serde(rename = "clientDataJSON")]
        client_data_json: String,
    }
    let credential: Credential = serde_json::from_str(response).map_err(malformed)?;
    let bytes = decode(&credential.response.client_data_json)?;
    Ok(client_data::read(&bytes)?.challenge)
}

/// The state of a ceremony with our own challenge in it. webauthn-rs makes challenges itself;
/// ours say what they are for, so that the state can be made again when the answer comes.
fn with_challenge<S: Serialize + DeserializeOwned>(
    state: S,
    challenge: &[u8],
) -> Result<S, PublicError> {
    let mut state = serde_json::to_value(state).map_err(internal)?;
    let holder = if state.get("ast").is_some() { &mut state["ast"] } else { &mut state };
    holder["challenge"] = encode(challenge).into();
    serde_json::from_value(state).map_err(internal)
}

#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// # Errors
/// [`Code::Malformed`]
pub fn decode(text: &str) -> Result<Vec<u8>, Code> {
    BASE64_URL_SAFE_NO_PAD.decode(text).map_err(malformed)
}

fn malformed<E>(_: E) -> Code {
    Code::Malformed
}

/// The public code of what webauthn-rs refused.
fn refusal(error: WebauthnError) -> Code {
    tracing::info!(reason = ?error, "a ceremony was refused");
    match error {
        WebauthnError::InvalidClientDataType => Code::WrongType,
        WebauthnError::MismatchedChallenge => Code::ChallengeUnknown,
        WebauthnError::InvalidRPOrigin => Code::WrongOrigin,
        WebauthnError::CredentialCrossOrigin => Code::CrossOrigin,
        WebauthnError::InvalidRPIDHash => Code::WrongRelyingParty,
        WebauthnError::UserNotPresent => Code::UserNotPresent,
        WebauthnError::UserNotVerified => Code::UserNotVerified,
        WebauthnError::AuthenticationFailure => Code::BadSignature,
        WebauthnError::CredentialPossibleCompromise => Code::CounterWentBack,
        WebauthnError::AttestationNotVerifiable => Code::AttestationMissing,
        WebauthnError::AttestationChainNotTrusted(_) => Code::AttestationUntrusted,
        WebauthnError::AttestationUntrustedAaguid
        | WebauthnError::AttestationFormatMissingAaguid => Code::ModelNotAccepted,
        WebauthnError::AttestationNotSupported
        | WebauthnError::AttestationStatementSigInvalid
        | WebauthnError::AttestationCertificateAAGUIDMismatch
        | WebauthnError::AttestationCertificateRequirementsNotMet => Code::AttestationInvalid,
        WebauthnError::CredentialBackupEligibilityInconsistent
        | WebauthnError::CredentialMayNotBeHardwareBound => Code::BackupFlagsWrong,
        WebauthnError::ParseJSONFailure(_)
        | WebauthnError::ParseCBORFailure(_)
        | WebauthnError::ParseBase64Failure(_)
        | WebauthnError::ParseNOMFailure
        | WebauthnError::ParseInsufficientBytesAvailable => Code::Malformed,
        _ => Code::CeremonyRefused,
    }
}
