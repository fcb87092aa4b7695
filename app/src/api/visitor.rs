//! Who is looking at a page, and what their browser is told with it.

use serde::{Deserialize, Serialize};

use super::{IdentityProvider, Offer, Signals};

/// Who is looking at the page, as every page's header shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visitor {
    pub account: Option<AccountName>,
    /// Pieces in the cart.
    pub cart_count: i64,
    pub notice: Option<Notice>,
    pub offer: Option<Offer>,
    pub upkeep: Upkeep,
    /// Whom people can sign in with, in the order of their buttons.
    pub providers: Vec<IdentityProvider>,
}

/// What came of the visitor's last action, or what happened without one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub sentence: String,
    /// Nobody asked for it: signing out undoes it.
    pub undo: bool,
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

/// What an account is signed in to by, and what its owner is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountName {
    pub username: String,
    pub display_name: String,
}
