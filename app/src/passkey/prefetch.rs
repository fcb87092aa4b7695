//! Sign-in options, fetched before they are needed.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use futures::future::{FutureExt, LocalBoxFuture, Shared};

use super::{browser, server};
use crate::api::{Options, Result, ceremonies::StartSignIn};

type Fetch = Shared<LocalBoxFuture<'static, Result<Options>>>;

struct Prefetched {
    fetch: Fetch,
    /// When it was begun, in milliseconds since 1970.
    begun: f64,
}

thread_local! {
    static PREFETCHED: RefCell<Option<Prefetched>> = const { RefCell::new(None) };
    static PAUSED: Cell<bool> = const { Cell::new(false) };
}

/// After this, options are renewed. The server keeps them for five minutes; what
/// is asked for by then leaves a minute for the answer.
pub(super) const FRESH: Duration = Duration::from_secs(4 * 60);

/// Fetches options, unless fresh ones are here or on their way: then it says so
/// with `false`.
pub(super) fn begin() -> bool {
    if PAUSED.get() {
        return false;
    }
    let fresh = PREFETCHED.with_borrow(|here| here.as_ref().is_some_and(Prefetched::is_fresh));
    if !fresh {
        let fetch = server::call(StartSignIn {}).boxed_local().shared();
        // Polled by nobody, a future does not begin.
        leptos::task::spawn_local(fetch.clone().map(drop));
        PREFETCHED.set(Some(Prefetched { fetch, begun: browser::now() }));
    }
    !fresh
}

/// Options for one request: nobody gets them a second time.
pub(super) async fn take() -> Result<Options> {
    begin();
    match PREFETCHED.take() {
        Some(here) => here.fetch.await,
        None => server::call(StartSignIn {}).await,
    }
}

/// While a sign-in changes the session, nothing else may ask with the old one:
/// the answer could bring the old cookie back.
pub(super) fn pause() {
    PAUSED.set(true);
}

pub(super) fn resume() {
    PAUSED.set(false);
}

impl Prefetched {
    fn is_fresh(&self) -> bool {
        let failed = matches!(self.fetch.peek(), Some(Err(_)));
        !failed && browser::now() - self.begun < FRESH.as_secs_f64() * 1000.0
    }
}
