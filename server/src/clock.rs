//! The time, handed in.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use app::api::Timestamp;

/// Where the server's time comes from: the system, or a test's own hands.
#[derive(Clone, Debug)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    #[must_use]
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still until [`Clock::advance`].
    #[must_use]
    pub fn stopped_at(now: Timestamp) -> Self {
        Self(Some(Arc::new(AtomicI64::new(now.0))))
    }

    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Some(stopped) => Timestamp(stopped.load(Ordering::SeqCst)),
            None => Timestamp(jiff::Timestamp::now().as_millisecond()),
        }
    }

    /// Moves a stopped clock; the system's clock is not ours to move.
    pub fn advance(&self, milliseconds: i64) {
        if let Some(stopped) = &self.0 {
            stopped.fetch_add(milliseconds, Ordering::SeqCst);
        }
    }
}
