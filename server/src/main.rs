//! Starts the shop.

use std::{error::Error, time::Duration};

use latchkey::{
    clock::Clock,
    config::Config,
    guard::connections::{self, Stopped},
    http,
    state::State,
};
use tokio::{
    net::TcpListener,
    time::{interval, sleep, timeout},
};
use tracing_subscriber::EnvFilter;

/// tower-sessions warns of every cookie whose session has ended, which is nothing unusual.
const LOG: &str = "info,tower_sessions_core=error";

/// For the database to end what it is at, after the connections.
const CLOSING: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOG));
    tracing_subscriber::fmt().with_env_filter(filter).init();

    connections::raise_descriptors();
    let config = Config::from_env()?;
    let (address, limits) = (config.address, config.limits.clone());
    let state = State::new(config, Clock::system()).await?;
    tokio::spawn(tidy(state.clone()));

    let listener = TcpListener::bind(address).await?;
    println!("Latchkey is open at {}", state.origin.origin().ascii_serialization());
    let store = state.store.clone();
    let router = http::router(state);
    let stopped =
        connections::serve(listener, router, limits.connections, &limits.proxies, shutdown()).await;
    let Stopped { closed, ended, cut } = stopped;
    tracing::info!(closed, ended, cut, "the shop is shut; these connections were open");
    if timeout(CLOSING, store.close()).await.is_err() {
        tracing::warn!("the database was still at work");
    }
    Ok(())
}

/// Deletes what has expired, once a minute, in batches with pauses between them.
async fn tidy(state: State) {
    let mut minute = interval(Duration::from_secs(60));
    loop {
        minute.tick().await;
        state.newcomers.tidy();
        loop {
            match state.store.delete_expired(state.clock.now()).await {
                Ok(0) => break,
                Ok(_) => sleep(Duration::from_millis(200)).await,
                Err(error) => {
                    tracing::warn!(%error, "could not delete what has expired");
                    break;
                }
            }
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
