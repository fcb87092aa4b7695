//! What keeps the shop quick and shut under those who push at it.

pub mod address;
pub mod connections;
pub mod known_browser;
pub mod newcomers;
pub mod tries;

use std::{num::NonZeroU32, time::Duration};

use ipnet::IpNet;

pub use connections::ConnectionLimits;
pub use known_browser::KnownBrowsers;
pub use newcomers::Newcomers;
pub use tries::Tries;

/// What strangers may do, and how often: a host can choose other figures.
#[derive(Clone, Debug)]
pub struct Limits {
    /// `LATCHKEY_TRIES_PER_ACCOUNT`: wrong passwords and recovery codes for one account, from all
    /// browsers together that have not signed in to it before; and from each that has.
    pub tries_per_account: Rate,
    /// `LATCHKEY_TRIES_PER_ADDRESS`: from one address, with IPv6 from one /64; four times as many
    /// from a /48.
    pub tries_per_address: Rate,
    /// `LATCHKEY_SESSIONS_PER_ADDRESS`: sessions of visitors that begin in an hour.
    pub sessions_per_address: NonZeroU32,
    /// `LATCHKEY_SIGN_UPS_PER_ADDRESS`: accounts that are made in an hour.
    pub sign_ups_per_address: NonZeroU32,
    /// `LATCHKEY_PROXIES`: whose word is taken for where a request came from, as addresses and
    /// networks, separated by spaces.
    pub proxies: Vec<IpNet>,
    pub connections: ConnectionLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tries_per_account: Rate { minute: 10, hour: 100 },
            tries_per_address: Rate { minute: 60, hour: 600 },
            sessions_per_address: NonZeroU32::MIN.saturating_add(599),
            sign_ups_per_address: NonZeroU32::MIN.saturating_add(119),
            proxies: vec![],
            connections: ConnectionLimits::default(),
        }
    }
}

/// How many there may be within any minute, and within any hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub minute: u32,
    pub hour: u32,
}

impl Rate {
    pub const MINUTE: Duration = Duration::from_secs(60);
    pub const HOUR: Duration = Duration::from_secs(60 * 60);

    /// What each of them adds to the minute and to the hour. Half of them may come at once, and
    /// the other half while those are forgotten: so no minute has more, wherever it begins.
    #[must_use]
    pub fn each(self) -> (Duration, Duration) {
        (Self::MINUTE * 2 / self.minute.max(2), Self::HOUR * 2 / self.hour.max(2))
    }

    /// The same, for so many together.
    #[must_use]
    pub fn times(self, many: u32) -> Self {
        Self { minute: self.minute.saturating_mul(many), hour: self.hour.saturating_mul(many) }
    }
}
