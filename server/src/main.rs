//! Starts the store.

use std::{error::Error, thread::available_parallelism, time::Duration};

use latchkey::{Clock, Passwords, RelyingParty, Server, Store, config::Config, http};
use tokio::{net::TcpListener, time::interval};
use tracing_subscriber::EnvFilter;

/// tower-sessions warns of every cookie whose session has ended, which is nothing unusual.
const LOG: &str = "info,tower_sessions_core=error";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOG));
    tracing_subscriber::fmt().with_env_filter(filter).init();

    let config = Config::from_env()?;
    let server = Server {
        store: Store::open(&config.database).await?,
        relying_party: RelyingParty::new(
            &config.origin,
            &config.related_origins,
            config.attestation,
        )?,
        passwords: Passwords::new(available_parallelism().map_or(1, usize::from))?,
        clock: Clock::system(),
        origin: config.origin.clone(),
        related_origins: config.related_origins,
        providers: config.providers,
        automatic: config.automatic,
        leptos: config.leptos,
    };
    tokio::spawn(tidy(server.clone()));

    let listener = TcpListener::bind(config.address).await?;
    println!("Latchkey is open at {}", config.origin.origin().ascii_serialization());
    let store = server.store.clone();
    axum::serve(listener, http::router(server)).with_graceful_shutdown(shutdown()).await?;
    store.close().await;
    Ok(())
}

/// Deletes what has expired, once an hour.
async fn tidy(server: Server) {
    let mut hour = interval(Duration::from_secs(60 * 60));
    loop {
        hour.tick().await;
        if let Err(error) = server.store.delete_expired(server.clock.now()).await {
            tracing::warn!(%error, "could not delete what has expired");
        }
    }
}

async fn shutdown() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! { _ = interrupt => (), _ = terminate.recv() => () }
            return;
        }
    }
    let _ = interrupt.await;
}
