//! The way to PostgreSQL, to the server of the tests: it has a certificate for `localhost`, and
//! none for `127.0.0.1`.

use std::path::{Path, PathBuf};

use latchkey::store::{Store, StoreError};
use sqlx::{AnyConnection, Connection, query_scalar};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use url::Url;
use uuid::Uuid;

use crate::support::{DatabaseUrl, on_postgres};

/// The number of an SSLRequest (PostgreSQL's protocol 3.0).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// The URL with another host, and with what it says of TLS.
fn at(url: &str, host: &str, mode: &str, roots: Option<&Path>) -> String {
    let mut url: Url = url.parse().unwrap();
    let kept: Vec<_> =
        url.query_pairs().into_owned().filter(|(key, _)| !key.starts_with("ssl")).collect();
    url.set_host(Some(host)).unwrap();
    let mut pairs = url.query_pairs_mut();
    pairs.clear().extend_pairs(kept).append_pair("sslmode", mode);
    if let Some(roots) = roots {
        pairs.append_pair("sslrootcert", roots.to_str().unwrap());
    }
    drop(pairs);
    url.into()
}

/// The certificate of the authority that the server's is from, and that of another one.
async fn authorities(url: &str) -> [PathBuf; 2] {
    let mut database = AnyConnection::connect(url).await.unwrap();
    let right: String = query_scalar("SHOW ssl_ca_file").fetch_one(&mut database).await.unwrap();
    let right = PathBuf::from(right);
    let wrong = right.with_file_name("other.pem");
    assert!(wrong.exists(), "not the server of `./.setup postgres start`");
    [right, wrong]
}

/// How many connections a shop with this URL has to the server: over TLS, and in the clear.
async fn connections(url: &DatabaseUrl, shops: &str) -> (i64, i64) {
    let name = format!("shop-{}", Uuid::new_v4());
    let mut shops: Url = shops.parse().unwrap();
    shops.query_pairs_mut().append_pair("application_name", &name);
    let store = Store::open(shops.as_str()).await.unwrap();
    let mut database = AnyConnection::connect(&url.0).await.unwrap();
    let mut count = async |ssl: i64| -> i64 {
        let count = "SELECT COUNT(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
            WHERE application_name = $1 AND CAST(ssl AS INTEGER) = $2";
        query_scalar(count).bind(&name).bind(ssl).fetch_one(&mut database).await.unwrap()
    };
    let counted = (count(1).await, count(0).await);
    store.close().await;
    counted
}

/// Why there is no connection.
async fn refusal(url: &str) -> String {
    match Store::open(url).await.unwrap_err() {
        StoreError::Database(error) => error.to_string(),
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn who_asks_for_tls_has_it() {
    on_postgres(async |url: DatabaseUrl| {
        let [right, _] = authorities(&url.0).await;
        for shops in [
            at(&url.0, "localhost", "verify-full", Some(&right)),
            at(&url.0, "127.0.0.1", "verify-ca", Some(&right)),
            at(&url.0, "127.0.0.1", "require", None),
        ] {
            let (tls, plain) = connections(&url, &shops).await;
            assert!(tls > 0 && plain == 0, "{shops}: {tls}, {plain}");
        }
        // What the other tests do.
        let (tls, plain) = connections(&url, &url.0).await;
        assert!(tls == 0 && plain > 0, "{tls}, {plain}");
    })
    .await;
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    on_postgres(async |url: DatabaseUrl| {
        let [_, wrong] = authorities(&url.0).await;
        for mode in ["verify-ca", "verify-full"] {
            // None named: those that browsers know.
            for roots in [Some(&*wrong), None] {
                let refusal = refusal(&at(&url.0, "localhost", mode, roots)).await;
                assert!(refusal.contains("UnknownIssuer"), "{mode}: {refusal}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    on_postgres(async |url: DatabaseUrl| {
        let [right, _] = authorities(&url.0).await;
        let refusal = refusal(&at(&url.0, "127.0.0.1", "verify-full", Some(&right))).await;
        assert!(refusal.contains("not valid for name"), "{refusal}");
    })
    .await;
}

/// What a server without TLS hears of a shop after it has said so.
async fn heard_in_the_clear(mode: &str) -> usize {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url =
        format!("postgres://shop:secret@{}/shop?sslmode={mode}", server.local_addr().unwrap());
    let serve = async {
        let (mut stream, _) = server.accept().await.unwrap();
        let mut request = [0; 8];
        stream.read_exact(&mut request).await.unwrap();
        assert_eq!(request, SSL_REQUEST);
        stream.write_all(b"N").await.unwrap();
        stream.read(&mut [0; 1024]).await.unwrap()
    };
    let (opened, heard) = tokio::join!(Store::open(&url), serve);
    assert!(opened.is_err());
    heard
}

#[tokio::test]
async fn nothing_is_said_to_a_postgres_without_tls_if_tls_was_asked_for() {
    for mode in ["require", "verify-ca", "verify-full"] {
        assert_eq!(heard_in_the_clear(mode).await, 0, "{mode}");
    }
    assert!(heard_in_the_clear("prefer").await > 0, "that is what it means");
}
