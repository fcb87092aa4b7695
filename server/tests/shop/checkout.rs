//! From the checkout to the order, with links and forms.

use crate::support::{
    authenticator::Authenticator,
    on_both,
    page::hidden,
    visitor::{PASSWORD, Shop},
};

#[on_both]
async fn an_order_from_end_to_end_without_javascript(shop: Shop) {
    let mut visitor = shop.visitor();
    let slug = shop.plenty().await;
    let stock = shop.store.catalogue().await.unwrap().product(&slug).unwrap().stock;
    visitor
        .post("/cart", &[("slug", &slug), ("quantity", "2"), ("action", "add")])
        .await
        .expect_redirect("/cart");
    visitor.get("/checkout").await.expect_redirect("/sign-in?next=/checkout");
    visitor.get("/sign-in?next=/checkout").await.expect_text("Sign in to check out");
    let account = [
        ("username", "robin"),
        ("display_name", "Robin"),
        ("password", PASSWORD),
        ("way", "password"),
        ("next", "/checkout"),
    ];
    visitor.post("/sign-up", &account).await.expect_redirect("/checkout");

    let page = visitor.get("/checkout").await.expect_status(200);
    let placement = hidden(&page.body, "placement");
    let incomplete = [("placement", placement.as_str()), ("name", "Robin"), ("address", " ")];
    let again = visitor.post("/checkout", &incomplete).await.expect_status(422);
    assert_eq!(hidden(&again.body, "placement"), placement);

    let order = [
        ("placement", placement.as_str()),
        ("name", "Robin"),
        ("address", "1 Sample Lane\nTestham"),
    ];
    let placed = visitor.post("/checkout", &order).await;
    let number = placed.headers["location"].to_str().unwrap().to_owned();
    visitor.post("/checkout", &order).await.expect_redirect(&number);
    visitor.get(&number).await.expect_status(200).expect_text("1 Sample Lane");
    assert_eq!(shop.store.catalogue().await.unwrap().product(&slug).unwrap().stock, stock - 2);

    let (mut other, _) = shop.member("other").await;
    other.get(&number).await.expect_status(404);
    let detour = format!("/sign-in?next={number}");
    shop.visitor().get(&number).await.expect_redirect(&detour);
    shop.visitor().get("/account").await.expect_redirect("/sign-in?next=/account");
}

#[on_both]
async fn everything_works_for_a_new_passkey_too(shop: Shop) {
    let (mut visitor, mut passkey) = (shop.visitor(), Authenticator::new());
    let slug = shop.plenty().await;
    visitor.post("/cart", &[("slug", &slug), ("quantity", "1"), ("action", "add")]).await;
    visitor.sign_up("robin", &mut passkey).await.expect_status(200);
    visitor.get("/checkout").await.expect_status(200).expect_text(&slug);
}

#[on_both]
async fn what_is_delivered_is_kept_without_the_space_around_it(shop: Shop) {
    let (mut member, _) = shop.member("robin").await;
    let slug = shop.plenty().await;
    member.post("/cart", &[("slug", &slug), ("quantity", "1"), ("action", "add")]).await;
    let placement = hidden(&member.get("/checkout").await.body, "placement");
    let order = [
        ("placement", placement.as_str()),
        ("name", " Robin "),
        ("address", " 1 Sample Lane\r\nTestham\r\n "),
    ];
    let placed = member.post("/checkout", &order).await;
    let number = placed.headers["location"].to_str().unwrap().to_owned();
    member.get(&number).await.expect_text(">Robin<").expect_text("Testham<");
}

#[on_both]
async fn what_sold_out_meanwhile_is_said_and_the_cart_kept(shop: Shop) {
    let last = shop.last_one().await;
    let (mut slow, _) = shop.member("slow").await;
    let (mut fast, _) = shop.member("fast").await;
    let mut placements = Vec::new();
    for visitor in [&mut slow, &mut fast] {
        visitor
            .post("/cart", &[("slug", &last), ("quantity", "1"), ("action", "add")])
            .await
            .expect_redirect("/cart");
        placements.push(hidden(&visitor.get("/checkout").await.body, "placement"));
    }
    let order = |at: usize| {
        [("placement", placements[at].as_str()), ("name", "Robin"), ("address", "1 Sample Lane")]
    };
    assert!(fast.post("/checkout", &order(1)).await.status.is_redirection());
    let answer = slow.post("/checkout", &order(0)).await.expect_status(409);
    answer.expect_text("just sold out");
    slow.get("/cart").await.expect_text(&last);
}
