//! The catalogue.

use latchkey::store::Store;

use crate::support::{on_both, store::MAT};

#[on_both]
async fn products_come_in_order_and_by_slug(store: Store) {
    let products = store.products().await.unwrap();
    assert!(products.is_sorted_by_key(|product| product.id));
    assert_eq!(store.product(MAT).await.unwrap().as_ref(), Some(&products[5]));
    assert_eq!(store.product("no-such-thing").await.unwrap(), None);
}
