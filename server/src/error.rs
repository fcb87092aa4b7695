//! From what went wrong to what is said of it.

use app::api::{Code, PublicError};

use crate::store::StoreError;

/// The public face of a failure that is ours, and the only thing that makes
/// [`Code::Internal`]. The cause goes to the log, where the span around it has the request id.
pub fn internal(cause: impl std::fmt::Display) -> PublicError {
    tracing::error!(%cause, "internal error");
    Code::Internal.into()
}

impl From<StoreError> for PublicError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::UsernameTaken => Code::UsernameTaken.into(),
            StoreError::CredentialTaken => Code::CredentialTaken.into(),
            StoreError::IdentityTaken => Code::IdentityTaken.into(),
            StoreError::ChallengeUsed => Code::ChallengeUnknown.into(),
            StoreError::CounterWentBack => Code::CounterWentBack.into(),
            StoreError::CodeUsed => Code::RecoveryCodeWrong.into(),
            StoreError::SessionEnded => Code::SignInRequired.into(),
            error @ (StoreError::Database(_)
            | StoreError::Migration(_)
            | StoreError::NotCommitted
            | StoreError::Secret(_)
            | StoreError::Session(_)
            | StoreError::Wire(_)) => internal(error),
        }
    }
}
