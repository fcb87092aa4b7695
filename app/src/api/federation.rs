//! Signing in and up with a provider (OpenID Connect).

use serde::{Deserialize, Serialize};

/// What pages ask the server about providers, for one request.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait FederationService: Send + Sync {
    /// [`Code::SignInRequired`](super::Code::SignInRequired) unless a provider has vouched for
    /// somebody new.
    async fn pending_sign_up(&self) -> super::Result<PendingSignUp>;
}

/// A provider of identities (OpenID Connect), as its buttons show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityProvider {
    /// Its part of addresses.
    pub id: String,
    pub name: String,
    /// A `data:` URI.
    pub icon: Option<String>,
    /// What the browser's memory of federated sign-ins goes by.
    pub origin: Option<String>,
    pub fedcm: Option<FedCm>,
}

/// How to ask the browser for an account with a provider (Federated Credential Management).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FedCm {
    pub config_url: String,
    pub client_id: String,
}

/// Somebody whom a provider vouches for, and who has no account yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingSignUp {
    /// The provider's name.
    pub provider: String,
    /// What it calls the person.
    pub label: String,
    /// Suggested, if it would do and is free.
    pub username: String,
    pub display_name: String,
}
