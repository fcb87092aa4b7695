//! What is measured of whom, in which order.

use std::{
    collections::BTreeMap,
    fs, io, mem,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    bench::{Bench, Contestant, figure},
    people::everybody,
    postgres::Postgres,
    refusals,
    report::grouped,
    scenarios::{self, SIGN_INS, Scenario},
    seed::{self, Outcome},
    servers::Server,
    site::Kind,
};

/// Sign-ins a second beside the flood, and before it.
const FEW: f64 = 50.0;
const FLOOD: usize = 200;
/// Pages a second of the fixed rate.
const PAGES: f64 = 1000.0;
/// What sign-ins are measured at where there is no peer.
const WITHOUT_PEER: f64 = 150.0;
/// Microseconds of the imagined disk's fsync.
const SLOW_DISK: u64 = 1000;

/// Where each contestant's data is copied from.
type Templates = BTreeMap<&'static str, PathBuf>;

fn key(contestant: &Contestant) -> &'static str {
    match contestant.kind {
        Kind::Latchkey => "latchkey",
        Kind::Peer => "peer",
    }
}

/// What each contestant's turn consists of.
const TURN: [&str; 4] = ["sign-ins", "pages", "mixed", "rates"];

/// Measures all that was asked for.
pub fn run(bench: &mut Bench, contestants: &[Contestant]) -> Outcome {
    let all: Vec<_> = contestants.iter().collect();
    let latchkeys: Vec<_> = all.iter().copied().filter(|one| one.kind == Kind::Latchkey).collect();
    bench.expect(planned(bench, all.len(), latchkeys.len()));
    let templates = templates(bench, &all, bench.options.accounts)?;
    for contestant in &all {
        refuse(bench, contestant, &templates[key(contestant)])?;
    }
    if TURN.iter().any(|group| bench.options.wants(group)) {
        let mut rate = None;
        in_turns(bench, &all, |bench, contestant, round| {
            rate = turn(bench, contestant, &templates[key(contestant)], round, rate)?;
            Ok(())
        })?;
    }
    for (group, measure, contestants) in [
        ("flood", flood as Measure, &latchkeys),
        ("disk", disk, &all),
        ("cores", cores, &latchkeys),
    ] {
        if bench.options.wants(group) {
            in_turns(bench, contestants, |bench, contestant, round| {
                measure(bench, contestant, &templates[key(contestant)], round)
            })?;
        }
    }
    if let Some(url) = bench.options.postgres.clone()
        && bench.options.wants("postgres")
    {
        postgres(bench, &all, &url)?;
    }
    if bench.options.wants("accounts") {
        sizes(bench, &latchkeys)?;
    }
    Ok(())
}

/// Measures one contestant on a copy of its data, in one of the rounds.
type Measure = fn(&mut Bench, &Contestant, &Path, usize) -> Outcome;

fn in_turns(
    bench: &mut Bench,
    contestants: &[&Contestant],
    mut measure: impl FnMut(&mut Bench, &Contestant, usize) -> Outcome,
) -> Outcome {
    for round in 0..bench.options.rounds {
        for contestant in contestants {
            measure(bench, contestant, round)?;
        }
    }
    Ok(())
}

/// How many measurements there will be, of all contestants and of Latchkey's.
fn planned(bench: &Bench, all: usize, latchkeys: usize) -> usize {
    let options = &bench.options;
    let of = |group, each| if options.wants(group) { each } else { 0 };
    let postgres = if options.postgres.is_some() { of("postgres", all) } else { 0 };
    let each = of("sign-ins", all)
        + of("pages", all * 6)
        + of("mixed", all)
        + of("rates", all * 2)
        + of("flood", latchkeys * 2)
        + of("disk", all)
        + of("cores", latchkeys * 2)
        + of("accounts", latchkeys * options.sizes.len());
    (each + postgres) * options.rounds
}

/// For each kind a database with so many accounts.
fn templates(bench: &Bench, contestants: &[&Contestant], accounts: usize) -> Outcome<Templates> {
    let mut made = Templates::new();
    for contestant in contestants {
        let key = key(contestant);
        if made.contains_key(key) {
            continue;
        }
        bench.say(&format!("seeding {} accounts ({key})", grouped(accounts)));
        let template = bench.folder().join(format!("{key}-{accounts}.db"));
        for log in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{log}", template.display()));
        }
        seed::fill(contestant, &format!("sqlite:{}", template.display()), accounts)?;
        made.insert(key, template);
    }
    Ok(made)
}

fn refuse(bench: &Bench, contestant: &Contestant, template: &Path) -> Outcome {
    let server = bench.open(contestant, template, None, false)?;
    let [one, .., other] = &bench.people[..] else { return Err("too few accounts".into()) };
    let checked = refusals::check(&server.site, one, other);
    tokio::runtime::Runtime::new()?.block_on(checked)
}

/// One contestant's turn. Hands on the rate of sign-ins that all are measured at.
fn turn(
    bench: &mut Bench,
    of: &Contestant,
    template: &Path,
    round: usize,
    mut at: Option<f64>,
) -> Outcome<Option<f64>> {
    let (clients, name) = (bench.options.clients, of.name.as_str());
    let server = bench.open(of, template, None, false)?;
    let begin = [
        (figure::FIRST_PAGE, server.first_page.as_secs_f64() * 1000.0),
        (figure::IDLE, server.idle),
    ];
    bench.keep(name, "start", round, begin.into());
    if bench.options.wants("sign-ins") {
        let rate = bench.measure(name, &server, &scenarios::sign_ins(clients), round)?;
        // The first is the peer in one process.
        if of.kind == Kind::Peer {
            at = at.or(Some((rate / 2.0).round()));
        }
    }
    if bench.options.wants("pages") {
        for scenario in scenarios::pages(clients) {
            bench.measure(name, &server, &scenario, round)?;
        }
    }
    if bench.options.wants("mixed") {
        bench.measure(name, &server, &scenarios::mixed(clients), round)?;
    }
    if bench.options.wants("rates") {
        let sign_ins = scenarios::sign_ins_at(at.unwrap_or(WITHOUT_PEER));
        bench.measure(name, &server, &sign_ins, round)?;
        bench.measure(name, &server, &scenarios::pages_at(PAGES), round)?;
    }
    end(bench, name, "all of that", &server, round);
    Ok(at)
}

