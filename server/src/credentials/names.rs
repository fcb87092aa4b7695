//! Names, parsed where they come in.

use app::api::Code;

/// 3 to 64 letters, digits, `@ . _ -`: room for an e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// # Errors
    /// [`Code::UsernameInvalid`]
    pub fn parse(text: &str) -> Result<Self, Code> {
        let text = text.trim();
        // ASCII only: two usernames that look alike should be alike.
        let allowed = |c: char| c.is_ascii_alphanumeric() || "@._-".contains(c);
        if (3..=64).contains(&text.len()) && text.chars().all(allowed) {
            return Ok(Self(text.to_owned()));
        }
        Err(Code::UsernameInvalid)
    }

    /// As it was entered, for showing.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Equal for usernames that differ in case only.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// What a name is looked for by that somebody typed to sign in: also one that nobody can
    /// have.
    #[must_use]
    pub fn key_of(text: &str) -> String {
        // PostgreSQL would not even look for U+0000.
        text.trim().replace('\0', "\u{fffd}").to_ascii_lowercase()
    }
}

/// 1 to 64 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(String);

impl DisplayName {
    /// # Errors
    /// [`Code::DisplayNameInvalid`]
    pub fn parse(text: &str) -> Result<Self, Code> {
        let text = text.trim();
        if (1..=64).contains(&text.chars().count()) && !text.contains(is_unreadable) {
            return Ok(Self(text.to_owned()));
        }
        Err(Code::DisplayNameInvalid)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Controls, and what is invisible or turns the text around it (but joiners, which
/// some scripts and many emoji need).
fn is_unreadable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_take_what_the_form_promises() {
        for good in ["abc", "a@b.example", "A.b_c-d", " trimmed ", &"x".repeat(64)] {
            assert!(Username::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "ab", "a b", "naïve", "a/b", "a\0bc", &"x".repeat(65)] {
            assert_eq!(Username::parse(bad), Err(Code::UsernameInvalid), "{bad}");
        }
    }

    #[test]
    fn usernames_are_compared_without_case() {
        let [upper, lower] = ["Robin@Example.org", "robin@example.org"].map(Username::parse);
        assert_eq!(upper.unwrap().key(), lower.unwrap().key());
    }

    #[test]
    fn display_names_may_be_anything_that_can_be_read() {
        assert_eq!(DisplayName::parse("  Ana María 🗝 ").unwrap().as_str(), "Ana María 🗝");
        for bad in ["", "  ", "a\u{7}b", "line\nbreak", "\u{200b}", "a\u{202e}b", &"x".repeat(65)] {
            assert_eq!(DisplayName::parse(bad), Err(Code::DisplayNameInvalid), "{bad}");
        }
    }
}
