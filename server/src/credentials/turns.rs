//! Work that takes a core for a while: a few pieces at a time, and a short queue.

use std::{sync::Arc, time::Duration};

use app::api::{Code, PublicError};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use crate::error::internal;

/// How long a turn is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// How many may wait, for each that is at work. It is more than can be done in [`LONGEST_WAIT`]: who
/// is refused at once comes back at once, and a page that says so costs more than to wait.
const QUEUE: usize = 1000;

/// Turns at work of one kind. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    places: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Turns {
    /// `at_once`: how many pieces of work may be done at the same time, each taking a core.
    pub(super) fn new(at_once: usize) -> Self {
        let queue = Semaphore::new(at_once * (QUEUE + 1));
        Self { places: Arc::new(Semaphore::new(at_once)), queue: Arc::new(queue) }
    }

    /// Does the work, on none of the threads that answer requests.
    ///
    /// # Errors
    /// [`Code::Busy`] when too many wait already, or after two seconds without a turn.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PublicError> {
        let waiting = self.queue.clone().try_acquire_owned().map_err(|_| Code::Busy)?;
        let place = timeout(LONGEST_WAIT, self.places.clone().acquire_owned()).await;
        let place = place.map_err(|_| Code::Busy)?.map_err(internal)?;
        let work = move || {
            // Also where nobody waits for the answer any more.
            let _taken = (place, waiting);
            work()
        };
        spawn_blocking(work).await.map_err(internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_too_long_for_a_turn_is_told_so() {
        let turns = Turns::new(1);
        let _taken = turns.places.clone().acquire_owned().await.unwrap();
        assert_eq!(turns.run(|| ()).await, Err(Code::Busy.into()));
    }

    #[tokio::test]
    async fn a_long_queue_grows_no_longer() {
        let turns = Turns::new(1);
        let _queue = turns.queue.clone().acquire_many_owned(1 + QUEUE as u32).await.unwrap();
        assert_eq!(turns.run(|| ()).await, Err(Code::Busy.into()));
    }
}
