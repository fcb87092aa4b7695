//! The rules of the shop, around what [`store`](crate::store) does.

use app::api::{Cart, Checkout, Code, Delivery, Product, Result};
use uuid::Uuid;

use crate::{
    Call, internal, plain,
    store::{MAX_QUANTITY, Placement},
};

/// A change of the cart, as a form asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Add(i64),
    Set(i64),
}

impl Call {
    /// # Errors
    /// [`Code::NotFound`]
    pub async fn product(&self, slug: &str) -> Result<Product> {
        let product = self.server.store.product(plain(slug)?).await.map_err(internal)?;
        product.ok_or_else(|| Code::NotFound.into())
    }

    /// # Errors
    /// [`Code::Internal`]
    pub async fn cart(&self) -> Result<Cart> {
        match self.visit.cart().await? {
            Some(owner) => self.server.store.cart(&owner).await.map_err(internal),
            None => Ok(Cart::default()),
        }
    }

    /// Changes one line of the cart and tells how many pieces are in it now,
    /// which is less than was asked for when there is not enough in stock.
    ///
    /// # Errors
    /// [`Code::QuantityInvalid`], or [`Code::NotFound`] for an unknown product.
    pub async fn change_cart(&self, slug: &str, change: Change) -> Result<i64> {
        let (Change::Add(quantity) | Change::Set(quantity)) = change;
        if !(0..=MAX_QUANTITY).contains(&quantity) {
            return Err(Code::QuantityInvalid.into());
        }
        self.product(slug).await?;
        let cart = self.visit.begin_cart().await?;
        let (store, now) = (&self.server.store, self.now());
        let kept = match change {
            Change::Add(quantity) => store.add_to_cart(&cart, slug, quantity, now).await,
            Change::Set(quantity) => store.set_quantity(&cart, slug, quantity, now).await,
        };
        kept.map_err(internal)?.ok_or_else(|| Code::NotFound.into())
    }

    /// # Errors
    /// [`Code::SignInRequired`]
    pub async fn checkout(&self) -> Result<Checkout> {
        let account = self.visit.signed_in().await?;
        let row = self.server.store.account(account).await.map_err(internal)?;
        Ok(Checkout {
            cart: self.cart().await?,
            name: row.map(|row| row.display_name).unwrap_or_default(),
            placement: Uuid::new_v4().to_string(),
        })
    }

    /// Places the order of the account's cart, once for each `placement`.
    ///
    /// # Errors
    /// [`Code::SignInRequired`], [`Code::DeliveryInvalid`] or [`Code::Malformed`].
    pub async fn place_order(&self, placement: &str, delivery: &Delivery) -> Result<Placement> {
        let account = self.visit.signed_in().await?;
        let placement = Uuid::parse_str(placement).map_err(|_| Code::Malformed)?.to_string();
        if !delivery_problems(delivery).is_empty() {
            return Err(Code::DeliveryInvalid.into());
        }
        let delivery = Delivery {
            name: delivery.name.trim().to_owned(),
            address: delivery.address.trim().to_owned(),
        };
        let placed =
            self.server.store.place_order(account, &placement, &delivery, self.now()).await;
        placed.map_err(internal)
    }
}

/// What is wrong with a delivery, by its fields.
#[must_use]
pub fn delivery_problems(delivery: &Delivery) -> Vec<(&'static str, &'static str)> {
    let fits = |text: &str, most, breaks: &[char]| {
        let text = text.trim();
        (1..=most).contains(&text.chars().count())
            && !text.contains(|c: char| c.is_control() && !breaks.contains(&c))
    };
    let name = (!fits(&delivery.name, 100, &[]))
        .then_some(("name", "Please enter a name of at most 100 characters."));
    let address = (!fits(&delivery.address, 500, &['\r', '\n', '\t']))
        .then_some(("address", "Please enter an address of at most 500 characters."));
    name.into_iter().chain(address).collect()
}
