//! Products and carts.

use std::time::Duration;

use app::api::{Cart, CartLine, Timestamp};
use serde::{Deserialize, Serialize};
use sqlx::{Any, AssertSqlSafe, Row, Transaction, any::AnyExecutor, query, query_as, query_scalar};
use uuid::Uuid;

use super::{
    BATCH, Batch, Result, SessionWrite, Store,
    catalogue::product,
    columns,
    sessions::{self, expect},
    ways::lock,
};

/// Pieces of one product in one cart, at most.
pub const MAX_QUANTITY: i64 = 99;

/// After this time a visitor's untouched cart is given up; before the visitor has come back, after
/// the shorter one.
const ABANDONED_AFTER: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const AT_FIRST: Duration = Duration::from_secs(60 * 60);

/// So many of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct Pieces {
    pub product_id: i64,
    pub quantity: i64,
}

/// Whose cart it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CartOwner {
    Account(Uuid),
    /// The account's, for as long as its session with this handle has not been ended.
    SignedIn {
        account: Uuid,
        handle: String,
    },
    /// By a random id that the visitor's session keeps.
    Visitor(String),
}

impl CartOwner {
    /// The two kinds have different names, so that nothing that a session may hold is the
    /// name of an account's cart.
    pub(super) fn cart_id(&self) -> String {
        match self {
            Self::Account(account) | Self::SignedIn { account, .. } => format!("account:{account}"),
            Self::Visitor(cart) => format!("session:{cart}"),
        }
    }
}

impl Store {
    /// The cart, by product id; empty when there is none.
    pub async fn cart(&self, cart: &CartOwner) -> Result<Cart> {
        Ok(Cart { lines: cart_lines(&self.read, &cart.cart_id()).await? })
    }

    /// Pieces in the cart.
    pub async fn cart_count(&self, cart: &CartOwner) -> Result<i64> {
        let count = query_scalar(
            "SELECT CAST(COALESCE(SUM(quantity), 0) AS BIGINT) FROM cart_lines WHERE cart_id = $1",
        )
        .bind(cart.cart_id());
        Ok(count.fetch_one(&self.read).await?)
    }

    /// Sets how many pieces of a product are in the cart; 0 removes it. Returns how many
    /// there are then: not more than in stock, nor than [`MAX_QUANTITY`]. `None` for an
    /// unknown product.
    pub async fn set_quantity(
        &self,
        cart: &CartOwner,
        slug: &str,
        quantity: i64,
        now: Timestamp,
    ) -> Result<Option<i64>> {
        self.change_quantity(cart, slug, |_| quantity, now).await
    }

    /// Adds pieces of a product to those that are in the cart, within the limits of
    /// [`Store::set_quantity`].
    pub async fn add_to_cart(
        &self,
        cart: &CartOwner,
        slug: &str,
        quantity: i64,
        now: Timestamp,
    ) -> Result<Option<i64>> {
        self.change_quantity(cart, slug, |there| there.saturating_add(quantity), now).await
    }

    async fn change_quantity(
        &self,
        cart: &CartOwner,
        slug: &str,
        change: impl FnOnce(i64) -> i64 + Send,
        now: Timestamp,
    ) -> Result<Option<i64>> {
        let mut tx = self.begin().await?;
        let product: Option<(i64,)> = query_as("SELECT id FROM products WHERE slug = $1")
            .bind(slug)
            .fetch_optional(&mut *tx)
            .await?;
        let Some((product,)) = product else {
            return Ok(None);
        };
        lock_cart(&mut tx, cart, now).await?;
        let quantity = change_line(&mut tx, &cart.cart_id(), product, change).await?;
        tx.commit().await?;
        Ok(Some(quantity))
    }

    /// What is in the cart, by product id.
    pub async fn pieces(&self, cart: &CartOwner) -> Result<Vec<Pieces>> {
        let pieces = query_as(
            "SELECT product_id, quantity FROM cart_lines WHERE cart_id = $1 ORDER BY product_id",
        )
        .bind(cart.cart_id());
        Ok(pieces.fetch_all(&self.read).await?)
    }

