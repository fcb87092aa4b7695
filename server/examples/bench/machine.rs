//! The machine and the day, without which figures say nothing.

use std::fs;

use latchkey::clock::Clock;
use serde::Serialize;

use crate::options::cores;

#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    pub date: String,
    pub processor: String,
    pub cores: usize,
    /// GiB.
    pub memory: f64,
}

impl Machine {
    pub fn this() -> Self {
        let now = jiff::Timestamp::from_millisecond(Clock::system().now().0).unwrap_or_default();
        Self {
            date: now.strftime("%F").to_string(),
            processor: line("/proc/cpuinfo", "model name").unwrap_or_default(),
            cores: cores(),
            memory: memory().unwrap_or_default() / f64::from(1 << 20),
        }
    }

    pub fn words(&self) -> String {
        let Self { date, processor, cores, memory } = self;
        format!("{cores} × {processor}, {memory:.0} GiB, {date}")
    }
}

fn memory() -> Option<f64> {
    line("/proc/meminfo", "MemTotal")?.split_whitespace().next()?.parse().ok()
}

/// What a file says of something, in lines of "something : it".
fn line(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let lines = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
    lines.map(|(_, value)| value.trim().to_owned())
}
