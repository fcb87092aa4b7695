//! What pages and server functions see of the server.

use app::api::{
    Account, AccountName, Backend, Cart, Checkout, Code, Options, Order, PasskeyCard, Product,
    Result, SignedIn, Visitor,
};
use async_trait::async_trait;

use crate::{Call, internal, shop::plain};

impl Call {
    /// Who is looking, for the header of every page.
    ///
    /// # Errors
    /// [`Code::Internal`](app::api::Code::Internal)
    pub async fn visitor(&self) -> Result<Visitor> {
        let store = &self.server.store;
        let account = match self.visit.account().await? {
            Some(id) => store.account(id).await.map_err(internal)?,
            None => None,
        };
        let cart_count = match self.visit.cart().await? {
            Some(cart) => store.cart_count(&cart).await.map_err(internal)?,
            None => 0,
        };
        let account = account
            .map(|row| AccountName { username: row.username, display_name: row.display_name });
        Ok(Visitor { account, cart_count })
    }
}

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
        let id = self.visit.signed_in().await?;
        let store = &self.server.store;
        let row = store.account(id).await.map_err(internal)?.ok_or(Code::SignInRequired)?;
        let passkeys = store.passkeys_of(id).await.map_err(internal)?;
        Ok(Account {
            name: AccountName { username: row.username, display_name: row.display_name },
            has_password: store.has_password(id).await.map_err(internal)?,
            passkeys: passkeys
                .into_iter()
                .map(|passkey| PasskeyCard {
                    created: passkey.created,
                    last_used: passkey.last_used,
                    synced: passkey.backed_up,
                })
                .collect(),
            orders: store.orders_of(id).await.map_err(internal)?,
        })
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

    async fn sign_in_with_password(&self, username: &str, password: &str) -> Result<SignedIn> {
        self.sign_in_with_password(username, password).await
    }
}
