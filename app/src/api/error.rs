//! The one error that leaves the server.

#[cfg(feature = "ssr")]
use std::time::Duration;

use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};

/// A refusal: a stable code for programs and a sentence for people. Causes stay
/// in the server's log, found by the request id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct PublicError {
    pub code: Code,
    pub message: String,
    /// The credential that `signalUnknownCredential` is to be told of (WebAuthn L3 §5.1.10.2), as
    /// unpadded base64url; with [`Code::UnknownCredential`] only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_id: Option<String>,
    /// After how many seconds to try again; people read it in the sentence, programs in
    /// `Retry-After` (RFC 9110 §10.2.3).
    #[cfg(feature = "ssr")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// What can go wrong. In snake case these names are what programs read, and stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(feature = "ssr"), serde(from = "String"))]
pub enum Code {
    // The request itself
    Malformed,
    TooLarge,
    TooSlow,
    CrossSite,
    NotFound,
    MethodNotAllowed,
    SignInRequired,
    /// A reauthentication, for what changes how the account is signed in to.
    ProofRequired,
    Busy,
    /// Too many wrong ones before.
    TooManyTries,
    /// Made by `server/src/error.rs` only, which logs the cause. A browser also says it of an answer
    /// that it cannot read.
    Internal,
    /// The server was not reached; made by the browser.
    Unreachable,

    // Accounts
    WrongPassword,
    UsernameInvalid,
    UsernameTaken,
    DisplayNameInvalid,
    PasswordTooShort,
    PasswordTooLong,
    PasswordUntypable,
    PasswordCommon,
    PasswordNamed,
    PasswordGuessable,
    RecoveryCodeWrong,
    PasskeyNameInvalid,
    LastWayIn,
    NoPasskey,
    SecondFactorMissing,
    NotAutomatic,

    // Providers (OpenID Connect)
    ProviderUnavailable,
    ProviderDenied,
    ProviderRefused,
    ProviderTimeout,
    IdentityTaken,
    WrongIdentity,

    // Ceremonies (WebAuthn L3 §7.1 and §7.2)
    ChallengeUnknown,
    UnknownCredential,
    CredentialTaken,
    WrongType,
    WrongOrigin,
    CrossOrigin,
    WrongRelyingParty,
    UserNotPresent,
    UserNotVerified,
    WrongUser,
    BadSignature,
    CounterWentBack,
    BackupFlagsWrong,
    AttestationMissing,
    AttestationInvalid,
    AttestationUntrusted,
    ModelNotAccepted,
    CeremonyRefused,

    // Shop
    CartEmpty,
    OutOfStock,
    DeliveryInvalid,
    QuantityInvalid,

    /// In a browser: one that it only says the sentence of.
    #[cfg(not(feature = "ssr"))]
    Other,
}

#[cfg(not(feature = "ssr"))]
impl From<String> for Code {
    fn from(name: String) -> Self {
        Self::acted_upon(&name).unwrap_or(Self::Other)
    }
}

const INTERNAL: &str = "Something went wrong on our side. Please try again.";
const UNREACHABLE: &str =
    "The store could not be reached. Please check your connection and try again.";

/// How long a busy shop asks to be left alone, in seconds.
#[cfg(feature = "ssr")]
const BUSY_FOR: u64 = 5;

impl From<Code> for PublicError {
    fn from(code: Code) -> Self {
        Self {
            code,
            message: code.sentence().to_owned(),
            credential_id: None,
            #[cfg(feature = "ssr")]
            retry_after: (code == Code::Busy).then_some(BUSY_FOR),
        }
    }
}

impl PublicError {
    /// The refusal of an assertion by a credential that no account has (WebAuthn L3 §7.2 step 6).
    /// `credential_id` is unpadded base64url.
    #[must_use]
    pub fn unknown_credential(credential_id: String) -> Self {
        Self { credential_id: Some(credential_id), ..Code::UnknownCredential.into() }
    }

    /// The refusal of a try after too many wrong ones. `wait`: until the next one is taken.
    #[cfg(feature = "ssr")]
    #[must_use]
    pub fn too_many_tries(wait: Duration) -> Self {
        let when = in_words(wait);
        let sentence = "That was tried too often.";
        let rest = format!("Please try again in {when}, or sign in another way.");
        Self::later(format!("{sentence} {rest}"), wait)
    }

