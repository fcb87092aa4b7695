//! Measures the contestants in turns, each time on a fresh copy of the same data.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::{
    fsync::Fsync,
    load::{Act, Load, Measured},
    options::Options,
    people::{Person, everybody},
    scenarios::{self, Scenario},
    seed::Outcome,
    servers::{Server, Start},
    site::Kind,
    usage,
};

/// How long a server signs in before it is measured.
const WARM_UP: Duration = Duration::from_secs(1);

/// One of those that are compared.
#[derive(Clone, Debug)]
pub struct Contestant {
    pub name: String,
    pub kind: Kind,
    /// Latchkey's program, or the folder of the peer.
    pub program: PathBuf,
    pub workers: usize,
}

/// What one measurement said.
#[derive(Clone, Debug, Serialize)]
pub struct Sample {
    pub contestant: String,
    pub scenario: String,
    pub round: usize,
    pub figures: BTreeMap<&'static str, f64>,
    /// Answers that were not 200, and how many; of a flood only.
    pub others: BTreeMap<String, u64>,
}

/// The figures of a sample.
pub mod figure {
    /// A second.
    pub const RATE: &str = "rate";
    /// The same where it was to be fixed.
    pub const REACHED: &str = "reached";
    /// Milliseconds.
    pub const P50: &str = "p50";
    pub const P99: &str = "p99";
    pub const WORST: &str = "worst";
    /// Milliseconds of the server's processor time for each.
    pub const CPU: &str = "cpu";
    /// How many processors the server has used.
    pub const CORES: &str = "cores";
    /// Milliseconds of the clients' processor time for each.
    pub const CLIENTS_CPU: &str = "clients_cpu";
    /// The same of PostgreSQL.
    pub const DATABASE_CPU: &str = "database_cpu";
    /// For each.
    pub const FSYNCS: &str = "fsyncs";
    /// Milliseconds.
    pub const FIRST_PAGE: &str = "first_page";
    /// MiB.
    pub const IDLE: &str = "idle";
    pub const PEAK: &str = "peak";
}

pub struct Bench {
    pub options: Options,
    pub people: Vec<Person>,
    pub fsync: Option<Fsync>,
    pub samples: Vec<Sample>,
    /// The process of PostgreSQL, while it is used.
    pub database: Option<u32>,
    progress: ProgressBar,
}

/// What has been used until now.
struct Used {
    at: Instant,
    server: Duration,
    clients: Duration,
    database: Option<Duration>,
    fsyncs: u64,
}

impl Bench {
    pub fn new(options: Options) -> Outcome<Self> {
        let folder = options.out.join("run");
        fs::create_dir_all(&folder)?;
        let options = Options { out: fs::canonicalize(&options.out)?, ..options };
        let fsync = match Fsync::new(&fs::canonicalize(folder)?, options.fsync_delay) {
            Ok(fsync) => Some(fsync),
            Err(error) => {
                eprintln!("fsyncs are not counted: {error}");
                None
            }
        };
        let style = ProgressStyle::with_template("{bar:30} {percent} % · {eta} · {wide_msg}")?;
        let progress = ProgressBar::new(0).with_style(style);
        let people = everybody(options.accounts);
        Ok(Self { options, people, fsync, samples: vec![], database: None, progress })
    }

    pub fn folder(&self) -> PathBuf {
        self.options.out.join("run")
    }

    /// So much more is to be done.
    pub fn expect(&self, measurements: usize) {
        self.progress.inc_length(measurements as u64);
    }

    pub fn say(&self, words: &str) {
        self.progress.suspend(|| eprintln!("{words}"));
    }

    pub fn finish(&self) {
        self.progress.finish_and_clear();
    }

