//! Sign-in options, fetched before they are needed.

use std::cell::RefCell;

use futures::future::{FutureExt, LocalBoxFuture, Shared};

use super::browser;
use crate::api::{Options, Result, ceremonies::start_sign_in};

type Fetch = Shared<LocalBoxFuture<'static, Result<Options>>>;

struct Prefetched {
    fetch: Fetch,
    /// When it was begun, in milliseconds since 1970.
    begun: f64,
}

thread_local! {
    static PREFETCHED: RefCell<Option<Prefetched>> = const { RefCell::new(None) };
}

/// Milliseconds after which options are renewed. The server keeps them for five
/// minutes; what is asked for by then leaves a minute for the answer.
pub(super) const FRESH: f64 = 4.0 * 60.0 * 1000.0;

/// Fetches options, unless fresh ones are here or on their way.
pub(super) fn begin() {
    drop(fetch());
}

fn fetch() -> Fetch {
    PREFETCHED.with_borrow_mut(|slot| {
        let now = browser::now();
        if let Some(here) = slot.as_ref().filter(|here| now - here.begun < FRESH) {
            return here.fetch.clone();
        }
        let fetch = start_sign_in().boxed_local().shared();
        // Polled by nobody, a future does not begin.
        leptos::task::spawn_local(fetch.clone().map(|_| ()));
        *slot = Some(Prefetched { fetch: fetch.clone(), begun: now });
        fetch
    })
}

/// Options for one request: nobody gets them a second time.
pub(super) async fn take() -> Result<Options> {
    let fetch = fetch();
    PREFETCHED.take();
    fetch.await
}
