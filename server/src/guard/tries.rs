//! Guessing: how often a password, a recovery code or a username may be tried.
//!
//! Wrong tries are counted by the name that was typed, whether or not anybody has it, and by the
//! address that they come from; shared by all servers, in the database. A browser that has signed
//! in to the account before is counted by itself and by nothing else, so nobody can lock the
//! owner out. A few wrong ones are free, then each costs a wait, which grows; a sign-in forgets
//! them. Passkeys and providers, which nobody can guess, are never slowed.

use std::{net::IpAddr, time::Duration};

use app::api::{Code, PublicError, Result, Timestamp};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tokio::{
    sync::{Mutex, MutexGuard},
    time::timeout,
};
use uuid::Uuid;

use super::{
    Limits, Rate,
    address::{customer, network},
};
use crate::store::{Store, TriesRow, WrongTry};

/// Tries at one subject go one after the other on this server: the next one sees how the one
/// before ended. So many may go on at the same time; two subjects rarely share a turn.
const TURNS: usize = 4096;
/// How long a turn is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// How many times as many tries as from an address there may be from its network.
const ADDRESSES_OF_A_NETWORK: u32 = 4;

/// Counts wrong tries.
pub struct Tries {
    key: [u8; 64],
    limits: Limits,
    turns: Vec<Mutex<()>>,
}

/// Who is counted, beside the address.
#[derive(Clone, Copy, Debug)]
pub enum Guesser<'a> {
    /// Whoever types this name.
    Stranger { name: &'a str },
    /// A browser that has signed in to the account before, by its name.
    KnownBrowser { account: Uuid, browser: &'a str },
    /// Whoever asks whether this username is free, to sign up with it.
    NewVisitor { name: &'a str },
}

/// A try that was let through. Until it is dropped, the next one waits.
pub struct Try<'a> {
    /// What is to be counted if it turns out wrong.
    pub if_wrong: Vec<WrongTry>,
    /// Whose wrong tries are to be forgotten if it turns out right; none where there were none.
    pub if_right: Option<String>,
    /// Whether somebody has the username that a new visitor asks for.
    pub is_taken: bool,
    _turn: MutexGuard<'a, ()>,
}

impl Tries {
    /// `key`: the same for all servers of one shop, and known to nobody else.
    #[must_use]
    pub fn new(key: [u8; 64], limits: Limits) -> Self {
        Self { key, limits, turns: (0..TURNS).map(|_| Mutex::default()).collect() }
    }

    /// Lets a try through, when it is its turn.
    ///
    /// # Errors
    /// [`Code::TooManyTries`], with the time to wait; [`Code::Busy`] after two seconds without a
    /// turn.
    pub async fn begin(
        &self,
        store: &Store,
        guesser: Guesser<'_>,
        from: IpAddr,
        now: Timestamp,
    ) -> Result<Try<'_>> {
        let counted = self.counted(guesser, from);
        let first = &counted[0].subject;
        let turn = timeout(LONGEST_WAIT, self.turns[self.turn(first)].lock()).await;
        let turn = turn.map_err(|_| Code::Busy)?;
        let (found, is_taken) = match guesser {
            Guesser::NewVisitor { name } => store.tries_and_taken(&counted, name).await?,
            _ => (store.tries(&counted).await?, false),
        };
        let wait = counted.iter().filter_map(|tried| {
            let row = found.iter().find(|row| row.subject == tried.subject)?;
            Some((wait(row, tried, now), &tried.subject))
        });
        if let Some((wait, subject)) = wait.max().filter(|(wait, _)| !wait.is_zero()) {
            tracing::info!(target: "security", event = "throttled", subject, seconds = wait.as_secs());
            return Err(PublicError::too_many_tries(wait));
        }
        let is_remembered = found.iter().any(|row| row.subject == *first);
        let if_right = is_remembered.then(|| first.clone());
        Ok(Try { if_right, if_wrong: counted, is_taken, _turn: turn })
    }

    /// What a wrong try is counted by, who first.
    fn counted(&self, guesser: Guesser<'_>, from: IpAddr) -> Vec<WrongTry> {
        let account = self.limits.tries_per_account;
        let first = match guesser {
            Guesser::KnownBrowser { account: id, browser } => {
                return vec![self.one("browser", &format!("{id} {browser}"), account)];
            }
            Guesser::Stranger { name } => Some(self.one("name", name, account)),
            Guesser::NewVisitor { .. } => None,
        };
        let address = self.limits.tries_per_address;
        let of_network = |network: IpAddr| {
            self.one("network", &network.to_string(), address.times(ADDRESSES_OF_A_NETWORK))
        };
        let of_address = self.one("address", &customer(from).to_string(), address);
        first.into_iter().chain([of_address]).chain(network(from).map(of_network)).collect()
    }

    /// A name that was typed may be somebody's password, in the wrong field: only a keyed hash of
    /// it is kept.
    fn one(&self, kind: &str, text: &str, rate: Rate) -> WrongTry {
        let mut code = Hmac::<Sha256>::new(&self.key.into());
        code.update(b"tries");
        for part in [kind, text] {
            code.update(&part.len().to_be_bytes());
            code.update(part.as_bytes());
        }
        let subject = BASE64_URL_SAFE_NO_PAD.encode(&code.finalize().into_bytes()[..16]);
        let (minute, hour) = rate.each();
        WrongTry { subject, minute, hour }
    }

    fn turn(&self, subject: &str) -> usize {
        subject.bytes().fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(byte.into()))
            % self.turns.len()
    }
}

