//! Orders: from a cart to a number, once.

use std::time::Duration;

use app::api::{CartLine, Delivery, Money, Order, OrderLine, OrderSummary, Timestamp};
use rand::seq::IndexedRandom;
use sqlx::{
    Any, Row, Transaction,
    any::{AnyExecutor, AnyRow},
    query, query_scalar,
};
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    CartOwner, Result, Store,
    carts::{cart_lines, lock_cart},
    timestamp,
};

/// So long does an answer wait for the catalogue to be read again.
const A_MOMENT: Duration = Duration::from_secs(1);

/// What came of the wish to order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// The new order's number.
    Placed(String),
    /// The number of the order that this placement had made before.
    Already(String),
    /// There was nothing in the cart.
    Empty,
    /// Nothing was ordered, for of these products there is too little.
    Short(Vec<Shortage>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    pub slug: String,
    /// Pieces in the cart.
    pub wanted: i64,
    /// Pieces in stock.
    pub left: i64,
}

impl Store {
    /// Orders what is in the account's cart, all of it or nothing, and empties the cart.
    /// Two calls with one `placement` make one order, also when they come at once. `handle`: that
    /// of the session in which it is ordered.
    ///
    /// # Errors
    /// [`StoreError::SessionEnded`](super::StoreError::SessionEnded) when that has been ended
    /// meanwhile.
    pub async fn place_order(
        &self,
        account: Uuid,
        handle: &str,
        placement: &str,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<Placement> {
        let cart = CartOwner::SignedIn { account, handle: handle.to_owned() };
        let cart_id = cart.cart_id();
        let mut tx = self.begin().await?;
        // A second order from this cart waits here until the first is done.
        lock_cart(&mut tx, &cart, now).await?;
        if let Some(number) = placed_before(&mut *tx, account, placement).await? {
            return Ok(Placement::Already(number));
        }
        let lines = cart_lines(&mut *tx, &cart_id).await?;
        if lines.is_empty() {
            return Ok(Placement::Empty);
        }
        let short = take_from_stock(&mut tx, &lines).await?;
        if !short.is_empty() {
            return Ok(Placement::Short(short));
        }
        let number = random_number();
        insert_order(&mut tx, &number, account, placement, delivery, &lines, now).await?;
        insert_lines(&mut tx, &number, &lines).await?;
        query("DELETE FROM cart_lines WHERE cart_id = $1").bind(cart_id).execute(&mut *tx).await?;
        tx.commit().await?;
        // The next page tells what is left. The order is placed in any case.
        match timeout(A_MOMENT, self.refresh_catalogue()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the catalogue could not be read again"),
            Err(_) => tracing::warn!("the catalogue is still being read"),
        }
        Ok(Placement::Placed(number))
    }

    /// An order of this account; `None` for anybody else's.
    pub async fn order(&self, account: Uuid, number: &str) -> Result<Option<Order>> {
        let order = query("SELECT placed_at, delivery_name, delivery_address, total FROM orders WHERE number = $1 AND account_id = $2")
            .bind(number)
            .bind(account.to_string());
        let Some(row) = order.fetch_optional(&self.read).await? else {
            return Ok(None);
        };
        Ok(Some(Order {
            number: number.to_owned(),
            placed: timestamp(&row, "placed_at")?,
            delivery: Delivery {
                name: row.try_get("delivery_name")?,
                address: row.try_get("delivery_address")?,
            },
            lines: order_lines(&self.read, number).await?,
            total: row.try_get("total").map(Money)?,
        }))
    }

    /// The account's orders, newest first.
    pub async fn orders_of(&self, account: Uuid) -> Result<Vec<OrderSummary>> {
        let orders = query(
            "SELECT o.number, o.placed_at, o.total, CAST(SUM(l.quantity) AS BIGINT) AS pieces
            FROM orders o JOIN order_lines l ON l.order_number = o.number
            WHERE o.account_id = $1 GROUP BY o.number ORDER BY o.placed_at DESC, o.number",
        )
        .bind(account.to_string())
        .try_map(|row: AnyRow| {
            Ok(OrderSummary {
                number: row.try_get("number")?,
                placed: timestamp(&row, "placed_at")?,
                pieces: row.try_get("pieces")?,
                total: row.try_get("total").map(Money)?,
            })
        });
        Ok(orders.fetch_all(&self.read).await?)
    }
}

async fn placed_before(
    db: impl AnyExecutor<'_>,
    account: Uuid,
    placement: &str,
) -> sqlx::Result<Option<String>> {
    query_scalar("SELECT number FROM orders WHERE account_id = $1 AND placement = $2")
        .bind(account.to_string())
        .bind(placement)
        .fetch_optional(db)
        .await
}

/// Takes the lines' pieces, and returns the lines of which there are too few. The lines
/// are sorted by product, so orders that share products wait for each other in one
/// direction only.
async fn take_from_stock(
    tx: &mut Transaction<'_, Any>,
    lines: &[CartLine],
) -> sqlx::Result<Vec<Shortage>> {
    let mut short = Vec::new();
    for line in lines {
        let taken = query("UPDATE products SET stock = stock - $1 WHERE id = $2 AND stock >= $1")
            .bind(line.quantity)
            .bind(line.product.id)
            .execute(&mut **tx)
            .await?;
        if taken.rows_affected() == 0 {
            let left = query_scalar("SELECT stock FROM products WHERE id = $1")
                .bind(line.product.id)
                .fetch_one(&mut **tx)
                .await?;
            let slug = line.product.slug.clone();
            short.push(Shortage { slug, wanted: line.quantity, left });
        }
    }
    Ok(short)
}

async fn insert_order(
    tx: &mut Transaction<'_, Any>,
    number: &str,
    account: Uuid,
    placement: &str,
    delivery: &Delivery,
    lines: &[CartLine],
    now: Timestamp,
) -> sqlx::Result<()> {
    let total: Money = lines.iter().map(CartLine::total).sum();
    query(
        "INSERT INTO orders
            (number, account_id, placement, delivery_name, delivery_address, total, placed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(number)
    .bind(account.to_string())
    .bind(placement)
    .bind(&delivery.name)
    .bind(&delivery.address)
    .bind(total.0)
    .bind(now.0)
    .execute(&mut **tx)
    .await
    .map(drop)
}

async fn insert_lines(
    tx: &mut Transaction<'_, Any>,
    number: &str,
    lines: &[CartLine],
) -> sqlx::Result<()> {
    for (position, line) in (1_i64..).zip(lines) {
        query(
            "INSERT INTO order_lines (order_number, position, slug, name, price, quantity)
            VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(number)
        .bind(position)
        .bind(&line.product.slug)
        .bind(&line.product.name)
        .bind(line.product.price.0)
        .bind(line.quantity)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

async fn order_lines(db: impl AnyExecutor<'_>, number: &str) -> sqlx::Result<Vec<OrderLine>> {
    query("SELECT slug, name, price, quantity FROM order_lines WHERE order_number = $1 ORDER BY position")
        .bind(number)
        .try_map(|row: AnyRow| {
            Ok(OrderLine {
                slug: row.try_get("slug")?,
                name: row.try_get("name")?,
                price: row.try_get("price").map(Money)?,
                quantity: row.try_get("quantity")?,
            })
        })
        .fetch_all(db)
        .await
}

/// Like `LK-7XK2M9QWTA`: nothing to mistake when read aloud, and one of 8 · 10¹⁴.
fn random_number() -> String {
    const SIGNS: &[u8] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
    let mut random = rand::rng();
    let signs = (0..10).filter_map(|_| SIGNS.choose(&mut random).copied());
    format!("LK-{}", signs.map(char::from).collect::<String>())
}