    /// Takes out of the account's cart what a sign-in brought along, puts it into a visitor's cart,
    /// and leaves the account: `session` is what its session is from then on.
    ///
    /// # Errors
    /// [`StoreError::SessionEnded`](super::StoreError::SessionEnded) when that has been ended
    /// meanwhile.
    pub async fn give_back(
        &self,
        account: Uuid,
        brought: &[Pieces],
        to: &CartOwner,
        session: &SessionWrite,
        now: Timestamp,
    ) -> Result<()> {
        let rows = rows_of(brought);
        let mut tx = self.begin().await?;
        lock(&mut *tx, account).await?;
        Batch::of(|batch| sessions::write(batch, session, now)).run(&mut tx).await?;
        for sql in [
            format!(
                "DELETE FROM cart_lines WHERE cart_id = $1 AND quantity <= (SELECT b.quantity
                    FROM ({rows}) b WHERE b.product_id = cart_lines.product_id)"
            ),
            format!(
                "UPDATE cart_lines SET quantity = quantity - (SELECT b.quantity
                    FROM ({rows}) b WHERE b.product_id = cart_lines.product_id)
                WHERE cart_id = $1 AND product_id IN (SELECT b.product_id FROM ({rows}) b)"
            ),
        ] {
            let take = query(AssertSqlSafe(sql)).bind(CartOwner::Account(account).cart_id());
            take.execute(&mut *tx).await?;
        }
        lock_cart(&mut tx, to, now).await?;
        let give = format!(
            "INSERT INTO cart_lines (cart_id, product_id, quantity)
            SELECT $1, b.product_id, b.quantity FROM ({rows}) b"
        );
        query(AssertSqlSafe(give)).bind(to.cart_id()).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// A visitor's cart, whose visitor has come back.
    pub async fn keep_cart(&self, cart: &str, now: Timestamp) -> Result<()> {
        query("UPDATE carts SET expires_at = $1 WHERE id = $2")
            .bind((now + ABANDONED_AFTER).0)
            .bind(CartOwner::Visitor(cart.to_owned()).cart_id())
            .execute(&self.write)
            .await?;
        Ok(())
    }

    pub(super) async fn delete_abandoned_carts(&self, now: Timestamp) -> Result<u64> {
        let delete = query(
            "DELETE FROM carts WHERE id IN
                (SELECT id FROM carts WHERE account_id IS NULL AND expires_at <= $1 LIMIT $2)",
        )
        .bind(now.0)
        .bind(BATCH);
        Ok(delete.execute(&self.write).await?.rows_affected())
    }
}

/// Changes of a cart start with a change of a row that stands for it: the account's, or that of
/// a visitor's cart, which so comes to be. On PostgreSQL the row is then locked until the end of
/// the transaction, and what is read from the cart can be relied on; on SQLite the transaction
/// is the only writer anyway.
///
/// # Errors
/// [`StoreError::SessionEnded`](super::StoreError::SessionEnded) when the account or its session
/// is gone.
pub(super) async fn lock_cart(
    tx: &mut Transaction<'_, Any>,
    cart: &CartOwner,
    now: Timestamp,
) -> Result<()> {
    match cart {
        CartOwner::Account(account) => lock(&mut **tx, *account).await,
        CartOwner::SignedIn { account, handle } => {
            lock(&mut **tx, *account).await?;
            expect(&mut **tx, *account, handle, now).await
        }
        CartOwner::Visitor(_) => {
            query(
                "INSERT INTO carts (id, account_id, updated_at, expires_at)
                VALUES ($1, NULL, $2, $3)
                ON CONFLICT (id) DO UPDATE SET updated_at = $2, expires_at = $4",
            )
            .bind(cart.cart_id())
            .bind(now.0)
            .bind((now + AT_FIRST).0)
            .bind((now + ABANDONED_AFTER).0)
            .execute(&mut **tx)
            .await?;
            Ok(())
        }
    }
}

/// Every account has a cart, from its beginning.
pub(super) fn insert_for_account(batch: &mut Batch, account: Uuid, now: Timestamp) {
    batch
        .add("INSERT INTO carts (id, account_id, updated_at) VALUES ($1, $2, $3)")
        .bind(CartOwner::Account(account).cart_id())
        .bind(account.to_string())
        .bind(now.0);
}

