//! Measures Latchkey's sign-ins and pages over HTTP, beside those of a plain server that does the
//! same (`end2end/peer`), on loopback. `make bench` builds all of it; `bench --help` says what
//! there is to choose.
//!
//! * [`people`] have passkeys; [`seed`] puts their accounts into databases.
//! * [`servers`] starts the two; [`site`] says what clients say to each of them, [`client`] says it.
//! * [`scenarios`] is what is measured, [`load`] does it, [`usage`] and [`fsync`] see what it costs.
//! * [`plan`] says of whom and in which order, [`bench`] does it; [`refusals`] come before.
//! * [`report`] and [`chart`] are for people, with the [`machine`] and its [`limits`].

mod bench;
mod chart;
mod client;
mod fsync;
mod limits;
mod load;
mod machine;
mod options;
mod people;
mod plan;
mod postgres;
mod refusals;
mod report;
mod scenarios;
mod seed;
mod servers;
mod site;
mod usage;

use std::{env, fs, path::PathBuf, process::ExitCode};

use bench::{Bench, Contestant};
use limits::Limits;
use machine::Machine;
use options::{HELP, Options, cores};
use report::{grouped, short};
use seed::Outcome;
use serde_json::json;
use site::Kind;

fn main() -> ExitCode {
    if env::args().any(|word| word == "--help") {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match Options::read(env::args().skip(1)).map_err(Into::into).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Outcome {
    let mut bench = Bench::new(options)?;
    let contestants = contestants(&bench.options);
    let before = Limits::measure(&bench.folder())?;
    let done = plan::run(&mut bench, &contestants);
    bench.finish();
    done?;
    let limits = [before, Limits::measure(&bench.folder())?];
    fs::remove_dir_all(bench.folder())?;
    report(&bench, limits)
}

/// The peer first: half of what it can do at most is what everybody is measured at.
fn contestants(options: &Options) -> Vec<Contestant> {
    let mut all = vec![];
    if let Some(peer) = &options.peer {
        let with =
            |workers, name| Contestant { name, kind: Kind::Peer, program: peer.clone(), workers };
        all.push(with(1, "peer, 1 process".to_owned()));
        if cores() > 1 {
            all.push(with(cores(), format!("peer, {} processes", cores())));
        }
    }
    let latchkey = |name: &str, program: &PathBuf| Contestant {
        name: name.to_owned(),
        kind: Kind::Latchkey,
        program: program.clone(),
        workers: 1,
    };
    all.extend(options.other.iter().map(|program| latchkey("Latchkey (other)", program)));
    all.push(latchkey("Latchkey", &options.latchkey));
    all
}

/// What is in the chart, where it was measured.
const CHART: [&str; 5] = [scenarios::SIGN_INS, "/", "/, signed in", "/products/lantern", "/cart"];

fn report(bench: &Bench, limits: [Limits; 2]) -> Outcome {
    let (samples, out) = (&bench.samples, &bench.options.out);
    let machine = Machine::this();
    let all = json!({
        "machine": machine,
        "accounts": bench.options.accounts,
        "clients": bench.options.clients,
        "rounds": bench.options.rounds,
        "seconds": bench.options.seconds,
        "fsync_delay_us": bench.options.fsync_delay,
        "limits": { "before": limits[0], "after": limits[1] },
        "samples": samples,
    });
    fs::write(out.join("results.json"), serde_json::to_string_pretty(&all)?)?;
    fs::write(out.join("chart.svg"), chart::chart(samples, &CHART, &machine.words()))?;
    let words = words(bench, &machine, limits);
    fs::write(out.join("table.md"), &words)?;
    println!("{words}");
    println!("All of it is in {}, with a chart.", out.display());
    Ok(())
}

/// The table, with what belongs to it.
fn words(bench: &Bench, machine: &Machine, limits: [Limits; 2]) -> String {
    let Options { accounts, clients, rounds, seconds, .. } = bench.options;
    let mut words = format!(
        "{}; {} accounts, {clients} clients; rounds of {seconds} s: {rounds} (median, least–most).\n\n{}\n",
        machine.words(),
        grouped(accounts),
        report::table(&bench.samples),
    );
    for line in report::others(&bench.samples) {
        words += &format!("The flood was answered by {line}.\n\n");
    }
    words += "What the machine can do at most, before and after:\n\n";
    let [before, after] = limits;
    let mut line = |what: &str, figures: [f64; 2]| {
        words += &format!("- {what}: {}, {} a second\n", short(figures[0]), short(figures[1]));
    };
    line("ES256 verified by a core (ring)", [before.verifications, after.verifications]);
    if let (Some(before), Some(after)) = (before.openssl, after.openssl) {
        line("the same by OpenSSL", [before, after]);
    }
    line("durable commits of SQLite", [before.commits, after.commits]);
    words
}
