//! Who is connected, and who gives way when there are too many.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// What speaks for a connection when others want its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has had no answer yet, and we wait for it.
    Unproven,
    /// It has had an answer, and we wait for it.
    Waiting,
    /// It waits for us.
    Working,
}

/// The connections there are, in all and from each address.
#[derive(Debug)]
pub(super) struct Crowd {
    most: usize,
    most_each: usize,
    /// A connection may want a moment for its first request.
    grace: Duration,
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    last: u64,
    all: Ranks,
    by_address: HashMap<IpAddr, Ranks>,
}

/// Members by their standing, in each those first that have it the longest.
#[derive(Debug, Default)]
struct Ranks([BTreeMap<(Instant, u64), Seat>; 3]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rank {
    standing: Standing,
    since: Instant,
    number: u64,
}

#[derive(Clone, Debug)]
struct Seat {
    /// None for one that is not counted by its address.
    address: Option<IpAddr>,
    given_up: Arc<Notify>,
}

/// A connection's place, which is free when this is dropped.
#[derive(Debug)]
pub(super) struct Member {
    crowd: Arc<Crowd>,
    rank: Rank,
    seat: Seat,
}

impl Crowd {
    pub(super) fn new(most: usize, most_each: usize, grace: Duration) -> Arc<Self> {
        Arc::new(Self { most, most_each, grace, members: Mutex::default() })
    }

    /// A place for a newcomer, and whether somebody gave way; none if everybody deserves theirs
    /// more.
    pub(super) fn admit(self: &Arc<Self>, address: Option<IpAddr>) -> Option<(Member, bool)> {
        let now = Instant::now();
        let mut members = self.members();
        let of_address = address.and_then(|address| members.by_address.get(&address));
        let giver = match of_address {
            Some(neighbours) if neighbours.len() >= self.most_each => {
                Some(neighbours.least(now, self.grace)?)
            }
            _ if members.all.len() >= self.most => Some(members.all.least(now, self.grace)?),
            _ => None,
        };
        if let Some(rank) = giver {
            members.evict(rank);
        }
        members.last += 1;
        let rank = Rank { standing: Standing::Unproven, since: now, number: members.last };
        let seat = Seat { address, given_up: Arc::default() };
        members.insert(rank, seat.clone());
        Some((Member { crowd: self.clone(), rank, seat }, giver.is_some()))
    }

    /// Some give way where a newcomer cannot even be seen.
    pub(super) fn thin_out(&self) {
        let mut members = self.members();
        for _ in 0..=members.all.len() / 32 {
            if let Some(rank) = members.all.least(Instant::now(), self.grace) {
                members.evict(rank);
            }
        }
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Members {
    fn insert(&mut self, rank: Rank, seat: Seat) {
        if let Some(address) = seat.address {
            self.by_address.entry(address).or_default().insert(rank, seat.clone());
        }
        self.all.insert(rank, seat);
    }

    fn remove(&mut self, rank: Rank) -> Option<Seat> {
        let seat = self.all.remove(rank)?;
        if let Some(address) = seat.address
            && let Some(neighbours) = self.by_address.get_mut(&address)
        {
            neighbours.remove(rank);
            if neighbours.len() == 0 {
                self.by_address.remove(&address);
            }
        }
        Some(seat)
    }

    fn evict(&mut self, rank: Rank) {
        if let Some(seat) = self.remove(rank) {
            seat.given_up.notify_one();
        }
    }
}

impl Ranks {
    fn len(&self) -> usize {
        self.0.iter().map(BTreeMap::len).sum()
    }

    fn insert(&mut self, rank: Rank, seat: Seat) {
        self.0[rank.standing as usize].insert((rank.since, rank.number), seat);
    }

    fn remove(&mut self, rank: Rank) -> Option<Seat> {
        self.0[rank.standing as usize].remove(&(rank.since, rank.number))
    }

    fn first(&self, standing: Standing) -> Option<Rank> {
        let (&(since, number), _) = self.0[standing as usize].first_key_value()?;
        Some(Rank { standing, since, number })
    }

    /// One that has not completed a request, the oldest first; then the one that has been idle
    /// for the longest. One that has come just now is spared if it can be: otherwise those who
    /// keep all places by one cheap request each would have newcomers drive each other out. None
    /// where all are being answered.
    fn least(&self, now: Instant, grace: Duration) -> Option<Rank> {
        let unproven = self.first(Standing::Unproven);
        unproven
            .filter(|rank| now.duration_since(rank.since) >= grace)
            .or_else(|| self.first(Standing::Waiting))
            .or(unproven)
    }
}

impl Member {
    /// Notes how the connection stands now.
    pub(super) fn stands(&mut self, standing: Standing, since: Instant) {
        let rank = Rank { standing, since, ..self.rank };
        if rank == self.rank {
            return;
        }
        let mut members = self.crowd.members();
        // Not if it has been told to go meanwhile.
        if let Some(seat) = members.remove(self.rank) {
            members.insert(rank, seat);
        }
        self.rank = rank;
    }

    /// Tells when somebody else needs the place.
    pub(super) fn given_up(&self) -> Arc<Notify> {
        self.seat.given_up.clone()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.crowd.members().remove(self.rank);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use tokio::time::advance;

    use super::*;

    const GRACE: Duration = Duration::from_secs(1);
    const HERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    fn is_gone(member: &Member) -> bool {
        member.given_up().notified().now_or_never().is_some()
    }

    async fn come(crowd: &Arc<Crowd>, address: Option<IpAddr>) -> Member {
        advance(Duration::from_millis(1)).await;
        crowd.admit(address).unwrap().0
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_had_no_answer_gives_way_first_then_who_is_idle() {
        let crowd = Crowd::new(4, 4, GRACE);
        let mut idle = come(&crowd, HERE).await;
        let first = come(&crowd, None).await;
        let mut working = come(&crowd, None).await;
        let mut later_idle = come(&crowd, HERE).await;
        idle.stands(Standing::Waiting, Instant::now());
        later_idle.stands(Standing::Waiting, Instant::now() + GRACE);
        working.stands(Standing::Working, Instant::now());
        advance(GRACE).await;
        let new = [come(&crowd, None).await, come(&crowd, None).await, come(&crowd, None).await];
        let gone = [&first, &idle, &later_idle, &working, &new[0]].map(is_gone);
        assert_eq!(gone, [true, true, true, false, false]);
        // There is nobody left but those who came just now.
        let _last = come(&crowd, None).await;
        assert_eq!([&new[0], &new[1], &working].map(is_gone), [true, false, false]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_has_too_many_loses_one_of_its_own() {
        let crowd = Crowd::new(10, 2, GRACE);
        let other = come(&crowd, Some("2001:db8::".parse().unwrap())).await;
        let unlimited = come(&crowd, None).await;
        let mine = [come(&crowd, HERE).await, come(&crowd, HERE).await, come(&crowd, HERE).await];
        let gone = [&other, &unlimited, &mine[0], &mine[1], &mine[2]].map(is_gone);
        assert_eq!(gone, [false, false, true, false, false]);
        drop(mine);
        let again = [come(&crowd, HERE).await, come(&crowd, HERE).await];
        assert_eq!([&again[0], &again[1]].map(is_gone), [false, false]);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_are_being_answered_stay() {
        let crowd = Crowd::new(1, 1, GRACE);
        let mut member = come(&crowd, HERE).await;
        member.stands(Standing::Working, Instant::now());
        assert!(crowd.admit(None).is_none());
        crowd.thin_out();
        assert!(!is_gone(&member));
        drop(member);
        assert!(crowd.admit(None).is_some());
    }
}
