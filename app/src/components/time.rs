//! Moments, for people and for programs.

use jiff::tz::TimeZone;
use leptos::prelude::*;

use crate::api::Timestamp;

/// A moment as "21 November 2026, 20:15 UTC". UTC, because the server does not
/// know where the reader is.
#[component]
pub fn When(at: Timestamp) -> impl IntoView {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    view! { <time datetime=format!("{at:.0}")>{in_words(at)}</time> }
}

fn in_words(at: jiff::Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%-d %B %Y, %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_readable() {
        assert_eq!(in_words(jiff::Timestamp::UNIX_EPOCH), "1 January 1970, 00:00 UTC");
    }
}
