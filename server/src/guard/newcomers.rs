//! What strangers can have kept: a visitor's session with its cart, and a new account. How many of
//! each there may be is counted by address and in all, on each server by itself: whoever asks for
//! more than that costs no statement.

use std::{net::IpAddr, num::NonZeroU32};

use app::api::{PublicError, Result};
use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

use super::{Limits, address::customer};

/// How many times as many there may be in all as from one address.
const ADDRESSES: u32 = 100;

/// How many reports of browsers there may be in the log, a minute.
const REPORTS: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// Counts what begins.
pub struct Newcomers {
    sessions: Counter,
    accounts: Counter,
    reports: DefaultDirectRateLimiter,
}

struct Counter {
    by_address: DefaultKeyedRateLimiter<IpAddr>,
    in_all: DefaultDirectRateLimiter,
}

impl Newcomers {
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        let [sessions, accounts] =
            [limits.sessions_per_address, limits.sign_ups_per_address].map(Counter::new);
        let reports = RateLimiter::direct(Quota::per_minute(REPORTS));
        Self { sessions, accounts, reports }
    }

    /// A session begins that nobody is signed in to.
    ///
    /// # Errors
    /// [`Code::TooManyTries`](app::api::Code::TooManyTries)
    pub fn session(&self, from: IpAddr) -> Result<()> {
        self.sessions.count(from)
    }

    /// An account is made.
    ///
    /// # Errors
    /// [`Code::TooManyTries`](app::api::Code::TooManyTries)
    pub fn account(&self, from: IpAddr) -> Result<()> {
        self.accounts.count(from)
    }

    /// Whether one more report of a browser's may be logged.
    pub fn report(&self) -> bool {
        self.reports.check().is_ok()
    }

    /// Forgets addresses that have nothing counted any more.
    pub fn tidy(&self) {
        for counter in [&self.sessions, &self.accounts] {
            counter.by_address.retain_recent();
            counter.by_address.shrink_to_fit();
        }
    }
}

impl Counter {
    /// Half of an hour's may come at once, and the other half while those are forgotten.
    fn new(per_hour: NonZeroU32) -> Self {
        let quota = |many: NonZeroU32| {
            let half = NonZeroU32::new(many.get() / 2).unwrap_or(NonZeroU32::MIN);
            Quota::per_hour(half)
        };
        let in_all = per_hour.saturating_mul(NonZeroU32::MIN.saturating_add(ADDRESSES - 1));
        Self {
            by_address: RateLimiter::keyed(quota(per_hour)),
            in_all: RateLimiter::direct(quota(in_all)),
        }
    }

    fn count(&self, from: IpAddr) -> Result<()> {
        self.by_address.check_key(&customer(from)).map_err(|not| refusal(&not))?;
        self.in_all.check().map_err(|not| refusal(&not))
    }
}

fn refusal(not: &NotUntil<<DefaultClock as Clock>::Instant>) -> PublicError {
    let wait = not.wait_time_from(DefaultClock::default().now());
    tracing::info!(target: "security", event = "too_many_newcomers", seconds = wait.as_secs());
    PublicError::too_many_newcomers(wait)
}

impl std::fmt::Debug for Newcomers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Newcomers").finish_non_exhaustive()
    }
}
