//! Starts the shop.

use std::{env, error::Error, time::Duration};

use latchkey::{
    clock::Clock,
    config::Config,
    credentials::Username,
    guard::connections::{self, Stopped},
    http, log,
    session::Event,
    state::State,
    store::Store,
};
use mimalloc::MiMalloc;
use tokio::{
    net::TcpListener,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tracing_subscriber::EnvFilter;

/// Pages are made of many small strings: with it they take half of the time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// tower-sessions warns of every cookie whose session has ended, which is nothing unusual.
const LOG: &str = "info,tower_sessions_core=error";

/// For the database to end what it is at, after the connections.
const CLOSING: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOG));
    log::start(filter, std::io::stdout);

    connections::raise_descriptors();
    let config = Config::from_env()?;
    match &env::args().skip(1).collect::<Vec<_>>()[..] {
        [] => serve(config).await,
        [command, whose] if command == "end-sessions" => end_sessions(&config, whose).await,
        _ => Err("usage: latchkey [end-sessions USERNAME | end-sessions --all]".into()),
    }
}

/// Ends sessions, for a host who has to; the shop may be open meanwhile.
async fn end_sessions(config: &Config, whose: &str) -> Result<(), Box<dyn Error>> {
    let username = (whose != "--all").then(|| Username::key_of(whose));
    let store = Store::open(&config.database).await?;
    let event = |account| Event::HostEndedSessions.of(account, "", String::new());
    let accounts = store.end_sessions(username.as_deref(), event, Clock::system().now()).await?;
    println!("Ended the sessions of {accounts} account{}", if accounts == 1 { "" } else { "s" });
    Ok(())
}

async fn serve(config: Config) -> Result<(), Box<dyn Error>> {
    let (address, limits) = (config.address, config.limits.clone());
    let state = State::new(config, Clock::system()).await?;
    tokio::spawn(tidy(state.clone()));
    tokio::spawn(look_again(state.store.clone()));

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

/// Looks for changes of the catalogue that other servers or the host have made, once a second.
async fn look_again(store: Store) {
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        second.tick().await;
        if let Err(error) = store.refresh_catalogue().await {
            tracing::warn!(%error, "the catalogue could not be read again");
        }
    }
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