/// A query for these pieces, as product ids and quantities. There are some, and nothing but numbers
/// is in it.
fn rows_of(pieces: &[Pieces]) -> String {
    let row = |Pieces { product_id, quantity }: &Pieces| {
        format!("SELECT {product_id} AS product_id, {quantity} AS quantity")
    };
    pieces.iter().map(row).collect::<Vec<_>>().join(" UNION ALL ")
}

/// Moves what is in a visitor's cart to that of an account, which is locked, within the limits
/// of [`Store::set_quantity`]. The lines are taken in the statement that reads them, so of any
/// number of sign-ins only one gets them.
pub(super) async fn merge(
    tx: &mut Transaction<'_, Any>,
    cart: &str,
    account: Uuid,
) -> sqlx::Result<()> {
    let taken: Vec<Pieces> =
        query_as("DELETE FROM cart_lines WHERE cart_id = $1 RETURNING product_id, quantity")
            .bind(CartOwner::Visitor(cart.to_owned()).cart_id())
            .fetch_all(&mut **tx)
            .await?;
    if taken.is_empty() {
        return Ok(());
    }
    let rows = rows_of(&taken);
    let sql = format!(
        "INSERT INTO cart_lines (cart_id, product_id, quantity)
        SELECT $1, p.id, CASE WHEN l.quantity < p.stock THEN l.quantity ELSE p.stock END
            FROM products p JOIN ({rows}) l ON l.product_id = p.id WHERE p.stock > 0
        ON CONFLICT (cart_id, product_id) DO UPDATE SET quantity = (
            SELECT CASE
                WHEN cart_lines.quantity + excluded.quantity <= p.stock
                    AND cart_lines.quantity + excluded.quantity <= $2
                    THEN cart_lines.quantity + excluded.quantity
                WHEN p.stock < $2 THEN p.stock ELSE $2 END
            FROM products p WHERE p.id = excluded.product_id)"
    );
    // Nothing but numbers is put into the text.
    query(AssertSqlSafe(sql))
        .bind(CartOwner::Account(account).cart_id())
        .bind(MAX_QUANTITY)
        .execute(&mut **tx)
        .await
        .map(drop)
}

/// The lines of a cart, by product id.
pub(super) async fn cart_lines(
    db: impl AnyExecutor<'_>,
    cart_id: &str,
) -> sqlx::Result<Vec<CartLine>> {
    query(concat!(
        "SELECT ",
        columns::product!(),
        ", l.quantity FROM cart_lines l JOIN products p ON p.id = l.product_id
        WHERE l.cart_id = $1 ORDER BY p.id"
    ))
    .bind(cart_id)
    .try_map(|row| Ok(CartLine { product: product(&row)?, quantity: row.try_get("quantity")? }))
    .fetch_all(db)
    .await
}

/// Changes the quantity of a product in a locked cart, within its limits. Returns it.
async fn change_line(
    tx: &mut Transaction<'_, Any>,
    cart_id: &str,
    product: i64,
    change: impl FnOnce(i64) -> i64,
) -> sqlx::Result<i64> {
    let (stock, there): (i64, i64) = query_as(
        "SELECT p.stock, COALESCE(l.quantity, 0) AS quantity FROM products p
        LEFT JOIN cart_lines l ON l.product_id = p.id AND l.cart_id = $1
        WHERE p.id = $2",
    )
    .bind(cart_id)
    .bind(product)
    .fetch_one(&mut **tx)
    .await?;
    let quantity = change(there).clamp(0, stock.min(MAX_QUANTITY));
    let write = match quantity {
        0 => query("DELETE FROM cart_lines WHERE cart_id = $1 AND product_id = $2")
            .bind(cart_id)
            .bind(product),
        _ => query(
            "INSERT INTO cart_lines (cart_id, product_id, quantity) VALUES ($1, $2, $3)
            ON CONFLICT (cart_id, product_id) DO UPDATE SET quantity = excluded.quantity",
        )
        .bind(cart_id)
        .bind(product)
        .bind(quantity),
    };
    write.execute(&mut **tx).await?;
    Ok(quantity)
}
