//! The products, and the header above them.

use crate::support::{on_both, visitor::Shop};

#[on_both]
async fn the_catalogue_has_a_dozen_products(shop: Shop) {
    let page = shop.visitor().get("/").await.expect_status(200);
    let products = shop.store.catalogue().await.unwrap().products.clone();
    assert_eq!(products.len(), 12);
    for product in products {
        assert!(page.body.contains(&format!("/products/{}", product.slug)), "{}", product.slug);
        assert!(page.body.contains(&product.price.to_string()), "{}", product.slug);
    }
}

#[on_both]
async fn the_header_knows_who_is_looking(shop: Shop) {
    let (mut member, _) = shop.member("robin").await;
    let slug = shop.plenty().await;
    member.post("/cart", &[("slug", &slug), ("quantity", "2"), ("action", "add")]).await;
    for page in ["/", "/cart", "/checkout", "/account", "/no-such-page"] {
        let page = member.get(page).await.body;
        let header = page.split("<header").nth(1).unwrap().split("</header>").next().unwrap();
        assert!(header.contains("Robin") && !header.contains("Sign in"), "{header}");
        assert!(header.contains("with pieces: </span>2"), "{header}");
    }
}
