//! The account: what its page and the pages around it show, and what they ask the server.
//!
//! Words that depend on what was stored (how somebody signed in, what happened) are made by
//! the server.

use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::{AccountName, IdentityProvider, Options, OrderSummary, PublicError, Timestamp};

/// What pages and scripts ask the server about the account that is signed in.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait AccountService: Send + Sync {
    /// [`Code::SignInRequired`](super::Code::SignInRequired) when signed out.
    async fn account(&self) -> super::Result<Account>;
    /// The account, for pages that change how it is signed in to:
    /// [`Code::ProofRequired`](super::Code::ProofRequired) unless its owner has proved within
    /// five minutes to be there.
    async fn account_to_change(&self) -> super::Result<Account>;
    /// [`Code::NotFound`](super::Code::NotFound) for anybody else's event.
    async fn security_event(&self, id: &str) -> super::Result<SecurityEvent>;

    /// A challenge for one more passkey (WebAuthn L3 §7.1 step 1). `conditional`: without the
    /// person's doing, right after a password. `platform`: by this device's own authenticator.
    async fn start_addition(&self, conditional: bool, platform: bool) -> super::Result<Options>;
    /// Verifies the registration and adds the passkey to the account. `announce`:
    /// whether the next page is to say so.
    async fn finish_addition(&self, credential: &str, announce: bool) -> super::Result<Added>;
    /// Whether anybody has a passkey with this id.
    async fn knows_passkey(&self, credential_id: &str) -> super::Result<bool>;
    /// "Not now": no offers of a passkey for 30 days.
    async fn dismiss_offer(&self) -> super::Result<()>;
    /// The browser has been told this version of the account's passkeys.
    async fn signalled(&self, user_id: &str, version: i64) -> super::Result<()>;
}

/// For one more passkey of the account. `conditional`: created by the browser
/// itself, after a password. `platform`: by this device's own authenticator.
#[server(endpoint = "passkey/addition/start", input = Json)]
pub async fn start_addition(conditional: bool, platform: bool) -> Result<Options, PublicError> {
    super::account().start_addition(conditional, platform).await
}

/// `credential`: the new credential, as `PublicKeyCredential.toJSON()` gives it.
#[server(endpoint = "passkey/addition/finish", input = Json)]
pub async fn finish_addition(credential: String, announce: bool) -> Result<Added, PublicError> {
    super::account().finish_addition(&credential, announce).await
}

/// Whether the shop has this passkey, when the answer to its creation got lost.
#[server(endpoint = "passkey/known", input = Json)]
pub async fn knows_passkey(credential_id: String) -> Result<bool, PublicError> {
    super::account().knows_passkey(&credential_id).await
}

/// "Not now" to the offer of a passkey. The form in its card posts without this.
#[server(endpoint = "passkey/offer/dismiss", input = Json)]
pub async fn dismiss_offer() -> Result<(), PublicError> {
    super::account().dismiss_offer().await
}

/// After the signals of [`Signals`] were given.
#[server(endpoint = "passkey/signalled", input = Json)]
pub async fn signalled(user_id: String, version: i64) -> Result<(), PublicError> {
    super::account().signalled(&user_id, version).await
}

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
    pub linked: Timestamp,
    /// Whether the shop still works with the provider.
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
    pub manager: PasskeyManager,
    pub created: Timestamp,
    /// None: nobody has signed in with it yet.
    pub last_used: Option<Timestamp>,
    /// "Chrome on Linux"
    pub last_used_with: String,
    /// Backup state (BS, WebAuthn L3 §6.1.3): whether its manager keeps a copy elsewhere.
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
        self.own_name.as_deref().unwrap_or(&self.manager.name)
    }
}

/// Who keeps a passkey, going by its AAGUID (WebAuthn L3 §6.5.1): unattested, for display only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyManager {
    pub name: String,
    /// `data:` URIs of an icon for a light and for a dark ground.
    pub icons: Option<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionCard {
    pub id: String,
    /// "Chrome on Linux"
    pub browser: String,
    pub signed_in: Timestamp,
    /// "With the passkey “Windows Hello”"
    pub how: String,
    pub this_one: bool,
}

/// Something that matters for the security of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityEvent {
    pub id: String,
    pub at: Timestamp,
    /// "Signed in with a password"
    pub what: String,
    /// "Chrome on Linux"
    pub browser: String,
    /// A sign-in that was refused.
    pub failed: bool,
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
    /// The name of its passkey manager, if that is known.
    pub manager: Option<String>,
    pub signals: Option<Signals>,
}
