//! The catalogue, in memory: every page shows some of it, and it seldom changes.
//!
//! It is read again after each order, which takes from the stock, and once a second
//! ([`Store::refresh_catalogue`]) for what other servers or the host have changed. Whoever puts
//! something into a cart or orders it is told by the database itself.

use std::sync::{Arc, PoisonError, RwLock};

use app::api::{Cart, CartLine, Money, Product};
use sqlx::{Row, any::AnyRow, query};
use tokio::sync::Mutex;

use super::{Pieces, Result, Store, columns};

/// All products, by id, as they were at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    pub products: Vec<Product>,
    /// Grows with every change that this server has seen.
    pub version: u64,
}

impl Catalogue {
    #[must_use]
    pub fn product(&self, slug: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.slug == slug)
    }

    /// A cart with these pieces; `None` where one of the products is too new to be here.
    #[must_use]
    pub fn cart(&self, pieces: &[Pieces]) -> Option<Cart> {
        let line = |pieces: &Pieces| {
            let product = self.products.iter().find(|product| product.id == pieces.product_id)?;
            Some(CartLine { product: product.clone(), quantity: pieces.quantity })
        };
        Some(Cart { lines: pieces.iter().map(line).collect::<Option<_>>()? })
    }
}

#[derive(Debug, Default)]
pub(super) struct Cached {
    current: RwLock<Option<Arc<Catalogue>>>,
    /// Of two who read it again, the second has the newer one.
    refreshing: Mutex<()>,
}

impl Cached {
    fn get(&self) -> Option<Arc<Catalogue>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, catalogue: Arc<Catalogue>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(catalogue);
    }
}

impl Store {
    /// The catalogue, as it was a second ago at most.
    pub async fn catalogue(&self) -> Result<Arc<Catalogue>> {
        match self.catalogue.get() {
            Some(catalogue) => Ok(catalogue),
            None => self.refresh_catalogue().await,
        }
    }

    /// Reads the catalogue again.
    pub async fn refresh_catalogue(&self) -> Result<Arc<Catalogue>> {
        let _turn = self.catalogue.refreshing.lock().await;
        let read = query(concat!("SELECT ", columns::product!(), " FROM products p ORDER BY p.id"))
            .try_map(|row| product(&row));
        let products = read.fetch_all(&self.read).await?;
        let before = self.catalogue.get();
        if let Some(before) = before.as_ref().filter(|before| before.products == products) {
            return Ok(before.clone());
        }
        let version = before.map_or(0, |before| before.version + 1);
        let catalogue = Arc::new(Catalogue { products, version });
        self.catalogue.set(catalogue.clone());
        Ok(catalogue)
    }
}

/// A product, of a row that has its columns.
pub(super) fn product(row: &AnyRow) -> sqlx::Result<Product> {
    Ok(Product {
        id: row.try_get("id")?,
        slug: row.try_get("slug")?,
        name: row.try_get("name")?,
        summary: row.try_get("summary")?,
        description: row.try_get("description")?,
        price: row.try_get("price").map(Money)?,
        stock: row.try_get("stock")?,
    })
}
