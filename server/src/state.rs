//! What all requests share.

use std::{ops::Deref, path::Path, sync::Arc, thread::available_parallelism};

use app::api::paths::{ICON, IMAGES};
use axum::http::HeaderValue;
use ipnet::IpNet;
use leptos::config::{Env, LeptosOptions};
use url::Url;

use crate::{
    assets::Assets,
    clock::Clock,
    config::Config,
    credentials::Passwords,
    guard::{KnownBrowsers, Newcomers, Tries},
    kept_pages::KeptPages,
    oidc::{Attempts, Providers},
    session::{Challenges, Sessions},
    store::{Store, StoreError},
    webauthn::RelyingParty,
};

/// What all requests share. Clones are the same.
#[derive(Clone, Debug)]
pub struct State(Arc<Shared>);

#[derive(Debug)]
pub struct Shared {
    pub store: Store,
    pub sessions: Sessions,
    pub challenges: Challenges,
    pub relying_party: RelyingParty,
    pub passwords: Passwords,
    pub tries: Tries,
    pub newcomers: Newcomers,
    pub known_browsers: KnownBrowsers,
    /// Whether the log has the addresses that requests come from.
    pub log_addresses: bool,
    /// Tokens of origin trials, for pages.
    pub origin_trials: Vec<HeaderValue>,
    /// Whose word is taken for where a request came from.
    pub proxies: Vec<IpNet>,
    pub clock: Clock,
    pub origin: Url,
    /// Whose pages may use this shop's passkeys as well.
    pub related_origins: Vec<Url>,
    pub providers: Providers,
    pub attempts: Attempts,
    /// Whether a saved password may sign in without being asked for.
    pub automatic: bool,
    pub assets: Assets,
    pub kept_pages: KeptPages,
    pub leptos: LeptosOptions,
}

/// Why the shop does not open.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    #[error("the origin: {0}")]
    Origin(String),
    #[error("password hashing: {0}")]
    Passwords(String),
}

impl State {
    /// Opens the database and prepares what requests need.
    ///
    /// # Errors
    /// Says what of the configuration cannot be used.
    pub async fn new(config: Config, clock: Clock) -> Result<Self, StartError> {
        let Config { origin, related_origins, attestation, limits, .. } = config;
        let relying_party = RelyingParty::new(&origin, &related_origins, attestation)
            .map_err(|error| StartError::Origin(error.to_string()))?;
        // Half of the cores: passkeys have the rest, however many try passwords.
        let passwords = Passwords::new(
            available_parallelism().map_or(1, |cores| (usize::from(cores) / 2).max(1)),
        )
        .map_err(|error| StartError::Passwords(error.to_string()))?;
        let store = Store::open(&config.database).await?;
        let key = match config.key {
            Some(key) => key.0,
            None => store.secret_key().await?,
        };
        let assets = match config.leptos.env {
            // They change while it is open.
            Env::DEV => Assets::default(),
            Env::PROD => {
                let package = app::package(&config.leptos);
                Assets::read(Path::new(&*config.leptos.site_root), &[IMAGES, &package, ICON])
            }
        };
        Ok(Self(Arc::new(Shared {
            assets,
            sessions: Sessions::new(store.clone(), clock.clone(), config.lifetimes),
            challenges: Challenges::new(key),
            known_browsers: KnownBrowsers::new(key),
            newcomers: Newcomers::new(&limits),
            proxies: limits.proxies.clone(),
            log_addresses: config.log_addresses,
            origin_trials: config.origin_trials,
            tries: Tries::new(key, limits),
            store,
            relying_party,
            passwords,
            clock,
            origin,
            related_origins,
            providers: config.providers,
            attempts: Attempts::default(),
            automatic: config.automatic,
            kept_pages: KeptPages::default(),
            leptos: config.leptos,
        })))
    }

    /// Whether browsers are to send its cookies over TLS only.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.origin.scheme() == "https"
    }
}

impl Deref for State {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
