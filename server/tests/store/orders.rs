//! Orders, each piece of which is sold once.

use app::api::{Delivery, Money};
use futures::future::join_all;
use latchkey::store::{CartOwner, Placement, SessionWrite, Shortage, Store};
use sqlx::{AnyConnection, Connection, query_scalar};
use uuid::Uuid;

use crate::support::{
    DatabaseUrl, on_both,
    store::{
        CABINET, LANTERN, MAT, NOW, delivery, execute, later, place, place_at, sign_in, sign_up,
        stock, two_servers,
    },
    time::DAY,
};

async fn fill(store: &Store, account: Uuid, slug: &str, quantity: i64) {
    let cart = CartOwner::Account(account);
    let there = store.set_quantity(&cart, slug, quantity, NOW).await.unwrap();
    assert_eq!(there, Some(quantity));
}

fn number_if_placed(placement: &Placement) -> Option<&String> {
    match placement {
        Placement::Placed(number) => Some(number),
        _ => None,
    }
}

fn shortage(slug: &str, wanted: i64, left: i64) -> Shortage {
    Shortage { slug: slug.into(), wanted, left }
}

#[on_both]
async fn an_order_is_kept_as_it_was_placed(url: DatabaseUrl) {
    let store = Store::open(&url.0).await.unwrap();
    let ada = sign_up(&store, "ada").await;
    fill(&store, ada, LANTERN, 2).await;
    fill(&store, ada, MAT, 3).await;
    let Placement::Placed(number) = place(&store, ada, "first").await else { panic!() };
    assert!(number.starts_with("LK-") && number.len() == 13, "{number}");
    execute(&url.0, "UPDATE products SET price = 1, name = 'changed'").await;

    let order = store.order(ada, &number).await.unwrap().unwrap();
    assert_eq!((order.number, order.placed, order.delivery), (number, NOW, delivery()));
    assert_eq!(order.total, Money(2 * 12_900 + 3 * 3_200));
    let lines: Vec<_> =
        order.lines.iter().map(|l| (l.slug.as_str(), l.price.0, l.quantity)).collect();
    assert_eq!(lines, [(LANTERN, 12_900, 2), (MAT, 3_200, 3)]);
    assert_eq!(order.lines[0].name, "Wall lantern");
    assert_eq!((stock(&store, LANTERN).await, stock(&store, MAT).await), (1, 37));
    assert_eq!(store.cart_count(&CartOwner::Account(ada)).await.unwrap(), 0);
}

#[on_both]
async fn orders_are_listed_newest_first(store: Store) {
    let ada = sign_up(&store, "ada").await;
    for (day, quantity) in [(1, 2), (3, 1), (2, 5)] {
        fill(&store, ada, MAT, quantity).await;
        let placement = day.to_string();
        place_at(&store, ada, &placement, later(day * DAY)).await;
    }
    let orders = store.orders_of(ada).await.unwrap();
    let listed: Vec<_> = orders.iter().map(|o| (o.placed, o.pieces, o.total)).collect();
    let expected = [(3, 1), (2, 5), (1, 2)]
        .map(|(day, pieces)| (later(day * DAY), pieces, Money(3_200 * pieces)));
    assert_eq!(listed, expected);
}

#[on_both]
async fn orders_are_their_accounts_own(store: Store) {
    let (ada, bob) = (sign_up(&store, "ada").await, sign_up(&store, "bob").await);
    fill(&store, ada, MAT, 1).await;
    fill(&store, bob, MAT, 1).await;
    let Placement::Placed(number) = place(&store, ada, "same").await else { panic!() };
    assert_eq!(store.order(bob, &number).await.unwrap(), None);
    assert_eq!(store.orders_of(bob).await.unwrap(), []);
    // A placement says nothing across accounts either.
    assert!(
        matches!(place(&store, bob, "same").await, Placement::Placed(other) if other != number)
    );
}

#[on_both]
async fn nothing_in_the_cart_makes_no_order(store: Store) {
    let ada = sign_up(&store, "ada").await;
    assert_eq!(place(&store, ada, "first").await, Placement::Empty);
    fill(&store, ada, MAT, 1).await;
    fill(&store, ada, MAT, 0).await;
    assert_eq!(place(&store, ada, "first").await, Placement::Empty);
    assert_eq!(store.orders_of(ada).await.unwrap(), []);
}

#[on_both]
async fn one_placement_makes_one_order(store: Store) {
    let ada = sign_up(&store, "ada").await;
    fill(&store, ada, MAT, 3).await;
    let posts = join_all((0..8).map(|_| place(&store, ada, "first"))).await;
    let placed: Vec<_> = posts.iter().filter_map(number_if_placed).collect();
    let [number] = placed[..] else { panic!("{posts:?}") };
    let again = Placement::Already(number.clone());
    assert_eq!(posts.iter().filter(|post| **post == again).count(), 7, "{posts:?}");

    // Neither does the next cart belong to it.
    fill(&store, ada, MAT, 1).await;
    assert_eq!(place(&store, ada, "first").await, again);
    assert_eq!(store.cart_count(&CartOwner::Account(ada)).await.unwrap(), 1);
    assert_eq!(store.orders_of(ada).await.unwrap().len(), 1);
    assert_eq!(stock(&store, MAT).await, 37);
}

