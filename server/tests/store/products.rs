//! The catalogue.

use latchkey::store::Store;

use crate::support::{on_both, store::MAT};

#[on_both]
async fn products_come_in_order_and_by_slug(store: Store) {
    let catalogue = store.catalogue().await.unwrap();
    let products = &catalogue.products;
    assert!(products.is_sorted_by_key(|product| product.id));
    assert_eq!(catalogue.product(MAT), Some(&products[5]));
    assert_eq!(catalogue.product("no-such-thing"), None);
}