/// The most memory that there was.
fn end(bench: &mut Bench, name: &str, after: &str, server: &Server, round: usize) {
    bench.keep(name, after, round, [(figure::PEAK, server.memory("VmHWM"))].into());
}

fn flood(bench: &mut Bench, of: &Contestant, template: &Path, round: usize) -> Outcome {
    let server = bench.open(of, template, None, true)?;
    bench.measure(&of.name, &server, &scenarios::sign_ins_at(FEW), round)?;
    bench.measure(&of.name, &server, &scenarios::flooded(FEW, FLOOD), round)?;
    end(bench, &of.name, "the password flood", &server, round);
    Ok(())
}

/// Sign-ins, where it is said what is different.
fn sign_ins(bench: &Bench, but: &str) -> Scenario {
    Scenario { name: format!("{SIGN_INS}, {but}"), ..scenarios::sign_ins(bench.options.clients) }
}

fn disk(bench: &mut Bench, of: &Contestant, template: &Path, round: usize) -> Outcome {
    let Some(fsync) = &bench.fsync else { return Ok(()) };
    let fsync = fsync.slower(SLOW_DISK);
    let usual = bench.fsync.replace(fsync);
    let server = bench.open(of, template, None, false)?;
    let scenario = sign_ins(bench, "each fsync 1 ms slower");
    bench.measure(&of.name, &server, &scenario, round)?;
    bench.fsync = usual;
    Ok(())
}

/// The server on one processor, then on two; the clients on the others, or on the second.
fn cores(bench: &mut Bench, of: &Contestant, template: &Path, round: usize) -> Outcome {
    let all = allowed()?;
    let [first, second, ..] = all[..] else { return Ok(()) };
    let rest: Vec<_> = all[2..].iter().map(ToString::to_string).collect();
    let clients = if rest.is_empty() { second.to_string() } else { rest.join(",") };
    stay_on(&clients)?;
    for (server, words) in
        [(first.to_string(), "one core"), (format!("{first},{second}"), "two cores")]
    {
        let server = bench.open(of, template, Some(&server), false)?;
        let scenario = sign_ins(bench, words);
        bench.measure(&of.name, &server, &scenario, round)?;
    }
    let all: Vec<_> = all.iter().map(ToString::to_string).collect();
    stay_on(&all.join(","))
}

/// The processors that this process may use.
fn allowed() -> io::Result<Vec<usize>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let ranges = list.unwrap_or_default().trim().split(',').filter_map(|range| {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        Some(from.parse().ok()?..=to.parse().ok()?)
    });
    Ok(ranges.flatten().collect())
}

/// Keeps this process, with the threads that it will have, on some processors.
fn stay_on(processors: &str) -> Outcome {
    let process = std::process::id().to_string();
    let done = Command::new("taskset").args(["-a", "-p", "-c", processors, &process]).output()?;
    if done.status.success() { Ok(()) } else { Err("taskset failed".into()) }
}

fn postgres(bench: &mut Bench, contestants: &[&Contestant], url: &str) -> Outcome {
    let server = Postgres::new(url)?;
    bench.database = Some(server.process);
    let (scenario, accounts) = (sign_ins(bench, "PostgreSQL"), bench.options.accounts);
    let mut kinds: Vec<_> = contestants.to_vec();
    kinds.dedup_by_key(|contestant| contestant.kind);
    for contestant in kinds {
        bench.say(&format!(
            "seeding {} accounts ({}, PostgreSQL)",
            grouped(accounts),
            key(contestant)
        ));
        let template = server.create(&format!("bench_{}", key(contestant)))?;
        seed::fill(contestant, &template, accounts)?;
    }
    in_turns(bench, contestants, |bench, of, round| {
        let copy = server.copy(&format!("bench_{}", key(of)), "bench_copy")?;
        let running = bench.start(of, copy, None, false)?;
        bench.measure(&of.name, &running, &scenario, round).map(drop)
    })?;
    bench.database = None;
    for name in ["bench_copy", "bench_latchkey", "bench_peer"] {
        server.drop(name)?;
    }
    Ok(())
}

/// Few accounts, and many: in turns, because the machine changes meanwhile.
fn sizes(bench: &mut Bench, contestants: &[&Contestant]) -> Outcome {
    let mut sizes = vec![];
    for accounts in bench.options.sizes.clone() {
        sizes.push((accounts, templates(bench, contestants, accounts)?, everybody(accounts)));
    }
    for round in 0..bench.options.rounds {
        for (accounts, templates, people) in &mut sizes {
            let scenario = sign_ins(bench, &format!("{} accounts", grouped(*accounts)));
            mem::swap(&mut bench.people, people);
            for of in contestants {
                let server = bench.open(of, &templates[key(of)], None, false)?;
                bench.measure(&of.name, &server, &scenario, round)?;
            }
            mem::swap(&mut bench.people, people);
        }
    }
    Ok(())
}
