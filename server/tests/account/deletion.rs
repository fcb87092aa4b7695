//! Deleting the account.

use uuid::Uuid;

use crate::support::{on_both, visitor::Shop};

#[on_both]
async fn a_deleted_account_leaves_its_orders_without_the_person(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    visitor.post("/cart", &[("slug", "door-mat"), ("quantity", "2"), ("action", "add")]).await;
    let placement = Uuid::new_v4().to_string();
    let fields = [
        ("placement", placement.as_str()),
        ("name", "Robin Goodfellow"),
        ("address", "A wood near Athens"),
    ];
    let order = visitor.post("/checkout", &fields).await;
    let number =
        order.headers["location"].to_str().unwrap().trim_start_matches("/orders/").to_owned();
    let mut elsewhere = shop.visitor();
    elsewhere.sign_in(&mut passkey).await.expect_status(200);

    visitor.post("/account/delete", &[]).await.expect_redirect("/goodbye");
    visitor.get("/goodbye").await.expect_status(200).expect_text("Your account is deleted");
    visitor.get("/goodbye").await.expect_no_text("Your account is deleted");
    assert!(!visitor.is_signed_in().await && !elsewhere.is_signed_in().await);
    shop.visitor().sign_in(&mut passkey).await.expect_refusal(404, "unknown_credential");
    assert!(!shop.store.username_taken("robin").await.unwrap());
    let kept = shop
        .column(
            "SELECT delivery_name || delivery_address || COALESCE(account_id, 'nobody') \
                 FROM orders WHERE number = $1",
            &number,
        )
        .await;
    assert_eq!(kept, "nobody");
    shop.member("robin").await.0.get(&format!("/orders/{number}")).await.expect_status(404);
}