/// How long until one more wrong try would be over within its minute and its hour.
fn wait(row: &TriesRow, one: &WrongTry, now: Timestamp) -> Duration {
    let over = |end: Timestamp, each: Duration, within: Duration| {
        let milliseconds = (end.max(now) + each).0 - (now + within).0;
        Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
    };
    let minute = over(row.minute_over, one.minute, Rate::MINUTE);
    minute.max(over(row.hour_over, one.hour, Rate::HOUR))
}

impl std::fmt::Debug for Tries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tries").field("limits", &self.limits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tries() -> Tries {
        Tries::new([7; 64], Limits::default())
    }

    /// How many wrong tries are let through by then, for somebody who never waits in vain.
    fn let_through(until: Duration) -> u32 {
        let [begin, end] = [Timestamp(1_000_000), Timestamp(1_000_000) + until];
        let one = &tries().counted(Guesser::Stranger { name: "robin" }, [192, 0, 2, 1].into())[0];
        let mut row = TriesRow { subject: String::new(), minute_over: begin, hour_over: begin };
        let (mut now, mut count) = (begin, 0);
        while now <= end {
            let wait = wait(&row, one, now);
            if wait.is_zero() {
                count += 1;
                row.minute_over = row.minute_over.max(now) + one.minute;
                row.hour_over = row.hour_over.max(now) + one.hour;
            }
            now = now + wait;
        }
        count
    }

    #[test]
    fn no_account_is_guessed_at_more_often_than_allowed() {
        assert_eq!(let_through(Duration::from_millis(1)), 5);
        assert_eq!(let_through(Rate::MINUTE), 10);
        assert_eq!(let_through(Rate::HOUR), 100);
    }

    #[test]
    fn waits_grow() {
        let one = &tries().counted(Guesser::Stranger { name: "robin" }, [192, 0, 2, 1].into())[0];
        let now = Timestamp(1_000_000);
        let after = |tries: u32| {
            let row = TriesRow {
                subject: String::new(),
                minute_over: now + one.minute * tries,
                hour_over: now + one.hour * tries,
            };
            wait(&row, one, now).as_secs()
        };
        assert_eq!([0, 4, 5, 6, 60].map(after), [0, 0, 12, 24, 792]);
    }

    #[test]
    fn strangers_are_counted_by_name_and_address_and_known_browsers_apart() {
        let subjects = |guesser, from: &str| -> Vec<String> {
            let counted = tries().counted(guesser, from.parse().unwrap());
            counted.into_iter().map(|tried| tried.subject).collect()
        };
        let robin = Guesser::Stranger { name: "robin" };
        let [here, elsewhere] = ["192.0.2.1", "192.0.2.2"].map(|from| subjects(robin, from));
        assert_eq!((here.len(), &here[0]), (2, &elsewhere[0]));
        assert_ne!(here[1], elsewhere[1]);
        let [a, b] = ["2001:db8::1", "2001:db8:0:1::1"].map(|from| subjects(robin, from));
        assert_eq!((a.len(), &a[2]), (3, &b[2]));
        assert_ne!(a[1], b[1]);
        let known = Guesser::KnownBrowser { account: Uuid::nil(), browser: "b" };
        assert_eq!(subjects(known, "192.0.2.1").len(), 1);
        let new = Guesser::NewVisitor { name: "robin" };
        assert_eq!(subjects(new, "192.0.2.1"), here[1..]);
    }
}