    /// The refusal of something that too many at one address have begun.
    #[cfg(feature = "ssr")]
    #[must_use]
    pub fn too_many_newcomers(wait: Duration) -> Self {
        let when = in_words(wait);
        let sentence = "Many have come from your network just now.";
        Self::later(format!("{sentence} Please try again in {when}."), wait)
    }

    #[cfg(feature = "ssr")]
    fn later(message: String, wait: Duration) -> Self {
        Self { message, retry_after: Some(seconds(wait)), ..Code::TooManyTries.into() }
    }
}

/// Whole seconds, after which it is over.
#[cfg(feature = "ssr")]
fn seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(feature = "ssr")]
fn in_words(wait: Duration) -> String {
    match seconds(wait) {
        1 => "a second".to_owned(),
        seconds @ 2..=90 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}

impl Code {
    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::TooLarge => 413,
            Self::TooSlow => 408,
            Self::CrossSite | Self::ProofRequired | Self::NotAutomatic => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::SignInRequired | Self::WrongPassword | Self::RecoveryCodeWrong => 401,
            Self::UsernameTaken
            | Self::CredentialTaken
            | Self::IdentityTaken
            | Self::LastWayIn
            | Self::NoPasskey
            | Self::SecondFactorMissing
            | Self::OutOfStock
            | Self::CartEmpty => 409,
            Self::Busy => 503,
            Self::TooManyTries => 429,
            Self::ProviderUnavailable => 502,
            Self::Internal | Self::Unreachable => 500,
            Self::UnknownCredential => 404,
            Self::UsernameInvalid
            | Self::DisplayNameInvalid
            | Self::PasswordTooShort
            | Self::PasswordTooLong
            | Self::PasswordUntypable
            | Self::PasswordCommon
            | Self::PasswordNamed
            | Self::PasswordGuessable
            | Self::PasskeyNameInvalid
            | Self::DeliveryInvalid
            | Self::QuantityInvalid => 422,
            _ => 400,
        }
    }

    /// The code with this name, if browsers act upon it. They read no others: the names of all
    /// would be a hundredth of the wasm.
    #[cfg(any(not(feature = "ssr"), test))]
    fn acted_upon(name: &str) -> Option<Self> {
        Some(match name {
            "sign_in_required" => Self::SignInRequired,
            "proof_required" => Self::ProofRequired,
            "busy" => Self::Busy,
            "internal" => Self::Internal,
            "wrong_password" => Self::WrongPassword,
            "username_invalid" => Self::UsernameInvalid,
            "username_taken" => Self::UsernameTaken,
            "display_name_invalid" => Self::DisplayNameInvalid,
            "unknown_credential" => Self::UnknownCredential,
            "credential_taken" => Self::CredentialTaken,
            _ => return None,
        })
    }

    /// Whether it speaks of the names of a new account.
    #[must_use]
    pub fn is_about_names(self) -> bool {
        matches!(self, Self::UsernameInvalid | Self::UsernameTaken | Self::DisplayNameInvalid)
    }

    /// What a browser says by itself: the server was not reached, or not understood. The words for
    /// everything else come from the server, and stay out of the wasm.
    #[cfg(not(feature = "ssr"))]
    fn sentence(self) -> &'static str {
        match self {
            Self::Unreachable => UNREACHABLE,
            _ => INTERNAL,
        }
    }

    #[cfg(feature = "ssr")]
    fn sentence(self) -> &'static str {
        match self {
            Self::Malformed => "That request could not be read.",
            Self::TooLarge => "That was more than the store accepts at once.",
            Self::TooSlow => "That request took too long to arrive. Please try again.",
            Self::CrossSite => "That request came from another site, so it was not carried out.",
            Self::NotFound => "There is nothing here.",
            Self::MethodNotAllowed => "That cannot be done with this address.",
            Self::SignInRequired => "Please sign in first.",
            Self::ProofRequired => "Please confirm that it is you first.",
            Self::Busy => "The store is busy. Please try again in a moment.",
            Self::TooManyTries => "That was tried too often. Please try again later.",
            Self::Internal => INTERNAL,
            Self::Unreachable => UNREACHABLE,
            Self::WrongPassword => "That username and password do not go together.",
            Self::UsernameInvalid => {
                "Use 3 to 64 letters, digits or @ . _ - for the username. An e-mail address is fine."
            }
            Self::UsernameTaken => "That username is taken. Please choose another.",
            Self::DisplayNameInvalid => "Please enter a name of at most 64 characters.",
            Self::PasswordTooShort => "Please use at least 12 characters.",
            Self::PasswordTooLong => "Please use at most 256 characters.",
            Self::PasswordUntypable => {
                "Please use characters that can be typed: there is one in it that cannot."
            }
            Self::PasswordCommon => {
                "That password is one of the most common ones. Please choose another."
            }
            Self::PasswordNamed => {
                "That password is hardly more than your name or ours. Please choose another."
            }
            Self::PasswordGuessable => "That password is easily guessed. Please choose another.",
            Self::RecoveryCodeWrong => {
                "That is not a recovery code of this account, or it was used before."
            }
            Self::PasskeyNameInvalid => "Please enter a name of at most 64 characters.",
            Self::LastWayIn => {
                "That is the last way to sign in, or the second factor needs it. Add another one first."
            }
            Self::NotAutomatic => "Please sign in by hand.",
            Self::ProviderUnavailable => {
                "That provider does not answer at the moment. Please try again later, or choose \
                 another way."
            }
            Self::ProviderDenied => {
                "The provider says that this was declined or cancelled. You can try again, or \
                 choose another way."
            }
            Self::ProviderRefused => {
                "What the provider said could not be verified. Please try again, or choose \
                 another way."
            }
            Self::ProviderTimeout => {
                "That sign-in took too long, was answered before, or was begun in another \
                 browser. Please try again."
            }
            Self::IdentityTaken => "That identity is linked to another account of this store.",
            Self::WrongIdentity => {
                "That is somebody else’s identity, or the provider did not ask you to sign in \
                 again. Please try again."
            }
            Self::SecondFactorMissing => "A second factor needs a password and a passkey.",
            Self::NoPasskey => "This account has no passkey to ask for. Add one first.",
            Self::ChallengeUnknown => {
                "That took too long, or was answered before. Please try again."
            }
            Self::UnknownCredential => {
                "This store does not know that passkey. It may belong to an account that was deleted."
            }
            Self::CredentialTaken => "That passkey is already registered.",
            Self::WrongType | Self::WrongUser | Self::BadSignature | Self::CeremonyRefused => {
                "That passkey could not be verified. Please try again."
            }
            Self::WrongOrigin | Self::CrossOrigin | Self::WrongRelyingParty => {
                "That passkey was used on another site, so it was not accepted here."
            }
            Self::UserNotPresent | Self::UserNotVerified => {
                "Your device did not confirm that it is you. Please try again and unlock it when asked."
            }
            Self::CounterWentBack => {
                "That passkey looks like a copy, so it was not accepted. Please sign in another way."
            }
            Self::BackupFlagsWrong => {
                "That passkey has changed in a way that it should not. Please sign in another way."
            }
            Self::AttestationMissing => {
                "This store accepts verified models only, and this passkey does not say what model \
                 it is kept by. It was not added."
            }
            Self::AttestationInvalid => {
                "This store accepts verified models only, and what this passkey says about its \
                 model is not valid. It was not added."
            }
            Self::AttestationUntrusted => {
                "This store accepts verified models only, and does not know the maker of this \
                 passkey’s model. It was not added."
            }
            Self::ModelNotAccepted => {
                "This store does not accept passkeys of this model. It was not added."
            }
            Self::CartEmpty => "Your cart is empty.",
            Self::OutOfStock => "Not everything can be ordered. See the lines marked below.",
            Self::DeliveryInvalid => "Please enter a name and an address.",
            Self::QuantityInvalid => "Please choose a quantity from 0 to 99.",
        }
    }
}

impl FromServerFnError for PublicError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Deserialization(_)
            | ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::UnsupportedRequestMethod(_) => Code::Malformed.into(),
            // Where it was Leptos that failed on the server, its cause goes to the log from there.
            #[cfg(feature = "ssr")]
            error => Self { message: error.to_string(), ..Code::Unreachable.into() },
            #[cfg(not(feature = "ssr"))]
            _ => Code::Unreachable.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn browsers_know_the_codes_that_they_act_upon() {
        for code in [
            Code::SignInRequired,
            Code::ProofRequired,
            Code::Busy,
            Code::Internal,
            Code::WrongPassword,
            Code::UsernameInvalid,
            Code::UsernameTaken,
            Code::DisplayNameInvalid,
            Code::UnknownCredential,
            Code::CredentialTaken,
        ] {
            let name = serde_json::to_value(code).unwrap();
            assert_eq!(Code::acted_upon(name.as_str().unwrap()), Some(code));
        }
    }
}
