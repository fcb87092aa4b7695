//! The plain data of the store. Everything here has been checked by the server.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Offer, Upkeep};

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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    pub id: i64,
    /// The last part of its address, and the name of its illustration.
    pub slug: String,
    pub name: String,
    /// One line, for the catalogue.
    pub summary: String,
    pub description: String,
    pub price: Money,
    /// Pieces left.
    pub stock: i64,
}

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

/// A provider of identities (OpenID Connect), as its buttons show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityProvider {
    /// Its part of addresses.
    pub id: String,
    pub name: String,
    /// A `data:` URI.
    pub icon: Option<String>,
    /// What the browser's memory of federated sign-ins goes by.
    pub origin: Option<String>,
    pub fedcm: Option<FedCm>,
}

/// How to ask the browser for an account with a provider (Federated Credential Management).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FedCm {
    pub config_url: String,
    pub client_id: String,
}

/// Somebody whom a provider vouches for, and who has no account yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newcomer {
    /// The provider's name.
    pub provider: String,
    /// What it calls the person.
    pub label: String,
    /// Suggested, if it would do and is free.
    pub username: String,
    pub display_name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountName {
    pub username: String,
    pub display_name: String,
}

/// A moment in UTC, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(pub i64);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSummary {
    pub number: String,
    pub placed: Instant,
    pub pieces: i64,
    pub total: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub number: String,
    pub placed: Instant,
    pub delivery: Delivery,
    pub lines: Vec<OrderLine>,
    pub total: Money,
}

/// What was bought, as it was when it was bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    pub slug: String,
    pub name: String,
    pub price: Money,
    pub quantity: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub name: String,
    /// Several lines, as one would write them on the parcel.
    pub address: String,
}

/// What `/checkout` shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkout {
    pub cart: Cart,
    /// Suggested delivery name.
    pub name: String,
    /// One value for one showing of the form: two posts with the same
    /// placement make one order.
    pub placement: String,
}

/// Options for `navigator.credentials`, as the JSON text that the browser's own
/// `parse…OptionsFromJSON` reads. It stays text on its way through the wasm,
/// which so needs none of the WebAuthn types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    pub public_key: String,
}

/// What came of a sign-in that proved right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedIn {
    Done(AccountName),
    /// The account asks for a second factor, and until then for nothing else:
    /// on to `/second-factor`.
    PasskeyToo,
    /// A provider vouches for somebody who has no account yet: on to `/sign-up/provider`.
    NameNeeded,
}

/// A form that was posted by the page's script has done its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Went {
    /// Where to go on.
    pub to: String,
    /// Who is signed in, once somebody is.
    pub name: Option<AccountName>,
}

/// What came back wrong in a form post, so that the page can be shown again
/// with nothing lost: provided as a context by the handler of the post.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormOutcome {
    /// What the person had entered, secrets left out.
    pub values: Vec<(String, String)>,
    /// Field name and sentence; an empty field name speaks of the whole form.
    pub errors: Vec<(String, String)>,
}

impl FormOutcome {
    #[must_use]
    pub fn value(&self, field: &str) -> Option<&str> {
        let found = self.values.iter().find(|(name, _)| name == field);
        found.map(|(_, value)| value.as_str())
    }

    #[must_use]
    pub fn error(&self, field: &str) -> Option<&str> {
        let found = self.errors.iter().find(|(name, _)| name == field);
        found.map(|(_, sentence)| sentence.as_str())
    }
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
