//! Carts of visitors and of accounts.

use app::api::{Cart, Money};
use futures::future::join_all;
use latchkey::store::{CartOwner, Store};

use crate::support::{
    DatabaseUrl, on_both,
    store::{CABINET, LANTERN, MAT, NOW, STAND, execute, sign_in, sign_up, two_servers},
};

fn visitor(cart: &str) -> CartOwner {
    CartOwner::Visitor(cart.into())
}

async fn content(store: &Store, cart: &CartOwner) -> Vec<(String, i64)> {
    let lines = store.cart(cart).await.unwrap().lines;
    lines.into_iter().map(|line| (line.product.slug, line.quantity)).collect()
}

#[on_both]
async fn a_cart_keeps_what_is_put_in(store: Store) {
    let cart = visitor("a");
    assert_eq!(store.cart(&cart).await.unwrap(), Cart::default());
    assert_eq!(store.cart_count(&cart).await.unwrap(), 0);
    assert_eq!(store.add_to_cart(&cart, MAT, 2, NOW).await.unwrap(), Some(2));
    assert_eq!(store.add_to_cart(&cart, MAT, 3, NOW).await.unwrap(), Some(5));
    assert_eq!(store.set_quantity(&cart, LANTERN, 1, NOW).await.unwrap(), Some(1));

    assert_eq!(store.cart_count(&cart).await.unwrap(), 6);
    assert_eq!(content(&store, &cart).await, [(LANTERN.into(), 1), (MAT.into(), 5)]);
    let total = 12_900 + 5 * 3_200;
    assert_eq!(store.cart(&cart).await.unwrap().total(), Money(total));

    assert_eq!(store.set_quantity(&cart, MAT, 0, NOW).await.unwrap(), Some(0));
    assert_eq!(content(&store, &cart).await, [(LANTERN.into(), 1)]);
    assert_eq!(content(&store, &visitor("b")).await, []);
}

#[on_both]
async fn a_cart_holds_no_more_than_there_is(url: DatabaseUrl) {
    let store = Store::open(&url.0).await.unwrap();
    let cart = visitor("a");
    assert_eq!(store.set_quantity(&cart, LANTERN, 50, NOW).await.unwrap(), Some(3));
    assert_eq!(store.add_to_cart(&cart, LANTERN, i64::MAX, NOW).await.unwrap(), Some(3));
    assert_eq!(store.add_to_cart(&cart, LANTERN, -2, NOW).await.unwrap(), Some(1));
    assert_eq!(store.set_quantity(&cart, LANTERN, i64::MIN, NOW).await.unwrap(), Some(0));
    assert_eq!(store.add_to_cart(&cart, STAND, 1, NOW).await.unwrap(), Some(0));
    assert_eq!(store.add_to_cart(&cart, "no-such-thing", 1, NOW).await.unwrap(), None);
    assert_eq!(content(&store, &cart).await, []);

    execute(&url.0, "UPDATE products SET stock = 1000 WHERE slug = 'door-mat'").await;
    assert_eq!(store.set_quantity(&cart, MAT, 500, NOW).await.unwrap(), Some(99));
}

#[on_both]
async fn additions_at_the_same_time_add_up(url: DatabaseUrl) {
    let cart = visitor("a");
    let servers = two_servers(&url).await;
    let added =
        servers.iter().cycle().take(20).map(|server| server.add_to_cart(&cart, MAT, 1, NOW));
    for added in join_all(added).await {
        added.unwrap();
    }
    assert_eq!(content(&servers[0], &cart).await, [(MAT.into(), 20)]);
}

#[on_both]
async fn a_visitors_cart_is_merged_once(store: Store) {
    let ada = sign_up(&store, "ada").await;
    let hers = CartOwner::Account(ada);
    let bobs = CartOwner::Account(sign_up(&store, "bob").await);
    for (cart, slug, quantity) in [
        (&visitor("a"), MAT, 2),
        (&visitor("a"), LANTERN, 2),
        (&visitor("a"), CABINET, 1),
        (&visitor("b"), MAT, 7),
        (&hers, MAT, 3),
        (&hers, LANTERN, 2),
        (&bobs, MAT, 4),
    ] {
        store.add_to_cart(cart, slug, quantity, NOW).await.unwrap();
    }

    // At the same time, and afterwards.
    for merged in join_all((0..4).map(|_| sign_in(&store, ada, 0, Some("a")))).await {
        merged.unwrap();
    }
    sign_in(&store, ada, 0, Some("a")).await.unwrap();
    sign_in(&store, ada, 0, Some("never-seen")).await.unwrap();

    let merged = [(LANTERN.into(), 3), (MAT.into(), 5), (CABINET.into(), 1)];
    assert_eq!(content(&store, &hers).await, merged, "added, up to the stock");
    assert_eq!(content(&store, &visitor("a")).await, []);
    assert_eq!(content(&store, &visitor("b")).await, [(MAT.into(), 7)]);
    assert_eq!(content(&store, &bobs).await, [(MAT.into(), 4)]);
}

#[on_both]
async fn a_visitors_cart_goes_to_one_account(store: Store) {
    let (ada, bob) = (sign_up(&store, "ada").await, sign_up(&store, "bob").await);
    for round in 0..10 {
        let cart = round.to_string();
        store.add_to_cart(&visitor(&cart), MAT, 1, NOW).await.unwrap();
        for merged in join_all([ada, bob].map(|into| sign_in(&store, into, 0, Some(&cart)))).await {
            merged.unwrap();
        }
    }
    let hers = store.cart_count(&CartOwner::Account(ada)).await.unwrap();
    let his = store.cart_count(&CartOwner::Account(bob)).await.unwrap();
    assert_eq!(hers + his, 10);
}

#[on_both]
async fn theft_of_an_accounts_cart_by_its_key_fails(store: Store) {
    let (ada, bob) = (sign_up(&store, "ada").await, sign_up(&store, "bob").await);
    store.add_to_cart(&CartOwner::Account(bob), MAT, 4, NOW).await.unwrap();
    for guess in [bob.to_string(), format!("account:{bob}")] {
        sign_in(&store, ada, 0, Some(&guess)).await.unwrap();
        assert_eq!(content(&store, &CartOwner::Visitor(guess)).await, []);
    }
    assert_eq!(content(&store, &CartOwner::Account(ada)).await, []);
    assert_eq!(content(&store, &CartOwner::Account(bob)).await, [(MAT.into(), 4)]);
}
