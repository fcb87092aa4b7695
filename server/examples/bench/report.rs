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

/// What is said of a scenario: the words for it, and the figures.
const ROWS: [(&str, &[&str]); 8] = [
    ("a second", &[figure::RATE]),
    ("p50, p99 in ms", &[figure::P50, figure::P99]),
    ("CPU each, ms", &[figure::CPU]),
    ("CPU of the database each, ms", &[figure::DATABASE_CPU]),
    ("fsyncs each", &[figure::FSYNCS]),
    ("to the first page, ms", &[figure::FIRST_PAGE]),
    ("memory idle, MiB", &[figure::IDLE]),
    ("memory at most, MiB", &[figure::PEAK]),
];

/// A table in Markdown: what was measured, everybody's figures, and how many times as many the
/// last one does as the first.
pub fn table(samples: &[Sample]) -> String {
    let contestants = names(samples, |sample| &sample.contestant);
    let mut table = format!("| | | {} | |\n|---|---|", contestants.join(" | "));
    table += &"---|".repeat(contestants.len() + 1);
    table += "\n";
    for scenario in names(samples, |sample| &sample.scenario) {
        let mut title = scenario;
        for (words, figures) in ROWS {
            let spreads = |contestant: &&str| -> Vec<_> {
                let of = |figure: &&str| spread(samples, contestant, scenario, figure);
                figures.iter().filter_map(of).collect()
            };
            let spreads: Vec<_> = contestants.iter().map(spreads).collect();
            if !is_telling(figures[0], &spreads) {
                continue;
            }
            let cells: Vec<_> = spreads.iter().map(|spreads| cell(spreads)).collect();
            let times = if figures[0] == figure::RATE { times(&spreads) } else { String::new() };
            // To a string, this cannot fail.
            let _ = writeln!(table, "| {title} | {words} | {} | {times} |", cells.join(" | "));
            title = "";
        }
    }
    table
}

/// A page syncs nothing, and to say so takes a line for each.
fn is_telling(figure: &str, spreads: &[Vec<Spread>]) -> bool {
    let most = spreads.iter().flatten().map(|spread| spread.most).fold(0.0, f64::max);
    most > if figure == figure::FSYNCS { 0.1 } else { 0.0 }
}

/// One figure with its spread, or the medians of two.
fn cell(spreads: &[Spread]) -> String {
    let medians: Vec<_> = spreads.iter().map(|spread| short(spread.median)).collect();
    match spreads.iter().map(|spread| [spread.least, spread.most].map(short)).next() {
        Some([least, most]) if spreads.len() == 1 && least != most => {
            format!("{} ({least}–{most})", medians[0])
        }
        _ => medians.join(", "),
    }
}

fn times(spreads: &[Vec<Spread>]) -> String {
    match spreads {
        [first, .., last] if !first.is_empty() && !last.is_empty() => {
            format!("× {:.1}", last[0].median / first[0].median)
        }
        _ => String::new(),
    }
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

/// With about three digits, and commas between thousands.
pub fn short(number: f64) -> String {
    match number {
        ..9.995 => format!("{number:.2}"),
        ..99.95 => format!("{number:.1}"),
        ..999.5 => format!("{number:.0}"),
        _ => grouped(number.round() as usize),
    }
}

/// With commas between thousands.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
