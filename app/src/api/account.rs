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
    /// The account that is signed in, with everything that its page shows;
    /// [`Code::SignInRequired`](super::Code::SignInRequired) when signed out.
    async fn account(&self) -> super::Result<Account>;
    /// The account that is signed in, for pages that change how it is signed in to;
    /// [`Code::SignInRequired`](super::Code::SignInRequired) when signed out,
    /// [`Code::ProofRequired`](super::Code::ProofRequired) when its owner has not reauthenticated
    /// within the last five minutes.
    async fn account_to_change(&self) -> super::Result<Account>;
    /// What opens the account that is signed in, beside its password, for its owner to look
    /// through; refused as [`account_to_change`](Self::account_to_change) is.
    async fn review(&self) -> super::Result<Review>;
    /// One security event of the account;
    /// [`Code::SignInRequired`](super::Code::SignInRequired) when signed out,
    /// [`Code::NotFound`](super::Code::NotFound) for anybody else's event.
    async fn security_event(&self, id: &str) -> super::Result<SecurityEvent>;

    /// Options with a challenge for one more passkey (WebAuthn L3 §7.1 step 1). `conditional`:
    /// the browser creates it without the person's doing, right after a password (§5.1.3).
    /// `platform`: by the platform authenticator, which is this device's own. `None` where the
    /// browser has no such creation left, as when another page was faster.
    /// [`Code::ProofRequired`](super::Code::ProofRequired) when the owner has not reauthenticated.
    async fn start_addition(
        &self,
        conditional: bool,
        platform: bool,
    ) -> super::Result<Option<Options>>;
    /// Verifies a registration (WebAuthn L3 §7.1) and adds the passkey to the account. `announce`
    /// says whether the next page is to tell of it.
    /// [`Code::CredentialTaken`](super::Code::CredentialTaken) when anybody has it already; else
    /// the code of the step of §7.1 that failed.
    async fn finish_addition(&self, credential: &str, announce: bool) -> super::Result<Added>;
    /// Whether anybody has a passkey with this id, which is unpadded base64url.
    async fn knows_passkey(&self, credential_id: &str) -> super::Result<bool>;
    /// "Not now": the account is offered no passkey for 30 days.
    async fn dismiss_offer(&self) -> super::Result<()>;
    /// Notes that the browser has been told this version of the account's passkeys. `user_id` is
    /// that of the signals: by now somebody else may be signed in.
    async fn signalled(&self, user_id: &str, version: i64) -> super::Result<()>;
}

/// Asks for options for one more passkey of the account (WebAuthn L3 §7.1 step 1).
/// `conditional`: the browser creates it by itself, after a password. `platform`: by the platform
/// authenticator, which is this device's own. `None` where the browser has no such creation left.
#[server(endpoint = "passkey/addition/start", input = Json)]
pub async fn start_addition(
    conditional: bool,
    platform: bool,
) -> Result<Option<Options>, PublicError> {
    super::account().start_addition(conditional, platform).await
}

/// Adds a passkey to the account (WebAuthn L3 §7.1). `credential` is what
/// `PublicKeyCredential.toJSON()` gives, as text; `announce` says whether the next page is to tell
/// of it.
#[server(endpoint = "passkey/addition/finish", input = Json)]
pub async fn finish_addition(credential: String, announce: bool) -> Result<Added, PublicError> {
    super::account().finish_addition(&credential, announce).await
}

/// Asks whether the shop has a passkey, when the answer to its creation got lost. `credential_id`
/// is unpadded base64url.
#[server(endpoint = "passkey/known", input = Json)]
pub async fn knows_passkey(credential_id: String) -> Result<bool, PublicError> {
    super::account().knows_passkey(&credential_id).await
}

/// Says "Not now" to the offer of a passkey. Without the page's script, the form in its card does.
#[server(endpoint = "passkey/offer/dismiss", input = Json)]
pub async fn dismiss_offer() -> Result<(), PublicError> {
    super::account().dismiss_offer().await
}

/// Says that the passkey manager has been told of [`Signals`], so that no page tells it again.
#[server(endpoint = "passkey/signalled", input = Json)]
pub async fn signalled(user_id: String, version: i64) -> Result<(), PublicError> {
    super::account().signalled(&user_id, version).await
}

/// An account, with everything that its page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub name: AccountName,
    /// The account's passkeys, oldest first.
    pub passkeys: Vec<PasskeyCard>,
    pub has_password: bool,
    /// Who the owner is with the providers, oldest first.
    pub identities: Vec<IdentityCard>,
    /// The providers that the account has no identity with.
    pub other_providers: Vec<IdentityProvider>,
    /// Whether a second factor is asked for: neither a password nor a provider signs in alone.
    pub second_factor: bool,
    /// Whether the browser may sign in by itself; nothing where it could not anyway.
    pub automatic: Option<bool>,
    /// How many recovery codes are left, of ten.
    pub recovery_codes: i64,
    /// The account's sessions: this one first, then newest first.
    pub sessions: Vec<SessionCard>,
    /// What has happened around signing in, newest first.
    pub events: Vec<SecurityEvent>,
    /// The account's orders, newest first.
    pub orders: Vec<OrderSummary>,
}

