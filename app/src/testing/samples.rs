//! One of each thing that a page shows. A test changes what it is about.

use crate::api::{
    Account, AccountName, Cart, CartLine, Delivery, FedCm, IdentityCard, IdentityProvider, Money,
    Order, OrderLine, OrderSummary, PasskeyCard, PasskeyManager, Product, SecurityEvent,
    SessionCard, Timestamp,
};

/// "21 November 2026, 20:15 UTC"
pub(crate) const THEN: Timestamp = Timestamp(1_795_292_100_000);

/// Ada's, with a password and nothing else.
pub(crate) fn account() -> Account {
    Account {
        name: AccountName { username: "ada".to_owned(), display_name: "Ada Lovelace".to_owned() },
        passkeys: vec![],
        has_password: true,
        identities: vec![],
        other_providers: vec![],
        second_factor: false,
        automatic: None,
        recovery_codes: 0,
        sessions: vec![],
        events: vec![],
        orders: vec![],
    }
}

/// Never used, on this device only.
pub(crate) fn passkey(id: &str) -> PasskeyCard {
    PasskeyCard {
        id: id.to_owned(),
        own_name: None,
        manager: PasskeyManager { name: "Windows Hello".to_owned(), icons: None },
        created: THEN,
        last_used: None,
        last_used_with: String::new(),
        synced: false,
        this_device: false,
        verified_model: false,
    }
}

/// Its id is its name in small letters.
pub(crate) fn provider(name: &str) -> IdentityProvider {
    IdentityProvider {
        id: name.to_lowercase(),
        name: name.to_owned(),
        icon: None,
        origin: Some(format!("https://{}.example", name.to_lowercase())),
        fedcm: None,
    }
}

/// One that browsers can ask for an account themselves.
pub(crate) fn fedcm_provider(name: &str) -> IdentityProvider {
    let config_url = format!("https://{}.example/fedcm.json", name.to_lowercase());
    let fedcm = FedCm { config_url, client_id: "latchkey".to_owned() };
    IdentityProvider { fedcm: Some(fedcm), ..provider(name) }
}

/// With a provider that works. Its id is the provider's name in small letters.
pub(crate) fn identity(provider: &str) -> IdentityCard {
    IdentityCard {
        id: provider.to_lowercase(),
        provider: provider.to_owned(),
        icon: None,
        label: "ada@mail.example".to_owned(),
        linked: THEN,
        works: true,
        remembered: false,
    }
}

pub(crate) fn session(id: &str) -> SessionCard {
    SessionCard {
        id: id.to_owned(),
        browser: "Chrome on Linux".to_owned(),
        signed_in: THEN,
        how: "With a password".to_owned(),
        this_one: false,
    }
}

pub(crate) fn event(id: &str) -> SecurityEvent {
    SecurityEvent {
        id: id.to_owned(),
        at: THEN,
        what: "Signed in with a password".to_owned(),
        browser: "Firefox on Linux".to_owned(),
        failed: false,
    }
}

/// A lantern for €48, or whatever else the slug says.
pub(crate) fn product(slug: &str, stock: i64) -> Product {
    Product {
        id: 1,
        slug: slug.to_owned(),
        name: format!("The {slug}"),
        summary: "For the way in.".to_owned(),
        description: "Made by hand.".to_owned(),
        price: Money(48_00),
        stock,
    }
}

pub(crate) fn cart(slug: &str, quantity: i64, stock: i64) -> Cart {
    Cart { lines: vec![CartLine { product: product(slug, stock), quantity }] }
}

pub(crate) fn order(number: &str) -> Order {
    let lantern = OrderLine {
        slug: "lantern".to_owned(),
        name: "The lantern".to_owned(),
        price: Money(48_00),
        quantity: 2,
    };
    Order {
        number: number.to_owned(),
        placed: THEN,
        delivery: Delivery {
            name: "Ada Lovelace".to_owned(),
            address: "1 Dorset Street\nLondon".to_owned(),
        },
        lines: vec![lantern],
        total: Money(96_00),
    }
}

pub(crate) fn order_summary(number: &str, pieces: i64) -> OrderSummary {
    OrderSummary { number: number.to_owned(), placed: THEN, pieces, total: Money(96_00) }
}
