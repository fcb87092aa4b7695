//! The one way from pages and server functions to the server.

use std::sync::Arc;

use async_trait::async_trait;
use leptos::prelude::expect_context;

use super::{
    Account, Added, Cart, Checkout, Newcomer, Options, Order, Product, Proofs, Result,
    SecurityEvent, SignedIn,
};

/// What the server does for one request. It knows the session of the request,
/// so no method takes one; the implementation lives in `server`, a fake behind
/// a page in a test is a few lines.
#[async_trait]
pub trait Backend: Send + Sync {
    async fn catalogue(&self) -> Result<Vec<Product>>;
    /// [`Code::NotFound`] for an unknown slug.
    async fn product(&self, slug: &str) -> Result<Product>;
    async fn cart(&self) -> Result<Cart>;
    /// [`Code::SignInRequired`] when signed out.
    async fn checkout(&self) -> Result<Checkout>;
    /// [`Code::SignInRequired`] when signed out, [`Code::NotFound`] for anybody
    /// else's order.
    async fn order(&self, number: &str) -> Result<Order>;
    /// [`Code::SignInRequired`] when signed out.
    async fn account(&self) -> Result<Account>;
    /// The same, for pages that change how the account is signed in to:
    /// [`Code::ProofRequired`] unless its owner has signed in within five minutes.
    async fn account_to_change(&self) -> Result<Account>;
    /// [`Code::NotFound`] for anybody else's event.
    async fn security_event(&self, id: &str) -> Result<SecurityEvent>;
    /// How the visitor can prove once more to be the owner of the account.
    /// [`Code::SignInRequired`] when signed out.
    async fn proofs(&self) -> Result<Proofs>;
    /// [`Code::SignInRequired`] unless a password was right that needs a second
    /// factor.
    async fn awaits_second_factor(&self) -> Result<()>;
    /// [`Code::SignInRequired`] unless a provider has vouched for somebody new.
    async fn newcomer(&self) -> Result<Newcomer>;

    /// A challenge for any passkey of this store (WebAuthn L3 §7.2 step 1).
    async fn start_sign_in(&self) -> Result<Options>;
    /// Verifies an assertion (§7.2) and signs its account in.
    async fn finish_sign_in(&self, credential: &str) -> Result<SignedIn>;
    /// A challenge for a new account's first passkey (§7.1 step 1).
    async fn start_sign_up(&self, username: &str, display_name: &str) -> Result<Options>;
    /// Verifies a registration (§7.1), creates the account and signs it in.
    async fn finish_sign_up(&self, credential: &str) -> Result<SignedIn>;

    /// A challenge for the passkeys of one account (§7.2 step 1): the one that is
    /// signed in, or the one that waits for its second factor.
    async fn start_proof(&self) -> Result<Options>;
    /// Verifies the assertion, and notes the proof or signs in.
    async fn finish_proof(&self, credential: &str) -> Result<()>;
    /// A challenge for one more passkey (§7.1 step 1). `conditional`: without the
    /// person's doing, right after a password. `here`: on this device only.
    async fn start_addition(&self, conditional: bool, here: bool) -> Result<Options>;
    /// Verifies the registration and adds the passkey to the account. `announce`:
    /// whether the next page is to say so.
    async fn finish_addition(&self, credential: &str, announce: bool) -> Result<Added>;
    /// Whether this store has a passkey with this id.
    async fn knows_passkey(&self, credential_id: &str) -> Result<bool>;
    /// "Not now": no offers of a passkey for 30 days.
    async fn dismiss_offer(&self) -> Result<()>;
    /// The browser has been told this version of the account's passkeys.
    async fn signalled(&self, user_id: &str, version: i64) -> Result<()>;
}

pub type SharedBackend = Arc<dyn Backend>;

/// The backend of the request that is being answered.
#[must_use]
pub fn backend() -> SharedBackend {
    expect_context::<SharedBackend>()
}
