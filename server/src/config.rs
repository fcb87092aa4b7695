//! Configuration, from the environment.

use std::{
    env, fmt, fs,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    path::Path,
    sync::Arc,
    time::Duration,
};

use axum::http::HeaderValue;
use base64::{Engine, engine::general_purpose::STANDARD};
use ipnet::IpNet;
use leptos::config::{Env, LeptosOptions, ReloadWSProtocol};
use openidconnect::{ClientId, ClientSecret, IssuerUrl};
use serde::Deserialize;
use sha2::{Digest, Sha512};
use url::Url;
use uuid::Uuid;

use crate::{
    guard::{ConnectionLimits, Limits, Rate},
    oidc::{ANSWER_TIMEOUT, Http, Provider, Providers, is_secure},
    session::{COOKIE_LIFETIME, Lifetimes},
    webauthn::Attestation,
};

/// Everything a host can choose.
#[derive(Clone, Debug)]
pub struct Config {
    /// `DATABASE_URL`: `sqlite:FILE` or `postgres://…`.
    pub database: String,
    /// `LATCHKEY_KEY`: a file with a secret, the same for all servers of the shop.
    pub key: Option<Key>,
    /// `LATCHKEY_ORIGIN`: the shop's address as browsers see it. Its host is
    /// the relying party ID.
    pub origin: Url,
    /// `LATCHKEY_RELATED_ORIGINS`: other origins that may use this shop's passkeys
    /// (WebAuthn L3 §5.11), separated by spaces.
    pub related_origins: Vec<Url>,
    /// `LATCHKEY_ATTESTATION`: `none` or `direct`. With `direct`,
    /// `LATCHKEY_ATTESTATION_ROOTS` is a folder of trusted certificates, and
    /// `LATCHKEY_ATTESTATION_MODELS` may name the AAGUIDs that are accepted, separated by
    /// spaces.
    pub attestation: Attestation,
    /// `LATCHKEY_PROVIDERS`: a JSON file with the OpenID Connect providers that people can
    /// sign in with, see the README.
    pub providers: Providers,
    /// `LATCHKEY_AUTOMATIC_SIGN_IN`: `on` or `off`, for the whole shop.
    pub automatic: bool,
    pub limits: Limits,
    /// `LATCHKEY_LOG_ADDRESSES`: `on` or `off`.
    pub log_addresses: bool,
    /// `LATCHKEY_ORIGIN_TRIALS`: tokens of origin trials that pages take part in, separated by
    /// spaces.
    pub origin_trials: Vec<HeaderValue>,
    /// `LATCHKEY_SESSION_IDLE` and `LATCHKEY_SESSION_LIFE`, in days.
    pub lifetimes: Lifetimes,
    /// `LEPTOS_SITE_ADDR`: where to listen.
    pub address: SocketAddr,
    pub leptos: LeptosOptions,
}

