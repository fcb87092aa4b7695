//! What strangers can fill the database with.

use std::num::NonZeroU32;

use crate::support::{
    on_both,
    visitor::{Answer, PASSWORD, Shop, Visitor},
};

async fn add(shop: &Shop, visitor: &mut Visitor) -> Answer {
    let slug = shop.plenty().await;
    visitor.post("/cart", &[("slug", &slug), ("quantity", "1"), ("action", "add")]).await
}

async fn behind_proxy(shop: &Shop) -> Shop {
    shop.changed(|config| {
        config.limits.proxies = vec!["127.0.0.1/32".parse().unwrap()];
        config.limits.sessions_per_address = NonZeroU32::new(10).unwrap();
        config.limits.sign_ups_per_address = NonZeroU32::new(4).unwrap();
    })
    .await
}

#[on_both]
async fn a_flood_of_carts_from_one_address_begins_few_sessions(shop: Shop) {
    let shop = behind_proxy(&shop).await;
    let mut first = shop.visitor_at("192.0.2.1");
    add(&shop, &mut first).await.expect_redirect("/cart");
    let mut kept = 1;
    for _ in 0..20 {
        let answer = add(&shop, &mut shop.visitor_at("192.0.2.1")).await;
        if answer.status.is_redirection() {
            kept += 1;
        } else {
            let answer = answer.expect_status(429).expect_text("Many have come from your network");
            assert!(answer.headers.contains_key("retry-after"));
        }
    }
    assert_eq!((kept, shop.sessions().await), (5, 5));
    // Whoever has a cart goes on, and so do those elsewhere.
    add(&shop, &mut first).await.expect_redirect("/cart");
    add(&shop, &mut shop.visitor_at("192.0.2.2")).await.expect_redirect("/cart");
}

#[on_both]
async fn a_flood_of_sign_ups_from_one_address_makes_few_accounts(shop: Shop) {
    let shop = behind_proxy(&shop).await;
    for name in ["robin", "wren"] {
        shop.visitor_at("192.0.2.1").sign_up_with_password(name).await.expect_redirect("/");
    }
    let fields = [("username", "heron"), ("display_name", "H"), ("password", PASSWORD)];
    let refused = shop.visitor_at("192.0.2.1").post("/sign-up", &fields).await.expect_status(429);
    refused.expect_text("Many have come from your network").expect_text("value=\"heron\"");
    assert!(shop.store.account_named("heron").await.unwrap().is_none());
    shop.visitor_at("192.0.2.2").sign_up_with_password("heron").await.expect_redirect("/");
}

#[on_both]
async fn what_has_expired_goes_in_batches(shop: Shop) {
    let mut database = shop.connection().await;
    let many = "INSERT INTO used_challenges (challenge, expires_at)
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
        SELECT 'challenge ' || i, 0 FROM n";
    sqlx::query(many).execute(&mut database).await.unwrap();
    let mut batches = vec![];
    loop {
        batches.push(shop.store.delete_expired(shop.clock.now()).await.unwrap());
        if batches.last() == Some(&0) {
            break;
        }
    }
    assert_eq!(batches, [500, 500, 200, 0]);
}

#[on_both]
async fn only_who_comes_back_has_a_cart_for_long(shop: Shop) {
    const HOUR: i64 = 60 * 60 * 1_000;
    let (mut once, mut robin) = (shop.visitor(), shop.visitor());
    for visitor in [&mut once, &mut robin] {
        let answer = add(&shop, visitor).await;
        assert!(answer.cookie().unwrap().contains("Max-Age=3600;"), "{:?}", answer.headers);
    }
    let answer = robin.get("/").await;
    assert!(answer.cookie().unwrap().contains("Max-Age=2592000;"), "{:?}", answer.headers);
    assert!(robin.get("/").await.cookie().is_none(), "once is enough");
    shop.clock.advance(HOUR);
    assert_eq!(shop.store.delete_expired(shop.clock.now()).await.unwrap(), 2);
    robin.get("/cart").await.expect_text("Remove");
    once.get("/cart").await.expect_no_text("Remove");
}
