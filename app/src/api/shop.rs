//! The shop: what pages show of it, and what they ask the server.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// What pages ask the server about the shop, for one request.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait ShopService: Send + Sync {
    /// Everything that is for sale, in the order of the shelf.
    async fn catalogue(&self) -> super::Result<Vec<Product>>;
    /// One product; [`Code::NotFound`](super::Code::NotFound) for an unknown slug.
    async fn product(&self, slug: &str) -> super::Result<Product>;
    /// The visitor's cart; empty when there is none.
    async fn cart(&self) -> super::Result<Cart>;
    /// The cart of the account that is signed in, ready to be ordered;
    /// [`Code::SignInRequired`](super::Code::SignInRequired) when signed out.
    async fn checkout(&self) -> super::Result<Checkout>;
    /// One order; [`Code::SignInRequired`](super::Code::SignInRequired) when signed out,
    /// [`Code::NotFound`](super::Code::NotFound) for anybody else's order.
    async fn order(&self, number: &str) -> super::Result<Order>;
}

/// An amount in minor units (euro cents).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(pub i64);

impl Money {
    /// The price of `quantity` pieces; saturates instead of wrapping.
    #[must_use]
    pub fn times(self, quantity: i64) -> Self {
        Self(self.0.saturating_mul(quantity))
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.fold(0, |sum, amount| sum.saturating_add(amount.0)))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "€\u{a0}{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// A thing that is for sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    pub id: i64,
    /// The last part of its address, and the name of its illustration.
    pub slug: String,
    pub name: String,
    /// What it is, in one line.
    pub summary: String,
    pub description: String,
    pub price: Money,
    /// How many pieces are left.
    pub stock: i64,
}

/// So many pieces of one product in a cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    pub product: Product,
    pub quantity: i64,
}

impl CartLine {
    #[must_use]
    pub fn total(&self) -> Money {
        self.product.price.times(self.quantity)
    }
}

/// What a visitor has put into the cart, in the order of doing so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    pub lines: Vec<CartLine>,
}

impl Cart {
    #[must_use]
    pub fn total(&self) -> Money {
        self.lines.iter().map(CartLine::total).sum()
    }
}

/// An order as the account's page lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSummary {
    pub number: String,
    pub placed: Timestamp,
    pub pieces: i64,
    pub total: Money,
}

/// An order that was placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub number: String,
    pub placed: Timestamp,
    pub delivery: Delivery,
    pub lines: Vec<OrderLine>,
    pub total: Money,
}

/// So many pieces of one product in an order, as the product was when it was bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    pub slug: String,
    pub name: String,
    pub price: Money,
    pub quantity: i64,
}

/// Whom an order would go to, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub name: String,
    /// The address in several lines, as one would write them on the parcel.
    pub address: String,
}

/// What `/checkout` shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkout {
    pub cart: Cart,
    /// The name that the delivery is suggested to go to.
    pub name: String,
    /// A value for this one showing of the form: however often it is posted, it makes one order.
    pub placement: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_shown_with_its_minor_units() {
        assert_eq!(Money(5).to_string(), "€\u{a0}0.05");
        assert_eq!(Money(123_400).to_string(), "€\u{a0}1234.00");
    }

    #[test]
    fn money_never_wraps() {
        assert_eq!(Money(i64::MAX).times(2), Money(i64::MAX));
        assert_eq!([Money(i64::MAX), Money(1)].into_iter().sum::<Money>(), Money(i64::MAX));
    }
}