/// What is signed that browsers bring back. Without one the database keeps a key.
#[derive(Clone, Copy)]
pub struct Key(pub [u8; 64]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{variable} is not {expected}")]
pub struct ConfigError {
    variable: &'static str,
    expected: &'static str,
}

impl Config {
    /// What a host gets that chooses nothing but these two.
    #[must_use]
    pub fn new(database: String, origin: Url) -> Self {
        let address = ([127, 0, 0, 1], 3000).into();
        Self {
            database,
            key: None,
            origin,
            related_origins: vec![],
            attestation: Attestation::None,
            providers: Providers::default(),
            automatic: true,
            limits: Limits::default(),
            log_addresses: false,
            origin_trials: vec![],
            lifetimes: Lifetimes { idle: 30 * DAY, absolute: 90 * DAY },
            address,
            leptos: leptos_options(address),
        }
    }

    /// # Errors
    /// Names the variable that cannot be used.
    pub fn from_env() -> Result<Self, ConfigError> {
        let address = var("LEPTOS_SITE_ADDR", "127.0.0.1:3000")
            .parse()
            .map_err(|_| wrong("LEPTOS_SITE_ADDR", "an address such as 127.0.0.1:3000"))?;
        Ok(Self {
            database: var("DATABASE_URL", "sqlite:latchkey.db"),
            key: match var(KEY, "").as_str() {
                "" => None,
                file => Some(key(Path::new(file))?),
            },
            origin: origin("LATCHKEY_ORIGIN", &var("LATCHKEY_ORIGIN", "http://localhost:3000"))?,
            related_origins: words("LATCHKEY_RELATED_ORIGINS", |word| {
                origin("LATCHKEY_RELATED_ORIGINS", word)
            })?,
            attestation: attestation()?,
            providers: match var(PROVIDERS, "").as_str() {
                "" => Providers::default(),
                file => Providers(providers(Path::new(file))?),
            },
            automatic: switch(AUTOMATIC, &var(AUTOMATIC, "on"))?,
            limits: limits()?,
            log_addresses: switch(ADDRESSES, &var(ADDRESSES, "off"))?,
            origin_trials: words(TRIALS, |word| {
                word.parse().map_err(|_| wrong(TRIALS, "a list of tokens"))
            })?,
            lifetimes: Lifetimes {
                idle: days(IDLE, &var(IDLE, "30"))?,
                absolute: days(LIFE, &var(LIFE, "90"))?,
            },
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

const KEY: &str = "LATCHKEY_KEY";

/// # Errors
/// What is expected of the file.
fn key(file: &Path) -> Result<Key, ConfigError> {
    let secret = fs::read(file).map_err(|_| wrong(KEY, "a file that can be read"))?;
    if secret.len() < 32 {
        return Err(wrong(KEY, "a file with 32 random bytes or more"));
    }
    Ok(Key(Sha512::digest(secret).into()))
}

const TRIALS: &str = "LATCHKEY_ORIGIN_TRIALS";
const ADDRESSES: &str = "LATCHKEY_LOG_ADDRESSES";
const AUTOMATIC: &str = "LATCHKEY_AUTOMATIC_SIGN_IN";

fn switch(name: &'static str, text: &str) -> Result<bool, ConfigError> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(wrong(name, "on or off")),
    }
}

const IDLE: &str = "LATCHKEY_SESSION_IDLE";
const LIFE: &str = "LATCHKEY_SESSION_LIFE";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
fn days(name: &'static str, text: &str) -> Result<Duration, ConfigError> {
    let days = text.parse().ok().filter(|days| *days > 0).map(|days: u16| u32::from(days) * DAY);
    // No browser keeps the cookie for longer.
    days.filter(|days| *days <= COOKIE_LIFETIME)
        .ok_or_else(|| wrong(name, "a number of days from 1 to 400"))
}

/// What each of the words in a variable stands for.
fn words<T>(
    name: &'static str,
    read: impl Fn(&str) -> Result<T, ConfigError>,
) -> Result<Vec<T>, ConfigError> {
    var(name, "").split_whitespace().map(read).collect()
}

fn limits() -> Result<Limits, ConfigError> {
    const PROXIES: &str = "LATCHKEY_PROXIES";
    let default = Limits::default();
    let network = |word: &str| {
        let one = word.parse::<IpAddr>().map(IpNet::from);
        one.or_else(|_| word.parse())
            .map_err(|_| wrong(PROXIES, "a list of addresses and networks"))
    };
    Ok(Limits {
        tries_per_account: rate("LATCHKEY_TRIES_PER_ACCOUNT", default.tries_per_account)?,
        tries_per_address: rate("LATCHKEY_TRIES_PER_ADDRESS", default.tries_per_address)?,
        sessions_per_address: many("LATCHKEY_SESSIONS_PER_ADDRESS", default.sessions_per_address)?,
        sign_ups_per_address: many("LATCHKEY_SIGN_UPS_PER_ADDRESS", default.sign_ups_per_address)?,
        proxies: words(PROXIES, network)?,
        connections: connections(default.connections)?,
    })
}

fn connections(default: ConnectionLimits) -> Result<ConnectionLimits, ConfigError> {
    let limits = ConnectionLimits::of(many("LATCHKEY_CONNECTIONS", default.all)?);
    let per_address = many("LATCHKEY_CONNECTIONS_PER_ADDRESS", limits.per_address)?;
    Ok(ConnectionLimits { per_address, ..limits })
}

fn many(name: &'static str, default: NonZeroU32) -> Result<NonZeroU32, ConfigError> {
    let text = var(name, &default.to_string());
    text.parse().map_err(|_| wrong(name, "a number from 1"))
}

/// How many a minute, and how many an hour.
fn rate(name: &'static str, default: Rate) -> Result<Rate, ConfigError> {
    let expected = || wrong(name, "two numbers from 2, such as 10 100");
    let number = |word: &str| word.parse().ok().filter(|number| *number >= 2).ok_or_else(expected);
    match words(name, number)?[..] {
        [] => Ok(default),
        [minute, hour] => Ok(Rate { minute, hour }),
        _ => Err(expected()),
    }
}

fn attestation() -> Result<Attestation, ConfigError> {
    const ROOTS: &str = "LATCHKEY_ATTESTATION_ROOTS";
    const MODELS: &str = "LATCHKEY_ATTESTATION_MODELS";
    match var("LATCHKEY_ATTESTATION", "none").as_str() {
        "none" => Ok(Attestation::None),
        "direct" => {
            let models = words(MODELS, |word| {
                Uuid::parse_str(word).map_err(|_| wrong(MODELS, "a list of AAGUIDs"))
            })?;
            Attestation::direct(Path::new(&var(ROOTS, "")), &models)
                .map_err(|_| wrong(ROOTS, "a folder of .pem files with certificates"))
        }
        _ => Err(wrong("LATCHKEY_ATTESTATION", "none or direct")),
    }
}

const PROVIDERS: &str = "LATCHKEY_PROVIDERS";

/// A provider in the JSON file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderEntry {
    id: String,
    name: String,
    issuer: IssuerUrl,
    client_id: ClientId,
    client_secret: Option<ClientSecret>,
    /// A file beside this one.
    icon: Option<String>,
    fedcm: Option<Url>,
}

/// # Errors
/// What is expected of the file. Its text, which has secrets in it, is not repeated.
pub fn providers(file: &Path) -> Result<Vec<Provider>, ConfigError> {
    let expected = |what| wrong(PROVIDERS, what);
    let text = fs::read(file).map_err(|_| expected("a file that can be read"))?;
    let entries: Vec<ProviderEntry> = serde_json::from_slice(&text).map_err(|_| {
        expected(
            "a JSON array of objects with id, name, issuer and client_id, and if there are any \
             client_secret, icon and fedcm",
        )
    })?;
    let http = Http::new(ANSWER_TIMEOUT).map_err(|_| expected("of any use without TLS"))?;
    let mut providers: Vec<Provider> = vec![];
    for entry in entries {
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let known = providers.iter().any(|other| other.id == entry.id);
        if known || entry.id.is_empty() || !entry.id.chars().all(letters) {
            return Err(expected(
                "a list in which every id is another one, of small letters, digits and hyphens",
            ));
        }
        if !is_secure(entry.issuer.url()) || entry.fedcm.as_ref().is_some_and(|url| !is_secure(url))
        {
            return Err(expected("a list of https addresses (or http://localhost)"));
        }
        providers.push(Provider {
            id: entry.id,
            name: entry.name,
            issuer: entry.issuer,
            client_id: entry.client_id,
            client_secret: entry.client_secret,
            icon: entry.icon.map(|icon| data_uri(&file.with_file_name(icon))).transpose()?,
            fedcm: entry.fedcm,
            alone: true,
            http: http.clone(),
            published: Arc::default(),
        });
    }
    let origins: Vec<_> = providers.iter().map(Provider::origin).collect();
    for provider in &mut providers {
        let origin = provider.origin();
        provider.alone = origins.iter().filter(|other| **other == origin).count() == 1;
    }
    Ok(providers)
}

fn data_uri(file: &Path) -> Result<String, ConfigError> {
    let kind = match file.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => "svg+xml",
        Some("png") => "png",
        Some("webp") => "webp",
        _ => return Err(wrong(PROVIDERS, "a list whose icons are .svg, .png or .webp files")),
    };
    let image = fs::read(file)
        .map_err(|_| wrong(PROVIDERS, "a list whose icons are files in the same folder"))?;
    Ok(format!("data:image/{kind};base64,{}", STANDARD.encode(image)))
}

/// WebAuthn works in secure contexts only, and its relying party has a name.
fn origin(name: &'static str, text: &str) -> Result<Url, ConfigError> {
    let expected = "an origin such as https://shop.example, or http://localhost:3000";
    let origin = Url::parse(text).map_err(|_| wrong(name, expected))?;
    if origin.domain().is_none() || !is_secure(&origin) || origin.path() != "/" {
        return Err(wrong(name, expected));
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
    use std::fs;

    use super::{AUTOMATIC, DAY, IDLE, days, key, origin, providers, switch};

    #[test]
    fn a_key_is_as_long_as_it_is_secret() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), [7; 31]).unwrap();
        assert!(key(file.path()).is_err());
        fs::write(file.path(), [7; 32]).unwrap();
        let one = key(file.path()).unwrap();
        assert_eq!(format!("{one:?}"), "Key");
        fs::write(file.path(), [7; 33]).unwrap();
        assert_ne!(one.0, key(file.path()).unwrap().0);
    }

    #[test]
    fn an_origin_is_secure_and_has_a_name() {
        for good in ["https://shop.example", "http://localhost:3000", "http://a.localhost"] {
            assert!(origin("ORIGIN", good).is_ok(), "{good}");
        }
        for bad in
            ["http://shop.example", "https://127.0.0.1", "https://shop.example/shop", "store"]
        {
            assert!(origin("ORIGIN", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_switch_is_on_or_off() {
        assert!(switch(AUTOMATIC, "on").unwrap());
        assert!(!switch(AUTOMATIC, "off").unwrap());
        assert!(switch(AUTOMATIC, "no").is_err());
    }

    #[test]
    fn sessions_live_for_whole_days() {
        assert_eq!(days(IDLE, "30").unwrap(), 30 * DAY);
        for bad in ["0", "-1", "401", "1.5", "a month", ""] {
            assert!(days(IDLE, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn providers_are_read_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("providers.json");
        fs::write(folder.path().join("icon.svg"), "<svg/>").unwrap();
        let read = |text: &str| {
            fs::write(&file, text).unwrap();
            providers(&file)
        };
        let entry = r#""id":"a-1","name":"A","issuer":"https://a.example","client_id":"store""#;
        let found = read(&format!("[{{{entry}}}]")).unwrap();
        assert_eq!((found[0].id.as_str(), found[0].name.as_str()), ("a-1", "A"));
        assert!(found[0].client_secret.is_none() && found[0].fedcm.is_none());
        let whole = r#""client_secret":"s","icon":"icon.svg","fedcm":"https://a.example/f.json""#;
        let found = read(&format!("[{{{entry},{whole}}}]")).unwrap();
        assert_eq!(found[0].icon.as_deref(), Some("data:image/svg+xml;base64,PHN2Zy8+"));
        assert!(found[0].client_secret.is_some() && found[0].fedcm.is_some());
        assert!(read("[]").unwrap().is_empty());

        // A browser remembers origins: of two providers with one it could mean either.
        let other =
            |id: &str, issuer: &str| entry.replace("a-1", id).replace("https://a.example", issuer);
        let (b, c) = (other("b", "https://b.example/x"), other("c", "https://b.example/y"));
        let found = read(&format!("[{{{entry}}},{{{b}}},{{{c}}}]")).unwrap();
        let origins: Vec<_> = found.iter().map(|provider| provider.origin()).collect();
        assert_eq!(origins, [Some("https://a.example".to_owned()), None, None]);

        for bad in [
            "not JSON".to_owned(),
            format!("[{{{entry}}},{{{entry}}}]"),
            format!("[{{{entry},\"secret\":\"kept\"}}]"),
            format!("[{{{entry},\"icon\":\"icon.gif\"}}]"),
            format!("[{{{entry},\"icon\":\"none.svg\"}}]"),
            format!("[{{{entry},\"fedcm\":\"http://a.example/f.json\"}}]"),
            format!("[{{{}}}]", entry.replace("a-1", "A 1")),
            format!("[{{{}}}]", entry.replace("https://", "http://")),
        ] {
            let error = read(&bad).unwrap_err().to_string();
            // Its text has secrets in it.
            assert!(error.contains("LATCHKEY_PROVIDERS") && !error.contains("kept"), "{error}");
        }
    }
}
