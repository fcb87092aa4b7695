//! The figures, for people: medians of all rounds, with the smallest and the largest.

use std::{collections::BTreeMap, fmt::Write};

use crate::bench::{Sample, figure};

/// One figure of all rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = match values.len() % 2 {
            0 => f64::midpoint(values[middle - 1], values[middle]),
            _ => values[middle],
        };
        Some(Self { median, least, most })
    }
}

/// All figures of one name.
pub fn spread(
    samples: &[Sample],
    contestant: &str,
    scenario: &str,
    figure: &str,
) -> Option<Spread> {
    let of = samples.iter().filter(|of| of.contestant == contestant && of.scenario == scenario);
    Spread::of(of.filter_map(|sample| sample.figures.get(figure).copied()).collect())
}

/// In the order of their first appearance.
pub fn names<'a>(samples: &'a [Sample], name: impl Fn(&'a Sample) -> &'a str) -> Vec<&'a str> {
    let mut names = vec![];
    for name in samples.iter().map(name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What is said of a scenario: the figure, and the words for it.
const ROWS: [(&str, &str); 10] = [
    (figure::RATE, "a second"),
    (figure::P50, "p50, ms"),
    (figure::P99, "p99, ms"),
    (figure::CPU, "CPU each, ms"),
    (figure::DATABASE_CPU, "CPU of the database each, ms"),
    (figure::FSYNCS, "fsyncs each"),
    (figure::CORES, "processors used"),
    (figure::FIRST_PAGE, "to the first page, ms"),
    (figure::IDLE, "memory idle, MiB"),
    (figure::PEAK, "memory at most, MiB"),
];

/// A table in Markdown: what was measured, and everybody's figures.
pub fn table(samples: &[Sample]) -> String {
    let contestants = names(samples, |sample| &sample.contestant);
    let mut table = format!("| | | {} |\n|---|---|", contestants.join(" | "));
    table += &"---|".repeat(contestants.len());
    table += "\n";
    for scenario in names(samples, |sample| &sample.scenario) {
        let mut title = scenario;
        for (figure, words) in ROWS {
            let of = |contestant: &&str| spread(samples, contestant, scenario, figure);
            let spreads: Vec<_> = contestants.iter().map(of).collect();
            if !is_telling(figure, &spreads) {
                continue;
            }
            let cells: Vec<_> = spreads.iter().map(|spread| cell(*spread)).collect();
            // To a string, this cannot fail.
            let _ = writeln!(table, "| {title} | {words} | {} |", cells.join(" | "));
            title = "";
        }
    }
    table
}

/// How a flood was answered, all rounds together.
pub fn others(samples: &[Sample]) -> Vec<String> {
    let mut lines = vec![];
    for contestant in names(samples, |sample| &sample.contestant) {
        let mut all = BTreeMap::<&str, u64>::new();
        let of = samples.iter().filter(|sample| sample.contestant == contestant);
        for (status, count) in of.flat_map(|sample| &sample.others) {
            *all.entry(status).or_default() += count;
        }
        if !all.is_empty() {
            let all: Vec<_> =
                all.iter().map(|(status, count)| format!("{count} × {status}")).collect();
            lines.push(format!("{contestant}: {}", all.join(", ")));
        }
    }
    lines
}

/// A page syncs nothing, and to say so takes a line for each.
fn is_telling(figure: &str, spreads: &[Option<Spread>]) -> bool {
    let most = spreads.iter().flatten().map(|spread| spread.most).fold(0.0, f64::max);
    most > if figure == figure::FSYNCS { 0.1 } else { 0.0 }
}

fn cell(spread: Option<Spread>) -> String {
    match spread {
        None => String::new(),
        Some(Spread { median, least, most }) if least == most => short(median),
        Some(Spread { median, least, most }) => {
            format!("{} ({}–{})", short(median), short(least), short(most))
        }
    }
}

/// With about three digits, and commas between thousands.
pub fn short(number: f64) -> String {
    match number {
        ..10.0 => format!("{number:.2}"),
        ..100.0 => format!("{number:.1}"),
        ..1000.0 => format!("{number:.0}"),
        _ => format!("{},{:03}", number as u64 / 1000, number as u64 % 1000),
    }
}
