//! Configuration, from the environment.

use std::{env, net::SocketAddr};

use leptos::config::{Env, LeptosOptions, ReloadWSProtocol};
use url::Url;

/// Everything a host can choose.
#[derive(Clone, Debug)]
pub struct Config {
    /// `DATABASE_URL`: `sqlite:FILE` or `postgres://…`.
    pub database: String,
    /// `LATCHKEY_ORIGIN`: the store's address as browsers see it. Its host is
    /// the relying party ID.
    pub origin: Url,
    /// `LEPTOS_SITE_ADDR`: where to listen.
    pub address: SocketAddr,
    pub leptos: LeptosOptions,
}

#[derive(Debug, thiserror::Error)]
#[error("{variable} is not {expected}")]
pub struct ConfigError {
    variable: &'static str,
    expected: &'static str,
}

impl Config {
    /// # Errors
    /// Names the variable that cannot be used.
    pub fn from_env() -> Result<Self, ConfigError> {
        let address = var("LEPTOS_SITE_ADDR", "127.0.0.1:3000")
            .parse()
            .map_err(|_| wrong("LEPTOS_SITE_ADDR", "an address such as 127.0.0.1:3000"))?;
        Ok(Self {
            database: var("DATABASE_URL", "sqlite:latchkey.db"),
            origin: origin(&var("LATCHKEY_ORIGIN", "http://localhost:3000"))?,
            address,
            leptos: leptos_options(address),
        })
    }
}

fn var(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}

fn wrong(variable: &'static str, expected: &'static str) -> ConfigError {
    ConfigError { variable, expected }
}

/// WebAuthn works in secure contexts only, and its relying party has a name.
fn origin(text: &str) -> Result<Url, ConfigError> {
    let expected = "an origin such as https://store.example, or http://localhost:3000";
    let origin = Url::parse(text).map_err(|_| wrong("LATCHKEY_ORIGIN", expected))?;
    let host = origin.domain().unwrap_or_default();
    let local = host == "localhost" || host.ends_with(".localhost");
    let secure = origin.scheme() == "https" || (origin.scheme() == "http" && local);
    if host.is_empty() || !secure || origin.path() != "/" {
        return Err(wrong("LATCHKEY_ORIGIN", expected));
    }
    Ok(origin)
}

/// What cargo-leptos passes on, with the values of Cargo.toml for a server that
/// is started without it.
#[must_use]
pub fn leptos_options(address: SocketAddr) -> LeptosOptions {
    LeptosOptions::builder()
        .output_name("latchkey")
        .site_root(var("LEPTOS_SITE_ROOT", "target/site"))
        .site_pkg_dir(var("LEPTOS_SITE_PKG_DIR", "pkg"))
        .site_addr(address)
        .reload_port(var("LEPTOS_RELOAD_PORT", "3001").parse().unwrap_or(3001))
        .reload_ws_protocol(ReloadWSProtocol::WS)
        .env(if env::var_os("LEPTOS_WATCH").is_some() { Env::DEV } else { Env::PROD })
        .build()
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_is_secure_and_has_a_name() {
        for good in ["https://store.example", "http://localhost:3000", "http://a.localhost"] {
            assert!(origin(good).is_ok(), "{good}");
        }
        for bad in
            ["http://store.example", "https://127.0.0.1", "https://store.example/shop", "store"]
        {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
