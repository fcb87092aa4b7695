//! What processes use, as Linux tells it.

use std::{fs, time::Duration};

/// Ticks of /proc's times (`USER_HZ`), the same on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// A process and those that it started.
pub fn family(process: u32) -> Vec<u32> {
    let mut family = vec![process];
    let mut next = 0;
    while let Some(parent) = family.get(next) {
        let children = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
        let children =
            children.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        let children: Vec<u32> = children
            .flat_map(|ids| ids.split_whitespace().flat_map(str::parse).collect::<Vec<_>>())
            .collect();
        family.extend(children);
        next += 1;
    }
    family
}

/// The processor time of a process and those that it started.
pub fn cpu(process: u32) -> Duration {
    family(process).into_iter().filter_map(cpu_of).sum()
}

/// Without what it started.
pub fn cpu_of_this_process() -> Duration {
    cpu_of(std::process::id()).unwrap_or_default()
}

fn cpu_of(process: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may have spaces.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let user: u32 = fields.nth(11)?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * (user + system))
}

/// Memory in MiB of a process and those that it started: `VmRSS` now, `VmHWM` at most.
pub fn memory(process: u32, what: &str) -> f64 {
    let of = |process| {
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    family(process).into_iter().filter_map(of).sum::<f64>() / 1024.0
}
