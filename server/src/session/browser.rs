//! The browser and system that a request came from, in words.

use woothee::parser::{Parser, WootheeResult};

/// More of a `User-Agent` is not looked at, in bytes.
const ENOUGH: usize = 512;

/// "Chrome on Linux", as far as the `User-Agent` says; it is for people to recognise
/// their own devices by, and proves nothing.
#[must_use]
pub fn describe(user_agent: &str) -> String {
    let end = user_agent.floor_char_boundary(ENOUGH);
    let found = Parser::new().parse(&user_agent[..end]);
    let known = |word: &str| word != "UNKNOWN";
    match found {
        Some(WootheeResult { name, os, .. }) if known(name) && known(os) => {
            format!("{name} on {}", system(os))
        }
        Some(WootheeResult { name, .. }) if known(name) => name.to_owned(),
        Some(WootheeResult { os, .. }) if known(os) => {
            format!("Unknown browser on {}", system(os))
        }
        _ => "Unknown browser".to_owned(),
    }
}

/// As their makers call them.
fn system(os: &str) -> &str {
    match os {
        "Mac OSX" => "macOS",
        os if os.starts_with("Windows") => "Windows",
        os => os,
    }
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn common_browsers_are_recognised() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, words) in [
            (format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} Chrome/156.0.0.0 Safari/537.36"), "Chrome on Linux"),
            (format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} HeadlessChrome/156.0.0.0 Safari/537.36"), "Chrome on Linux"),
            (format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0"), "Edge on Windows"),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:153.0) Gecko/20100101 Firefox/153.0".to_owned(), "Firefox on Windows"),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15".to_owned(), "Safari on macOS"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1".to_owned(), "Safari on iPhone"),
            (format!("Mozilla/5.0 (Linux; Android 10; K) {webkit} Chrome/156.0.0.0 Mobile Safari/537.36"), "Chrome on Android"),
        ] {
            assert_eq!(describe(&agent), words, "{agent}");
        }
    }

    #[test]
    fn nonsense_is_unknown() {
        for agent in ["", "  ", "curious", &"é".repeat(10_000)] {
            assert_eq!(describe(agent), "Unknown browser");
        }
    }
}
