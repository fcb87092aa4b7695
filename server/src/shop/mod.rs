//! The rules of the shop, around what [`store`](crate::store) does.

use app::api::{Cart, Checkout, Code, Delivery, Order, Product, Result, ShopService};
use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    request::{RequestContext, plain},
    session::SignedIn,
    store::{CartOwner, MAX_QUANTITY, Placement},
};

#[async_trait]
impl ShopService for RequestContext {
    async fn catalogue(&self) -> Result<Vec<Product>> {
        Ok(self.state.store.catalogue().await?.products.clone())
    }

    async fn product(&self, slug: &str) -> Result<Product> {
        let catalogue = self.state.store.catalogue().await?;
        catalogue.product(plain(slug)?).cloned().ok_or_else(|| Code::NotFound.into())
    }

    async fn cart(&self) -> Result<Cart> {
        let Some(owner) = self.session.get().cart() else { return Ok(Cart::default()) };
        if let (CartOwner::SignedIn { .. }, Some(visitor)) = (&owner, self.session.visitor())
            && let Some(cart) = self.state.store.catalogue().await?.cart(&visitor.pieces)
        {
            return Ok(cart);
        }
        Ok(self.state.store.cart(&owner).await?)
    }

    async fn checkout(&self) -> Result<Checkout> {
        let account = self.session.get().signed_in()?.account;
        let row = self.state.store.account(account).await?;
        Ok(Checkout {
            cart: self.cart().await?,
            name: row.map(|row| row.display_name).unwrap_or_default(),
            placement: Uuid::new_v4().to_string(),
        })
    }

    async fn order(&self, number: &str) -> Result<Order> {
        let account = self.session.get().signed_in()?.account;
        let order = self.state.store.order(account, plain(number)?).await?;
        order.ok_or_else(|| Code::NotFound.into())
    }
}

/// A change of the cart, as a form asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Add(i64),
    Set(i64),
}

/// Changes one line of the cart and tells how many pieces are in it now,
/// which is less than was asked for when there is not enough in stock.
///
/// # Errors
/// [`Code::QuantityInvalid`], [`Code::NotFound`] for an unknown product, or
/// [`Code::TooManyTries`].
pub async fn change_cart(ctx: &RequestContext, slug: &str, change: Change) -> Result<i64> {
    let (Change::Add(quantity) | Change::Set(quantity)) = change;
    if !(0..=MAX_QUANTITY).contains(&quantity) {
        return Err(Code::QuantityInvalid.into());
    }
    ctx.product(slug).await?;
    let cart = begin_cart(ctx)?;
    ctx.session.outdate_visitor();
    let (store, now) = (&ctx.state.store, ctx.now());
    let kept = match change {
        Change::Add(quantity) => store.add_to_cart(&cart, slug, quantity, now).await?,
        Change::Set(quantity) => store.set_quantity(&cart, slug, quantity, now).await?,
    };
    kept.ok_or_else(|| Code::NotFound.into())
}

/// The cart of this visit, begun when there is none.
///
/// # Errors
/// [`Code::TooManyTries`] for a stranger at an address where many have begun.
fn begin_cart(ctx: &RequestContext) -> Result<CartOwner> {
    if let Some(cart) = ctx.session.get().cart() {
        return Ok(cart);
    }
    ctx.state.newcomers.session(ctx.address)?;
    let cart = ctx.session.new_cart();
    ctx.session.change(|session| session.cart = Some(cart.clone()));
    Ok(CartOwner::Visitor(cart))
}

/// Places the order of the account's cart, once for each `placement`.
///
/// # Errors
/// [`Code::DeliveryInvalid`] or [`Code::Malformed`].
pub async fn place_order(
    ctx: &RequestContext,
    signed_in: &SignedIn,
    placement: &str,
    delivery: &Delivery,
) -> Result<Placement> {
    let placement = Uuid::parse_str(placement).map_err(|_| Code::Malformed)?.to_string();
    if !delivery_problems(delivery).is_empty() {
        return Err(Code::DeliveryInvalid.into());
    }
    let delivery = Delivery {
        name: delivery.name.trim().to_owned(),
        address: delivery.address.trim().to_owned(),
    };
    let (store, now) = (&ctx.state.store, ctx.now());
    ctx.session.outdate_visitor();
    let SignedIn { account, handle, .. } = signed_in;
    Ok(store.place_order(*account, handle, &placement, &delivery, now).await?)
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