    /// Starts a contestant on a copy of this database, on these processors.
    pub fn open(
        &self,
        contestant: &Contestant,
        template: &Path,
        cores: Option<&str>,
        behind_proxies: bool,
    ) -> Outcome<Server> {
        let copy = self.folder().join("shop.db");
        for log in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{log}", copy.display()));
        }
        fs::copy(template, &copy)?;
        self.start(contestant, format!("sqlite:{}", copy.display()), cores, behind_proxies)
    }

    pub fn start(
        &self,
        contestant: &Contestant,
        database: String,
        cores: Option<&str>,
        behind_proxies: bool,
    ) -> Outcome<Server> {
        let start = Start {
            kind: contestant.kind,
            program: contestant.program.clone(),
            database,
            workers: contestant.workers,
            cores: cores.map(ToOwned::to_owned),
            behind_proxies,
        };
        let server = Server::start(&start, &self.folder(), self.fsync.as_ref())?;
        // The peer is compiled while it runs: at a fixed rate, what waits meanwhile would be
        // waited for long after.
        let warm_up = scenarios::sign_ins(self.options.clients);
        self.load(&server).run(&warm_up.tasks, WARM_UP, || ());
        Ok(server)
    }

    fn load<'a>(&'a self, server: &'a Server) -> Load<'a> {
        Load { site: &server.site, people: &self.people, threads: self.options.threads }
    }

    /// Measures one scenario.
    ///
    /// # Errors
    /// When anything but the flood was not answered with 200.
    pub fn measure(
        &mut self,
        name: &str,
        server: &Server,
        scenario: &Scenario,
        round: usize,
    ) -> Outcome<f64> {
        self.progress.set_message(format!("{name}: {}", scenario.name));
        let length = Duration::from_secs_f64(self.options.seconds);
        let (measured, [before, after]) = self.load(server).run(&scenario.tasks, length, || Used {
            at: Instant::now(),
            server: server.cpu(),
            clients: usage::cpu_of_this_process(),
            database: self.database.map(usage::cpu),
            fsyncs: self.fsync.as_ref().map_or(0, Fsync::count),
        });
        for (task, measured) in scenario.tasks.iter().zip(&measured) {
            if task.act != Act::WrongPassword && !measured.errors.is_empty() {
                let errors = list(&measured.errors);
                let log = server.log.display();
                return Err(format!("{name}, {}: {errors} (its log: {log})", scenario.name).into());
            }
        }
        let mut figures = figures(&measured, &before, &after);
        let rate = figures[figure::RATE];
        if scenario.tasks[0].rate.is_some() {
            figures.remove(figure::RATE);
            figures.insert(figure::REACHED, rate);
        }
        self.keep(name, &scenario.name, round, figures);
        if let (Some(flood), Some(sample)) = (measured.get(1), self.samples.last_mut()) {
            sample.others = flood.errors.clone();
        }
        self.progress.inc(1);
        Ok(rate)
    }

    pub fn keep(
        &mut self,
        contestant: &str,
        scenario: &str,
        round: usize,
        figures: BTreeMap<&'static str, f64>,
    ) {
        let words: Vec<_> = figures.iter().map(|(name, of)| format!("{name} {of:.2}")).collect();
        self.say(&format!("{contestant:24} {scenario:40} {}", words.join("  ")));
        self.samples.push(Sample {
            contestant: contestant.to_owned(),
            scenario: scenario.to_owned(),
            round,
            figures,
            others: BTreeMap::new(),
        });
    }
}

fn list(errors: &BTreeMap<String, u64>) -> String {
    let errors: Vec<_> = errors.iter().map(|(error, count)| format!("{count} × {error}")).collect();
    errors.join(", ")
}

fn figures(measured: &[Measured], before: &Used, after: &Used) -> BTreeMap<&'static str, f64> {
    let times = &measured[0].times;
    let seconds = (after.at - before.at).as_secs_f64();
    let count = times.len().max(1) as f64;
    let server = (after.server - before.server).as_secs_f64();
    let milliseconds = |percent: f64| times.value_at_quantile(percent / 100.0) as f64 / 1000.0;
    let mut figures = BTreeMap::from([
        (figure::RATE, times.len() as f64 / seconds),
        (figure::P50, milliseconds(50.0)),
        (figure::P99, milliseconds(99.0)),
        (figure::WORST, times.max() as f64 / 1000.0),
        (figure::CORES, server / seconds),
    ]);
    if let (Some(before), Some(after)) = (before.database, after.database) {
        let cpu = after.saturating_sub(before).as_secs_f64();
        figures.insert(figure::DATABASE_CPU, cpu * 1000.0 / count);
    }
    // Of several tasks, nobody can say which one used it.
    if measured.len() == 1 {
        let clients = (after.clients - before.clients).as_secs_f64();
        figures.extend([
            (figure::CPU, server * 1000.0 / count),
            (figure::CLIENTS_CPU, clients * 1000.0 / count),
            (figure::FSYNCS, (after.fsyncs - before.fsyncs) as f64 / count),
        ]);
    }
    figures
}
