//! Who is looking at a page, and what their browser is told with it.

use serde::{Deserialize, Serialize};

use super::{IdentityProvider, Offer, Signals};

/// Who is looking at the page, as every page's header shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visitor {
    pub account: Option<AccountName>,
    /// How many pieces are in the cart.
    pub cart_count: i64,
    /// What the next page says above all, once.
    pub notice: Option<Notice>,
    /// How to offer a passkey to them, where one is to be offered.
    pub offer: Option<Offer>,
    /// What the page's script tells or asks the browser.
    pub upkeep: Upkeep,
    /// The providers that people can sign in with, in the order of their buttons.
    pub providers: Vec<IdentityProvider>,
}

/// What came of the visitor's last action, or what happened without one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub sentence: String,
    /// Whether it can be undone: nobody asked for it.
    pub undo: bool,
}

/// What the page's script tells or asks the browser, beside what people press.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upkeep {
    /// What passkey managers are to be told of the account's passkeys.
    pub signals: Option<Signals>,
    /// Who has signed in with a provider, for the browser to remember.
    pub federated: Option<Federated>,
    /// The origins of the providers that the browser may sign in with by itself; with a saved
    /// password it may then as well. Nothing: it may not.
    pub automatic: Option<Vec<String>>,
    /// Whether the browser is to end silent access (Credential Management L1 §2.3.4): until the
    /// person has signed in by hand, it does not sign in by itself.
    pub by_hand: bool,
}

/// A sign-in with a provider, as a `FederatedCredential` remembers it (Credential Management L1
/// §4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Federated {
    /// What the provider calls the person; comes back as the `login_hint` of OpenID Connect.
    pub id: String,
    pub name: String,
    /// The origin of the provider.
    pub origin: String,
}

/// What an account is signed in to by, and what the shop calls its owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountName {
    pub username: String,
    pub display_name: String,
}
