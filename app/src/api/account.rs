//! What the account page and its neighbours show. Words that depend on what was
//! stored (how somebody signed in, what happened) are made by the server.

use serde::{Deserialize, Serialize};

use super::{AccountName, IdentityProvider, Instant, OrderSummary};

/// What `/account` shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub name: AccountName,
    /// Oldest first.
    pub passkeys: Vec<PasskeyCard>,
    pub has_password: bool,
    /// Oldest first.
    pub identities: Vec<IdentityCard>,
    /// Providers that the account has no identity with.
    pub other_providers: Vec<IdentityProvider>,
    /// Whether a password alone, or a provider alone, does not sign in.
    pub second_factor: bool,
    /// Whether the browser may sign in by itself; nothing where it could not.
    pub automatic: Option<bool>,
    /// Recovery codes that are left.
    pub recovery_codes: i64,
    /// This one first, then newest first.
    pub sessions: Vec<SessionCard>,
    /// Newest first.
    pub events: Vec<SecurityEvent>,
    /// Newest first.
    pub orders: Vec<OrderSummary>,
}

impl Account {
    #[must_use]
    pub fn passkey(&self, id: &str) -> Option<&PasskeyCard> {
        self.passkeys.iter().find(|passkey| passkey.id == id)
    }

    /// Why a passkey cannot be deleted, if it cannot.
    #[must_use]
    pub fn must_keep(&self) -> Option<&'static str> {
        match self {
            Self { passkeys, .. } if passkeys.len() > 1 => None,
            Self { second_factor: true, .. } => Some(
                "It is asked for as the second factor. Add another passkey, or switch the second \
                 factor off first.",
            ),
            Self { has_password: true, .. } => None,
            Self { identities, .. } if identities.iter().any(|identity| identity.works) => None,
            _ => Some(
                "It is the only way to sign in to this account. Add another passkey or set a \
                 password first.",
            ),
        }
    }

    /// Whether this identity is the only way to sign in.
    #[must_use]
    pub fn needs_identity(&self, id: &str) -> bool {
        let this = |identity: &&IdentityCard| identity.works && identity.id == id;
        let another = self.identities.iter().any(|other| other.works && other.id != id);
        let alone = self.passkeys.is_empty() && !self.has_password && !another;
        alone && self.identities.iter().any(|identity| this(&identity))
    }
}

/// Who the account's owner is with a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityCard {
    pub id: String,
    /// The provider's name.
    pub provider: String,
    /// A `data:` URI.
    pub icon: Option<String>,
    /// What the provider calls its owner.
    pub label: String,
    pub linked: Instant,
    /// Whether the store still works with the provider.
    pub works: bool,
    /// Whether browsers may remember it.
    pub remembered: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyCard {
    /// Credential id, unpadded base64url.
    pub id: String,
    /// Its owner's name for it, once there is one.
    pub own_name: Option<String>,
    pub provider: Provider,
    pub created: Instant,
    /// None: nobody has signed in with it yet.
    pub last_used: Option<Instant>,
    /// "Chrome on Linux"
    pub last_used_with: String,
    /// Backup state (BS): whether its provider keeps a copy elsewhere.
    pub synced: bool,
    /// Whether it was the last passkey that signed this session in, or proved who sits there.
    pub this_device: bool,
    /// Whether the model of its authenticator was attested.
    pub verified_model: bool,
}

impl PasskeyCard {
    /// What to call it.
    #[must_use]
    pub fn title(&self) -> &str {
        self.own_name.as_deref().unwrap_or(&self.provider.name)
    }
}

/// Who keeps a passkey, going by its AAGUID: unattested, for display only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    pub name: String,
    /// `data:` URIs of an icon for a light and for a dark ground.
    pub icons: Option<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionCard {
    pub id: String,
    /// "Chrome on Linux"
    pub browser: String,
    pub signed_in: Instant,
    /// "With the passkey “Windows Hello”"
    pub how: String,
    pub this_one: bool,
}

/// Something that matters for the security of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityEvent {
    pub id: String,
    pub at: Instant,
    /// "Signed in with a password"
    pub what: String,
    /// "Chrome on Linux"
    pub browser: String,
    /// A sign-in that was refused.
    pub failed: bool,
}

/// How the person can prove to be the owner of the account once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proofs {
    pub passkey: bool,
    pub password: bool,
    pub providers: Vec<IdentityProvider>,
}

/// What the page's script tells or asks the browser, beside what people press.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upkeep {
    pub signals: Option<Signals>,
    /// The browser may remember who signed in, and with which provider.
    pub federated: Option<Federated>,
    /// The browser may sign in by itself, with a saved password or with one of the providers
    /// at these origins.
    pub automatic: Option<Vec<String>>,
    /// The browser may not do so until the person has signed in by hand.
    pub by_hand: bool,
}

/// A sign-in with a provider, for `FederatedCredential`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Federated {
    /// What the provider calls the person: comes back as `login_hint`.
    pub id: String,
    pub name: String,
    /// The provider's.
    pub origin: String,
}

/// What password managers are to be told about an account's passkeys (WebAuthn L3
/// §5.1.10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signals {
    pub rp_id: String,
    /// Unpadded base64url, as all ids here.
    pub user_id: String,
    pub accepted: Vec<String>,
    /// Of the account, while there is one.
    pub name: Option<AccountName>,
    /// Of what is told: comes back with the acknowledgement.
    pub version: i64,
}

/// How to offer a passkey to somebody who has just signed in without one of this
/// device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// After a password: the browser may create one by itself (conditional create);
    /// if not, as [`Offer::Passkey`].
    Automatic,
    /// The same without the question, which was answered before.
    AutomaticOnly,
    /// "Create a passkey"
    Passkey,
    /// After a passkey of another device: "Create a passkey on this device".
    ThisDevice,
}

/// A passkey that was added to an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// Who keeps it, if that is known.
    pub provider: Option<String>,
    pub signals: Option<Signals>,
}
