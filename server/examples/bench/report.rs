//! The figures, for people: medians of all rounds, with the smallest and the largest.

use std::fmt::Write;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(Spread::of(vec![]), None);
        let spread = Spread::of(vec![3.0, 1.0, 2.0, 10.0]);
        assert_eq!(spread, Some(Spread { median: 2.5, least: 1.0, most: 10.0 }));
    }

    #[test]
    fn numbers_are_short() {
        let numbers = [0.234, 12.34, 543.2, 12_345.6].map(short);
        assert_eq!(numbers, ["0.23", "12.3", "543", "12,345"]);
    }
}
