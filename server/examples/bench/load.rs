//! Clients that sign in and turn pages, as fast as they are answered or at a fixed rate.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use futures::future::join_all;
use hdrhistogram::Histogram;
use hyper::header::HeaderValue;
use tokio::{
    runtime,
    sync::{
        Mutex,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        watch,
    },
};

use crate::{
    client::{Answer, Client, FORM},
    people::Person,
    site::Site,
};

/// What is not measured, while connections are made.
const SETTLING: Duration = Duration::from_millis(500);

/// Of so many pages, one.
const LOOKED_AT: usize = 100;

/// How exact the latencies are: three digits.
const DIGITS: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    SignIn,
    Page {
        path: &'static str,
        signed_in: bool,
    },
    /// Refused each time, from another address with another name.
    WrongPassword,
}

/// What some clients do all the time.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    pub act: Act,
    pub clients: usize,
    /// A second; otherwise each client begins when it is done.
    pub rate: Option<f64>,
}

/// What came of a task.
pub struct Measured {
    /// Microseconds: of a fixed rate from when it was to begin, also if no client was free then.
    pub times: Histogram<u64>,
    /// What went wrong, and how often.
    pub errors: BTreeMap<String, u64>,
}

impl Measured {
    fn new() -> Self {
        let times = Histogram::new(DIGITS).expect("three digits can be kept");
        Self { times, errors: BTreeMap::new() }
    }

    fn add(&mut self, other: &Self) {
        // Both grow as they need to.
        self.times.add(&other.times).expect("it resizes itself");
        for (error, count) in &other.errors {
            *self.errors.entry(error.clone()).or_default() += count;
        }
    }

    fn record(&mut self, begun: Instant) {
        // It grows as it needs to.
        let _ = self.times.record(begun.elapsed().as_micros() as u64);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Settling,
    Measuring,
    Over,
}

/// Whom the clients act for, and on what.
pub struct Load<'a> {
    pub site: &'a Site,
    pub people: &'a [Person],
    /// For each task: clients are divided among them.
    pub threads: usize,
}

impl Load<'_> {
    /// Does all tasks at once for a while. `look` sees the beginning and the end of what is
    /// measured, to note what has been used by then.
    pub fn run<T>(
        &self,
        tasks: &[Task],
        length: Duration,
        mut look: impl FnMut() -> T,
    ) -> (Vec<Measured>, [T; 2]) {
        let (phase, phases) = watch::channel(Phase::Settling);
        thread::scope(|scope| {
            let next = &Arc::new(AtomicUsize::new(0));
            let parts: Vec<Vec<_>> = tasks
                .iter()
                .map(|task| {
                    let threads = self.threads.min(task.clients).max(1);
                    let part = |number| {
                        let clients = (task.clients + threads - 1 - number) / threads;
                        let rate = task.rate.map(|rate| rate / threads as f64);
                        let part = Task { clients, rate, ..*task };
                        let (phases, next) = (phases.clone(), next.clone());
                        scope.spawn(move || self.part(part, phases, &next))
                    };
                    (0..threads).map(part).collect()
                })
                .collect();
            thread::sleep(SETTLING);
            let _ = phase.send(Phase::Measuring);
            let before = look();
            thread::sleep(length);
            let after = look();
            let _ = phase.send(Phase::Over);
            (parts.into_iter().map(united).collect(), [before, after])
        })
    }

    /// What one thread does.
    fn part(
        &self,
        task: Task,
        phases: watch::Receiver<Phase>,
        next: &Arc<AtomicUsize>,
    ) -> Measured {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("the system gives an event loop");
        let turns = task.rate.map(|rate| {
            let (sender, receiver) = unbounded_channel();
            let phases = phases.clone();
            thread::spawn(move || keep_time(rate, &sender, &phases));
            Mutex::new(receiver)
        });
        let clients =
            (0..task.clients).map(|_| self.client(task.act, phases.clone(), next, turns.as_ref()));
        let mut all = Measured::new();
        for measured in runtime.block_on(join_all(clients)) {
            all.add(&measured);
        }
        // Who has not had a turn waits still.
        if let Some(turns) = turns {
            let mut turns = turns.into_inner();
            while let Ok(turn) = turns.try_recv() {
                all.record(turn);
            }
        }
        all
    }

    async fn client(
        &self,
        act: Act,
        phases: watch::Receiver<Phase>,
        next: &AtomicUsize,
        turns: Option<&Mutex<UnboundedReceiver<Instant>>>,
    ) -> Measured {
        let mut client = Client::new(self.site.address);
        let mut measured = Measured::new();
        loop {
            let begun = match turns {
                None => Instant::now(),
                Some(turns) => match turns.lock().await.recv().await {
                    Some(turn) => turn,
                    None => return measured,
                },
            };
            let done = self.act(act, &mut client, next.fetch_add(1, Ordering::Relaxed)).await;
            let phase = *phases.borrow();
            match phase {
                Phase::Settling => {}
                Phase::Measuring => measured.record(begun),
                Phase::Over => return measured,
            }
            if let Err(error) = done {
                *measured.errors.entry(error).or_default() += 1;
            }
        }
    }

    async fn act(&self, act: Act, client: &mut Client, number: usize) -> Result<(), String> {
        match act {
            Act::SignIn => self.site.sign_in(client, self.person(number)).await,
            Act::Page { path, signed_in } => {
                let person = signed_in.then(|| self.person(number));
                let cookie = person.map(|person| self.site.session(&person.account));
                let answer = client.get(path, cookie).await?;
                if answer.status != 200 {
                    return Err(answer.refusal());
                }
                // To read all of them would cost more than to fetch them.
                if number.is_multiple_of(LOOKED_AT) {
                    is_whole(&answer, person)?;
                }
                Ok(())
            }
            Act::WrongPassword => {
                let from = format!("10.{}.{}.1", number / 250 % 250, number % 250);
                client.from = HeaderValue::try_from(from).ok();
                let body = format!("username=name{number}&password=a+wrong+password+{number}");
                Err(client.post("/sign-in", FORM, None, body).await?.status.to_string())
            }
        }
    }

    /// Somebody else each time, all over the database.
    fn person(&self, number: usize) -> &Person {
        const PRIME: usize = 7919;
        &self.people[number.wrapping_mul(PRIME) % self.people.len()]
    }
}

/// # Errors
/// When something is missing: the end, or the name of who is signed in.
fn is_whole(answer: &Answer, person: Option<&Person>) -> Result<(), String> {
    let page = String::from_utf8_lossy(&answer.body);
    let name = person.map_or("", |person| &person.account.username);
    let whole = page.contains("</html>") && page.contains(name);
    if whole { Ok(()) } else { Err("a page that is not whole".to_owned()) }
}

fn united(parts: Vec<thread::ScopedJoinHandle<'_, Measured>>) -> Measured {
    let mut all = Measured::new();
    for part in parts {
        all.add(&part.join().expect("a client's thread ends"));
    }
    all
}

/// Says when the next one is to begin. A thread's sleep is more exact than a timer of the event
/// loop, which knows milliseconds.
fn keep_time(rate: f64, turns: &UnboundedSender<Instant>, phases: &watch::Receiver<Phase>) {
    let begun = Instant::now();
    for turn in 0_u32.. {
        let at = begun + Duration::from_secs_f64(f64::from(turn) / rate);
        thread::sleep(at.saturating_duration_since(Instant::now()));
        if *phases.borrow() == Phase::Over || turns.send(at).is_err() {
            return;
        }
    }
}
