//! Spans of time, in milliseconds.

pub const SECOND: i64 = 1000;
pub const MINUTE: i64 = 60 * SECOND;
pub const DAY: i64 = 24 * 60 * MINUTE;
/// A proof is good for five minutes.
pub const STALE: i64 = 5 * MINUTE;