#[on_both]
async fn one_cart_is_ordered_once(store: Store) {
    let ada = sign_up(&store, "ada").await;
    fill(&store, ada, MAT, 3).await;
    // The checkout is open in several tabs: each has a placement of its own.
    let tabs: Vec<_> = (0..8).map(|tab| tab.to_string()).collect();
    let posts = join_all(tabs.iter().map(|tab| place(&store, ada, tab))).await;
    assert_eq!(posts.iter().filter_map(number_if_placed).count(), 1, "{posts:?}");
    assert_eq!(posts.iter().filter(|post| **post == Placement::Empty).count(), 7);
    assert_eq!(stock(&store, MAT).await, 37);
}

#[on_both]
async fn the_last_pieces_are_sold_once(url: DatabaseUrl) {
    let servers = two_servers(&url).await;
    let mut accounts = Vec::new();
    for number in 0..20 {
        let account = sign_up(&servers[0], &format!("visitor-{number}")).await;
        fill(&servers[0], account, LANTERN, 1).await;
        accounts.push(account);
    }
    let posts = accounts.iter().zip(servers.iter().cycle());
    let posts = join_all(posts.map(|(account, server)| place(server, *account, "first"))).await;

    assert_eq!(posts.iter().filter_map(number_if_placed).count(), 3, "{posts:?}");
    assert_eq!(stock(&servers[0], LANTERN).await, 0);
    let short = Placement::Short(vec![shortage(LANTERN, 1, 0)]);
    for (account, post) in accounts.iter().zip(&posts) {
        let placed = number_if_placed(post).is_some();
        assert!(placed || *post == short, "{post:?}");
        let kept = servers[0].cart_count(&CartOwner::Account(*account)).await.unwrap();
        assert_eq!(kept, i64::from(!placed), "those who got nothing keep their carts");
    }
}

/// Each has what the other wants as well, put in the cart in the other order.
#[on_both]
async fn orders_with_common_products_do_not_lock_each_other_out(store: Store) {
    let (ada, bob) = (sign_up(&store, "ada").await, sign_up(&store, "bob").await);
    for round in 0..5 {
        for (account, slugs) in [(ada, [MAT, "coat-hook"]), (bob, ["coat-hook", MAT])] {
            for slug in slugs {
                fill(&store, account, slug, 1).await;
            }
        }
        let round = round.to_string();
        let posts = join_all([place(&store, ada, &round), place(&store, bob, &round)]).await;
        assert_eq!(posts.iter().filter_map(number_if_placed).count(), 2);
    }
}

#[on_both]
async fn a_shortage_changes_nothing(url: DatabaseUrl) {
    let store = Store::open(&url.0).await.unwrap();
    let ada = sign_up(&store, "ada").await;
    for (slug, quantity) in [(MAT, 2), (LANTERN, 3), (CABINET, 1)] {
        fill(&store, ada, slug, quantity).await;
    }
    // Somebody was faster.
    execute(&url.0, "UPDATE products SET stock = stock - 1 WHERE slug <> 'umbrella-stand'").await;

    let short = vec![shortage(LANTERN, 3, 2), shortage(CABINET, 1, 0)];
    assert_eq!(place(&store, ada, "first").await, Placement::Short(short));
    assert_eq!(stock(&store, MAT).await, 39, "put back");
    assert_eq!(store.cart_count(&CartOwner::Account(ada)).await.unwrap(), 6);
    assert_eq!(store.orders_of(ada).await.unwrap(), []);

    // The same form can be sent again once the cart is right.
    fill(&store, ada, LANTERN, 2).await;
    fill(&store, ada, CABINET, 0).await;
    assert!(matches!(place(&store, ada, "first").await, Placement::Placed(_)));
}

#[on_both]
async fn an_order_that_is_being_placed_is_kept_without_the_person(url: DatabaseUrl) {
    let store = Store::open(&url.0).await.unwrap();
    for round in 0..20 {
        let ada = sign_up(&store, &format!("ada-{round}")).await;
        store.set_quantity(&CartOwner::Account(ada), MAT, 1, NOW).await.unwrap();
        let delivery = Delivery { name: "Ada".into(), address: "London".into() };
        let placement = round.to_string();
        let session = sign_in(&store, ada, 0, None).await.unwrap();
        let handle = session.handle.clone().unwrap();
        let farewell = SessionWrite { account: None, handle: None, ..session };
        let (placed, deleted) = tokio::join!(
            store.place_order(ada, &handle, &placement, &delivery, NOW),
            store.delete_account(ada, &farewell, NOW),
        );
        deleted.unwrap();
        // Too late, it finds no session or no account.
        drop(placed);
    }
    let mut database = AnyConnection::connect(&url.0).await.unwrap();
    let persons = "SELECT COUNT(*) FROM orders WHERE delivery_name <> '' OR account_id IS NOT NULL";
    let persons: i64 = query_scalar(persons).fetch_one(&mut database).await.unwrap();
    assert_eq!(persons, 0);
}
