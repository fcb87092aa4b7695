//! What pages and server functions see of the server.

use app::api::{
    Account, Added, Backend, Cart, Checkout, Code, Newcomer, Options, Order, Product, Proofs,
    Result, SecurityEvent, SignedIn,
};
use async_trait::async_trait;

use crate::{Call, internal, plain};

#[async_trait]
impl Backend for Call {
    async fn catalogue(&self) -> Result<Vec<Product>> {
        self.server.store.products().await.map_err(internal)
    }

    async fn product(&self, slug: &str) -> Result<Product> {
        self.product(slug).await
    }

    async fn cart(&self) -> Result<Cart> {
        self.cart().await
    }

    async fn checkout(&self) -> Result<Checkout> {
        self.checkout().await
    }

    async fn order(&self, number: &str) -> Result<Order> {
        let account = self.visit.signed_in().await?;
        let order = self.server.store.order(account, plain(number)?).await.map_err(internal)?;
        order.ok_or_else(|| Code::NotFound.into())
    }

    async fn account(&self) -> Result<Account> {
        self.account().await
    }

    async fn account_to_change(&self) -> Result<Account> {
        self.account_to_change().await
    }

    async fn security_event(&self, id: &str) -> Result<SecurityEvent> {
        self.security_event(id).await
    }

    async fn proofs(&self) -> Result<Proofs> {
        self.proofs().await
    }

    async fn awaits_second_factor(&self) -> Result<()> {
        self.visit.half_signed_in(self.now()).await.map(drop)
    }

    async fn newcomer(&self) -> Result<Newcomer> {
        self.newcomer().await
    }

    async fn start_sign_in(&self) -> Result<Options> {
        self.start_sign_in().await
    }

    async fn finish_sign_in(&self, credential: &str) -> Result<SignedIn> {
        self.finish_sign_in(credential).await
    }

    async fn start_sign_up(&self, username: &str, display_name: &str) -> Result<Options> {
        self.start_sign_up(username, display_name).await
    }

    async fn finish_sign_up(&self, credential: &str) -> Result<SignedIn> {
        self.finish_sign_up(credential).await
    }

    async fn start_proof(&self) -> Result<Options> {
        self.start_proof().await
    }

    async fn finish_proof(&self, credential: &str) -> Result<()> {
        self.finish_proof(credential).await
    }

    async fn start_addition(&self, conditional: bool, here: bool) -> Result<Options> {
        self.start_addition(conditional, here).await
    }

    async fn finish_addition(&self, credential: &str, announce: bool) -> Result<Added> {
        self.finish_addition(credential, announce).await
    }

    async fn knows_passkey(&self, credential_id: &str) -> Result<bool> {
        self.knows_passkey(credential_id).await
    }

    async fn dismiss_offer(&self) -> Result<()> {
        self.dismiss_offer().await
    }

    async fn signalled(&self, user_id: &str, version: i64) -> Result<()> {
        self.signalled(user_id, version).await
    }
}
