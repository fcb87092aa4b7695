//! The cart, before and after a sign-in.

use latchkey::store::CartOwner;
use sqlx::query;

use crate::support::{
    on_both,
    page::hidden,
    visitor::{Shop, Visitor},
};

#[on_both]
async fn the_cart_comes_along_at_sign_in(shop: Shop) {
    let (mut member, mut passkey) = shop.member("robin").await;
    let (slug, last) = (shop.plenty().await, shop.last_one().await);
    member
        .post("/cart", &[("slug", &slug), ("quantity", "2"), ("action", "add")])
        .await
        .expect_redirect("/cart");
    member
        .post("/cart", &[("slug", &last), ("quantity", "1"), ("action", "add")])
        .await
        .expect_redirect("/cart");
    member.post("/sign-out", &[]).await;

    let mut visitor = shop.visitor();
    visitor.post("/cart", &[("slug", &slug), ("quantity", "3"), ("action", "add")]).await;
    visitor.post("/cart", &[("slug", &last), ("quantity", "1"), ("action", "add")]).await;
    visitor.sign_in(&mut passkey).await.expect_status(200);
    let account = uuid::Uuid::from_slice(passkey.user_handle.as_ref().unwrap()).unwrap();
    let cart = shop.store.cart(&CartOwner::Account(account)).await.unwrap();
    let mut quantities: Vec<_> =
        cart.lines.into_iter().map(|line| (line.product.slug, line.quantity)).collect();
    quantities.sort();
    let mut expected = vec![(slug, 5), (last, 1)];
    expected.sort();
    assert_eq!(quantities, expected);

    // It is in the account now, not in the session.
    visitor.post("/sign-out", &[]).await;
    visitor.get("/cart").await.expect_text("nothing in it yet");
}

#[on_both]
async fn the_cart_says_when_there_is_not_enough(shop: Shop) {
    let last = shop.last_one().await;
    let mut visitor = shop.visitor();
    let answer =
        visitor.post("/cart", &[("slug", &last), ("quantity", "5"), ("action", "add")]).await;
    answer.expect_status(422).expect_text("There is only 1 left. It is in your cart");
    for wrong in ["-1", "100", "many", ""] {
        let fields = [("slug", last.as_str()), ("quantity", wrong), ("action", "set")];
        visitor
            .post("/cart", &fields)
            .await
            .expect_status(422)
            .expect_text("quantity from 0 to 99");
    }
    let unknown = [("slug", "no-such-thing"), ("quantity", "1"), ("action", "add")];
    visitor.post("/cart", &unknown).await.expect_status(404);
}

#[on_both]
async fn control_characters_name_nothing(shop: Shop) {
    let (mut member, _) = shop.member("robin").await;
    member.get("/products/%00").await.expect_status(404);
    member.get("/orders/%00").await.expect_status(404);
    let add = [("slug", "\0"), ("quantity", "1"), ("action", "add")];
    member.post("/cart", &add).await.expect_status(404);
    let slug = shop.plenty().await;
    member.post("/cart", &[("slug", &slug), ("quantity", "1"), ("action", "add")]).await;
    let placement = hidden(&member.get("/checkout").await.body, "placement");
    for (name, address, field) in
        [("Ro\0bin", "1 Sample Lane", "name"), ("Robin", "1\0", "address")]
    {
        let order = [("placement", placement.as_str()), ("name", name), ("address", address)];
        let answer = member.post("/checkout", &order).await.expect_status(422);
        answer.expect_text(&format!("id=\"{field}-error\""));
    }
}

#[on_both]
async fn what_somebody_adds_while_the_cart_is_shown_is_shown_to_nobody_else(shop: Shop) {
    let slug = shop.plenty().await;
    let set = async |shopper: &mut Visitor, quantity: &str| {
        let fields = [("slug", slug.as_str()), ("quantity", quantity), ("action", "set")];
        shopper.post("/cart", &fields).await.expect_redirect("/cart");
    };
    let mut shopper = shop.visitor();
    for round in 0..20 {
        // Strangers' pages are made anew.
        let mut database = shop.connection().await;
        let stock = query("UPDATE products SET stock = 50 + $1").bind(round);
        stock.execute(&mut database).await.unwrap();
        shop.store.refresh_catalogue().await.unwrap();
        set(&mut shopper, "1").await;
        set(&mut shopper, "0").await;
        let mut looking = shopper.clone();
        tokio::join!(looking.get("/cart"), set(&mut shopper, "2"));
        shop.visitor().get("/cart").await.expect_text("nothing in it yet");
    }
}
