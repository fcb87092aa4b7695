//! What a press needs of the server, fetched before the press.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use futures::future::{FutureExt, LocalBoxFuture, Shared};

use super::{browser, client};
use crate::api::{Options, Result, StartSignIn};

type Fetch<T> = Shared<LocalBoxFuture<'static, Result<T>>>;

/// Something that is on its way from the server, or here.
pub(super) struct Prefetched<T: Clone> {
    pub(super) fetch: Fetch<T>,
    /// When it was begun, in milliseconds since 1970.
    begun: f64,
}

thread_local! {
    static PREFETCHED: RefCell<Option<Prefetched<Options>>> = const { RefCell::new(None) };
    static PAUSED: Cell<bool> = const { Cell::new(false) };
}

/// How long options are fresh, after which they are renewed. The server takes an answer for five
/// minutes; what is asked for by then leaves a minute for it.
pub(super) const FRESH: Duration = Duration::from_secs(4 * 60);

/// Fetches options for a request, unless fresh ones are here or on their way. Gives back whether
/// it did.
pub(super) fn begin() -> bool {
    if PAUSED.get() {
        return false;
    }
    let fresh = PREFETCHED.with_borrow(|here| here.as_ref().is_some_and(Prefetched::is_fresh));
    if !fresh {
        PREFETCHED.set(Some(Prefetched::begin(client::call(StartSignIn {}))));
    }
    !fresh
}

/// Takes the options for one request; nobody gets them a second time.
pub(super) async fn take() -> Result<Options> {
    begin();
    match PREFETCHED.take() {
        Some(here) => here.fetch.await,
        None => client::call(StartSignIn {}).await,
    }
}

/// Fetches nothing until [`resume`]. While a sign-in changes the session, nothing else may ask with
/// the old one: the answer could bring the old cookie back.
pub(super) fn pause() {
    PAUSED.set(true);
}

/// Fetches again, and forgets what was fetched before: it may belong to a session that has ended.
pub(super) fn resume() {
    PREFETCHED.set(None);
    PAUSED.set(false);
}

impl<T: Clone + 'static> Prefetched<T> {
    /// Begins a fetch at once, whoever takes its answer.
    pub(super) fn begin(fetch: impl Future<Output = Result<T>> + 'static) -> Self {
        let fetch = fetch.boxed_local().shared();
        // Polled by nobody, a future does not begin.
        leptos::task::spawn_local(fetch.clone().map(drop));
        Self { fetch, begun: browser::now() }
    }

    /// Whether what came, or will come, can still be used.
    pub(super) fn is_fresh(&self) -> bool {
        let failed = matches!(self.fetch.peek(), Some(Err(_)));
        !failed && browser::now() - self.begun < FRESH.as_secs_f64() * 1000.0
    }
}
