//! The one way from pages and server functions to the server.

use std::sync::Arc;

use async_trait::async_trait;
use leptos::prelude::expect_context;

use super::{Account, Cart, Checkout, Options, Order, Product, Result, SignedIn};

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

    /// A challenge for any passkey of this store (WebAuthn L3 §7.2 step 1).
    async fn start_sign_in(&self) -> Result<Options>;
    /// Verifies an assertion (§7.2) and signs its account in.
    async fn finish_sign_in(&self, credential: &str) -> Result<SignedIn>;
    /// A challenge for a new account's first passkey (§7.1 step 1).
    async fn start_sign_up(&self, username: &str, display_name: &str) -> Result<Options>;
    /// Verifies a registration (§7.1), creates the account and signs it in.
    async fn finish_sign_up(&self, credential: &str) -> Result<SignedIn>;
    async fn sign_in_with_password(&self, username: &str, password: &str) -> Result<SignedIn>;
}

pub type SharedBackend = Arc<dyn Backend>;

/// The backend of the request that is being answered.
#[must_use]
pub fn backend() -> SharedBackend {
    expect_context::<SharedBackend>()
}
