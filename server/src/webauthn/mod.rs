//! Verifies registrations (WebAuthn L3 §7.1) and assertions (§7.2).
//!
//! Its functions take what is stored and the response, and return a decision: no clock and no
//! database inside. webauthn-rs makes the options, keeps the passkeys, and verifies what needs
//! cryptography of ECDSA, RSA or certificates; the steps of the specification are here, because
//! the library is lenient where it compares bytes.
//!
//! Of every byte that a browser sends, this is checked, and the rest is free:
//!
//! | sent | checked | free, and why |
//! |---|---|---|
//! | the credential's JSON ([`response`]) | an object; `id`, `rawId`, `type`, `response` and its members once each; bytes as unpadded base64url in the one text they have; `id` is `rawId` | other members: unread. `authenticatorAttachment`, `transports`, `clientExtensionResults`: hints that nobody signs, kept or ignored |
//! | client data ([`client_data`]) | UTF-8, one JSON object; `type`, `challenge`, `origin` byte by byte; `crossOrigin` is not true, no `topOrigin`, no token binding "present" | white space and escapes, other members: signed as they are, and unread. A byte order mark, as the specification has it |
//! | attestation object ([`registration`]) | exactly `fmt`, `attStmt`, `authData` in their one encoding ([`cbor`]) | the order of members |
//! | authenticator data ([`authenticator_data`]) | its length to the last byte; hash of the RP ID; UP, UV, BE, BS, AT; a map where ED is set | two reserved flags; outputs of extensions: none is acted on. Unsigned without an attestation: AAGUID, for display only |
//! | signature counter | grows, or stays zero | any value at registration |
//! | credential ID | 16 to 1,023 bytes, the same in all places, nobody's yet or the one stored | its bytes are the authenticator's |
//! | public key ([`public_key`]) | the parameters of its algorithm and no others, one encoding, a point of the curve | the order of parameters |
//! | statement ([`statement`]) | `none`: empty. Others: the members of the format, the signature, and where models are verified the chain | without trusted makers: what certificates say beside the key that signed, since nothing of it is believed |
//! | signature | all of it, by the stored key in its algorithm | of ECDSA, which of two equivalent values of `s` |
//! | user handle | the account's, or left out where the account is known | |

pub mod attestation;
pub mod authentication;
mod authenticator_data;
mod cbor;
mod client_data;
pub mod passkey_managers;
mod public_key;
pub mod registration;
mod response;
mod statement;

use std::time::Duration;

use app::api::{Code, PublicError};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use url::Url;
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{WebauthnError, WebauthnResult},
};
use webauthn_rs_core::{WebauthnCore, proto::RegistrationState};

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
    id_hash: [u8; 32],
    /// Those whose ceremonies are accepted, serialized as browsers do.
    origins: Vec<String>,
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
        let allowed = webauthn.get_allowed_origins().to_vec();
        let origins = allowed.iter().map(|url| url.origin().ascii_serialization()).collect();
        // "Experts only", because it checks less by itself: see `registration`.
        let core = WebauthnCore::new_unsafe_experts_only(
            NAME,
            id,
            allowed,
            CHALLENGE_LIFETIME,
            None,
            None,
        );
        let id_hash = Sha256::digest(id).into();
        Ok(Self { id: id.to_owned(), id_hash, origins, webauthn, core, attestation })
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
    #[derive(Deserialize)]
    struct Credential {
        response: response::Any,
    }
    let credential: Credential = serde_json::from_str(response).map_err(malformed)?;
    Ok(client_data::read(&credential.response.client_data.0)?.challenge())
}

/// The state of a ceremony with our own challenge in it. webauthn-rs makes challenges itself;
/// ours say what they are for, so that the state can be made again when the answer comes.
fn with_challenge(
    state: RegistrationState,
    challenge: &[u8],
) -> Result<RegistrationState, PublicError> {
    let mut state = serde_json::to_value(state).map_err(internal)?;
    state["challenge"] = encode(challenge).into();
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
