//! The most common passwords.

/// Those of them that are long enough to be used here, in lower case, sorted; where they are from
/// stands in SOURCE.md.
const LIST: &str = include_str!("passwords.txt");

/// Whether a password is one of them, however it is capitalised.
#[must_use]
pub fn contains(password: &str) -> bool {
    let password = password.to_lowercase();
    LIST.lines().any(|common| common == password)
}

#[cfg(test)]
mod tests {
    use super::{LIST, contains};

    #[test]
    fn the_list_has_what_other_rules_let_pass() {
        assert!(LIST.lines().count() > 1_400);
        assert!(LIST.lines().all(|line| line.chars().count() >= 12 && line == line.to_lowercase()));
    }

    #[test]
    fn a_common_password_is_found_however_it_is_capitalised() {
        assert!(contains("123123qweqwe") && contains("123123QweQwe"));
        assert!(!contains("123123qweqw") && !contains(""));
    }
}