impl Account {
    /// The passkey with this credential id, if it is one of the account's.
    #[must_use]
    pub fn passkey(&self, id: &str) -> Option<&PasskeyCard> {
        self.passkeys.iter().find(|passkey| passkey.id == id)
    }

    /// Why none of the account's passkeys can be deleted, in words for its owner; nothing where
    /// one can.
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

    /// Whether the identity with this id is the only way to sign in to the account.
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
    /// A picture of the provider, as a `data:` URI.
    pub icon: Option<String>,
    /// What the provider calls the owner; may be empty.
    pub label: String,
    /// When it was linked to the account.
    pub linked: Timestamp,
    /// Whether the shop still works with the provider.
    pub works: bool,
    /// Whether browsers may remember it, and so sign in with it by themselves.
    pub remembered: bool,
}

/// A passkey, as its owner tells it from others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyCard {
    /// The credential id, as unpadded base64url.
    pub id: String,
    /// The owner's name for it, once there is one.
    pub own_name: Option<String>,
    /// Who keeps it.
    pub manager: PasskeyManager,
    pub created: Timestamp,
    /// When somebody last signed in with it; nothing where nobody has yet.
    pub last_used: Option<Timestamp>,
    /// The browser that it was last used with: "Chrome on Linux". Empty where that is not known.
    pub last_used_with: String,
    /// Whether its manager keeps a copy elsewhere: the backup state (BS, WebAuthn L3 §6.1.3).
    pub synced: bool,
    /// Whether it was the last passkey that signed this session in or reauthenticated in it.
    pub this_device: bool,
    /// Whether the model of its authenticator was attested (WebAuthn L3 §6.5).
    pub verified_model: bool,
}

impl PasskeyCard {
    /// What to call it: its owner's name for it, else who keeps it.
    #[must_use]
    pub fn title(&self) -> &str {
        self.own_name.as_deref().unwrap_or(&self.manager.name)
    }
}

/// Who keeps a passkey, going by its AAGUID (WebAuthn L3 §6.5.1): unattested, for display only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyManager {
    pub name: String,
    /// Its icon for a light and for a dark ground, as `data:` URIs.
    pub icons: Option<(String, String)>,
}

/// A browser that is signed in to the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionCard {
    pub id: String,
    /// The browser in words: "Chrome on Linux".
    pub browser: String,
    pub signed_in: Timestamp,
    /// How it was signed in: "With the passkey “Windows Hello”".
    pub how: String,
    /// Whether it is the session that is asking.
    pub this_one: bool,
}

/// What opens an account beside its password, for its owner to look through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Oldest first.
    pub passkeys: Vec<WayIn>,
    /// Oldest first.
    pub providers: Vec<WayIn>,
    /// Newest first, without the one that is asking.
    pub sessions: Vec<WayIn>,
    pub recovery_codes: Option<WayIn>,
}

/// One thing that opens an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayIn {
    /// What a form names it by: the kind and the id, with a colon between them.
    pub key: String,
    /// What its owner calls it: "Windows Hello", "10 recovery codes".
    pub name: String,
    /// When it came to the account.
    pub since: Timestamp,
    /// The browser that it came from: "Chrome on Linux". Empty where that is not known.
    pub browser: String,
    /// Whether it came while the owner of this session was away, so that it may be somebody
    /// else's.
    pub is_suspect: bool,
}

impl Review {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// All of it, kind by kind.
    pub fn all(&self) -> impl Iterator<Item = &WayIn> {
        let Self { passkeys, providers, sessions, recovery_codes } = self;
        passkeys.iter().chain(providers).chain(sessions).chain(recovery_codes)
    }
}

/// Something that matters for the security of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityEvent {
    pub id: String,
    pub at: Timestamp,
    /// What happened: "Signed in with a password".
    pub what: String,
    /// The browser that it happened in: "Chrome on Linux".
    pub browser: String,
    /// Whether it is a sign-in that was refused.
    pub failed: bool,
}

/// What passkey managers are to be told about an account's passkeys (WebAuthn L3 §5.1.10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signals {
    /// The relying party's id, which is a domain.
    pub rp_id: String,
    /// The user handle of the account, as unpadded base64url.
    pub user_id: String,
    /// The ids of all credentials that sign in to the account, as unpadded base64url.
    pub accepted: Vec<String>,
    /// What the account is called; nothing once it is deleted.
    pub name: Option<AccountName>,
    /// Which state of the account this tells of; comes back with the acknowledgement.
    pub version: i64,
}

/// How to offer a passkey to somebody who has just signed in without one of this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// The browser may create one by itself (conditional create, WebAuthn L3 §5.1.3), after a
    /// password; where it does not, the person is asked as with [`Offer::Passkey`].
    Automatic,
    /// The browser may create one by itself, after a password; where it does not, nobody is asked,
    /// because the question was answered before.
    AutomaticOnly,
    /// The person is asked: "Create a passkey".
    Passkey,
    /// The person is asked, after a passkey of another device: "Create a passkey on this device".
    ThisDevice,
}

/// A passkey that was added to an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// The name of its passkey manager, where that is known.
    pub manager: Option<String>,
    /// What passkey managers are now to be told of the account.
    pub signals: Option<Signals>,
}
