//! The way to PostgreSQL: TLS as the URL says, never less.

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use super::{Result, StoreError};

/// What may be said of TLS in a URL.
const KNOWN: [&str; 9] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
];

/// Refuses what sqlx would pass over: a word about TLS that it does not know, and a root
/// certificate that nothing is checked against. What is left it takes as it stands: `require`
/// and better fail where there is no TLS, and `verify-full` where the certificate is another's.
///
/// A URL that says nothing means `prefer`, as everywhere with PostgreSQL: TLS where the server
/// offers it, unchecked. On another machine that deserves a warning.
///
/// # Errors
/// [`StoreError::Wire`]
pub(super) fn check(url: &str) -> Result<()> {
    let parsed: Url = url.parse().map_err(|_| StoreError::Wire("cannot be read"))?;
    let options: PgConnectOptions = url.parse()?;
    let words = || parsed.query_pairs().map(|(key, _)| key);
    let about_tls = |key: &str| key.to_ascii_lowercase().starts_with("ssl");
    if words().any(|key| about_tls(&key) && !KNOWN.contains(&&*key)) {
        return Err(StoreError::Wire("says something of TLS that is not known"));
    }
    let is_verified = matches!(options.get_ssl_mode(), PgSslMode::VerifyCa | PgSslMode::VerifyFull);
    let names_roots =
        words().any(|key| ["sslrootcert", "ssl-root-cert", "ssl-ca"].contains(&&*key));
    if names_roots && !is_verified {
        return Err(StoreError::Wire(
            "names a root certificate, which is of use with sslmode=verify-full or verify-ca only",
        ));
    }
    if !is_verified && !is_here(&options) {
        tracing::warn!(
            host = options.get_host(),
            "the database is elsewhere and its URL does not ask for sslmode=verify-full: who is \
             on the way may read and change everything"
        );
    }
    Ok(())
}

/// Whether it is on this machine.
fn is_here(options: &PgConnectOptions) -> bool {
    let host = options.get_host().trim_matches(['[', ']']);
    options.get_socket().is_some()
        || host == "localhost"
        || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{check, is_here};

    #[test]
    fn what_is_said_of_tls_is_not_passed_over() {
        for good in [
            "postgres://shop@db.example/shop",
            "postgres://shop@db.example/shop?sslmode=require",
            "postgres://shop@db.example/shop?sslmode=verify-full&sslrootcert=/etc/db.pem",
            "postgres://shop@db.example/shop?ssl-mode=verify-ca&ssl-ca=/etc/db.pem",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in [
            "postgres://shop@db.example/shop?sslmode=verify_full",
            "postgres://shop@db.example/shop?sslmode=",
            "postgres://shop@db.example/shop?sslMode=verify-full",
            "postgres://shop@db.example/shop?ssl=true",
            "postgres://shop@db.example/shop?ssl_mode=require",
            "postgres://shop@db.example/shop?sslrootcert=/etc/db.pem",
            "postgres://shop@db.example/shop?sslmode=require&sslrootcert=/etc/db.pem",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_database_is_here_or_elsewhere() {
        for (url, here) in [
            ("postgres://localhost/shop", true),
            ("postgres://127.0.0.1/shop", true),
            ("postgres://[::1]/shop", true),
            ("postgres:///shop?host=/run/postgresql", true),
            ("postgres://%2Frun%2Fpostgresql/shop", true),
            ("postgres://db.example/shop", false),
            ("postgres://10.0.0.7/shop", false),
        ] {
            assert_eq!(is_here(&url.parse().unwrap()), here, "{url}");
        }
    }
}
