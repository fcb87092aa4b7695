//! Opening a database, new or from before.

use app::api::{Money, Timestamp};
use futures::future::join_all;
use latchkey::store::{CartOwner, Store};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, query, raw_sql};
use uuid::Uuid;

use crate::support::{
    DatabaseUrl, on_both,
    page::hidden,
    store::{LANTERN, NOW, place, sign_up, stock},
    visitor::{Shop, Visitor},
};

/// The URL with which SQLite makes its file.
fn created(url: &str) -> String {
    if url.starts_with("sqlite:") { format!("{url}?mode=rwc") } else { url.to_owned() }
}

#[on_both]
async fn data_outlives_the_server(url: DatabaseUrl) {
    let store = Store::open(&url.0).await.unwrap();
    let ada = sign_up(&store, "ada").await;
    let cart = CartOwner::Account(ada);
    store.set_quantity(&cart, LANTERN, 2, NOW).await.unwrap();
    place(&store, ada, "first").await;
    store.close().await;

    let store = Store::open(&url.0).await.unwrap();
    assert_eq!(store.account(ada).await.unwrap().unwrap().username, "ada");
    assert_eq!(stock(&store, LANTERN).await, 1, "the catalogue is not filled in again");
}

#[on_both]
async fn orders_outlive_the_change_of_their_tables(url: DatabaseUrl) {
    // A shop of the first version, with an order in it.
    let mut database = AnyConnection::connect(&created(&url.0)).await.unwrap();
    let mut first = sqlx::migrate!();
    first.migrations = first.migrations[..1].to_vec().into();
    first.run_direct(None, &mut database, false).await.unwrap();
    raw_sql(
        "INSERT INTO accounts VALUES
            ('00000000-0000-0000-0000-000000000007', 'Ada', 'ada', 'Ada', 1);
        INSERT INTO orders VALUES
            ('LK-1', '00000000-0000-0000-0000-000000000007', 'p', 'Ada', 'London', 500, 2);
        INSERT INTO order_lines VALUES ('LK-1', 1, 'door-mat', 'Mat', 250, 2);",
    )
    .execute(&mut database)
    .await
    .unwrap();
    database.close().await.unwrap();

    let store = Store::open(&url.0).await.unwrap();
    let order = store.order(Uuid::from_u128(7), "LK-1").await.unwrap().unwrap();
    assert_eq!((order.total, order.placed), (Money(500), Timestamp(2)));
    assert_eq!((order.delivery.address.as_str(), order.lines[0].quantity), ("London", 2));
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_on_the_machine_reads_the_database() {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt,
    };

    let folder = tempfile::tempdir().unwrap();
    let [new, old] = ["new.db", "old.db"].map(|name| folder.path().join(name));
    // Made by a version that left it to the system.
    for end in ["", "-wal", "-shm"] {
        let file = format!("{}{end}", old.display());
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    }
    for (url, path) in
        [(format!("sqlite:{}", new.display()), new), (format!("sqlite://{}", old.display()), old)]
    {
        let store = Store::open(&url).await.unwrap();
        sign_up(&store, "ada").await;
        for end in ["", "-wal", "-shm"] {
            let file = format!("{}{end}", path.display());
            let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{file}");
        }
    }
}

#[on_both]
async fn servers_may_start_at_the_same_time(url: DatabaseUrl) {
    let opened = join_all((0..4).map(|_| Store::open(&url.0))).await;
    for store in opened {
        assert_eq!(store.unwrap().catalogue().await.unwrap().products.len(), 12);
    }
}

#[on_both]
async fn columns_that_a_newer_server_adds_are_no_trouble(shop: Shop) {
    let (mut member, mut passkey) = shop.member("robin").await;
    let mut with_password = shop.member_with_password("wren").await;
    let slug = shop.plenty().await;
    let look_around = async |member: &mut Visitor| {
        member.post("/cart", &[("slug", &slug), ("quantity", "1"), ("action", "add")]).await;
        let placement = hidden(&member.get("/checkout").await.body, "placement");
        let order = [("placement", placement.as_str()), ("name", "Robin"), ("address", "Here 1")];
        let placed = member.post("/checkout", &order).await.expect_status(303);
        let number = placed.headers["location"].to_str().unwrap();
        for path in ["/", "/cart", "/account", "/account/recovery-codes", number] {
            member.get(path).await.expect_status(200);
        }
        shop.store.refresh_catalogue().await.unwrap();
    };
    look_around(&mut member).await;
    look_around(&mut with_password).await;

    let mut database = shop.connection().await;
    for table in [
        "accounts",
        "passwords",
        "passkeys",
        "sessions",
        "products",
        "carts",
        "cart_lines",
        "orders",
        "order_lines",
        "recovery_codes",
        "events",
        "identities",
        "tries",
    ] {
        let add = AssertSqlSafe(format!("ALTER TABLE {table} ADD COLUMN newer TEXT"));
        query(add).execute(&mut database).await.unwrap();
    }
    look_around(&mut member).await;
    look_around(&mut with_password).await;
    member.sign_out().await;
    member.sign_in(&mut passkey).await.expect_status(200);
    with_password.sign_out_and_in("wren").await.expect_redirect("/cart");
}
