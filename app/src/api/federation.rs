//! Signing in and up with a provider (OpenID Connect).

use serde::{Deserialize, Serialize};

/// What pages ask the server about providers, for one request.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait FederationService: Send + Sync {
    /// Somebody new whom a provider has vouched for;
    /// [`Code::SignInRequired`](super::Code::SignInRequired) where there is nobody.
    async fn pending_sign_up(&self) -> super::Result<SignUpSuggestion>;
}

/// A provider of identities (OpenID Connect), as its buttons show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityProvider {
    /// The parameter of its addresses, such as [`Path::FederationStart`](super::Path).
    pub id: String,
    pub name: String,
    /// A picture of it, as a `data:` URI.
    pub icon: Option<String>,
    /// The origin by which browsers remember sign-ins with it (Credential Management L1 §4).
    pub origin: Option<String>,
    /// How browsers are asked for its token, where it takes part in FedCM.
    pub fedcm: Option<FedCm>,
}

/// How to ask the browser for an account with a provider (FedCM, Federated Credential Management
/// API §2.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FedCm {
    /// The address of the provider's configuration file.
    pub config_url: String,
    /// What the provider calls this shop.
    pub client_id: String,
}

/// Somebody whom a provider vouches for, and who has no account yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignUpSuggestion {
    /// The provider's name.
    pub provider: String,
    /// What the provider calls the person; may be empty.
    pub label: String,
    /// A username to begin with, if what the provider says would do and is free; else empty.
    pub username: String,
    pub display_name: String,
}
