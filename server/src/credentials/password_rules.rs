//! Which passwords may be used (NIST SP 800-63B-4 §3.1.1.2): long ones that nobody guesses. There
//! are no rules of composition.

use app::api::Code;

use super::common_passwords;

/// In characters: code points, as people and NIST count them.
const SHORTEST: usize = 12;
const LONGEST: usize = 256;
/// Fewer guesses than this are made in no time, also where a stolen hash is guessed at.
const MIN_GUESSES: f64 = 1e8;
/// How many characters are scored. The time that scoring takes grows faster than their number,
/// and whatever is hard to guess is so by then.
const SCORED: usize = 40;
/// What is left of a password beside names, in letters, must have this many.
const BESIDE_NAMES: usize = 8;
/// Shorter names are in too many words.
const SHORTEST_NAME: usize = 3;
/// The shop's own.
const SHOP: &str = "latchkey";

/// The rules that take no time.
///
/// # Errors
/// [`Code::PasswordTooShort`] under 12 characters, [`Code::PasswordTooLong`] over 256,
/// [`Code::PasswordUntypable`] with a NUL, which some libraries take for the end.
pub fn check_form(password: &str) -> Result<(), Code> {
    match password.chars().count() {
        ..SHORTEST => Err(Code::PasswordTooShort),
        SHORTEST..=LONGEST if password.contains('\0') => Err(Code::PasswordUntypable),
        SHORTEST..=LONGEST => Ok(()),
        _ => Err(Code::PasswordTooLong),
    }
}

/// All rules. They take milliseconds: see `scoring_costs_little`. `names`: those of the account.
///
/// # Errors
/// Those of [`check_form`]; [`Code::PasswordCommon`] for one of the most common,
/// [`Code::PasswordNamed`] for what is little more than a name of the account or the shop, and
/// [`Code::PasswordGuessable`] for what a program guesses soon.
pub(super) fn check(password: &str, names: &[&str]) -> Result<(), Code> {
    check_form(password)?;
    if common_passwords::contains(password) || common_passwords::contains(&unshifted(password)) {
        return Err(Code::PasswordCommon);
    }
    if is_named(password, names) {
        return Err(Code::PasswordNamed);
    }
    if guesses(password, names) < MIN_GUESSES {
        return Err(Code::PasswordGuessable);
    }
    Ok(())
}

/// How many guesses somebody needs who knows what the password is made of, such as a word, a year
/// and two signs. zxcvbn itself adds 10,000 for each part before the last, for whoever tries
/// shorter passwords first: far too much where everybody has to use 12 characters.
fn guesses(password: &str, names: &[&str]) -> f64 {
    let names: Vec<_> = names.iter().copied().chain([SHOP]).map(for_scoring).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let found = zxcvbn::zxcvbn(&for_scoring(password), &names);
    let parts = found.sequence();
    let each = parts.iter().filter_map(|part| part.guesses).map(|guesses| guesses as f64);
    let orders = (1..=parts.len()).map(|n| n as f64);
    each.chain(orders).product()
}

/// What zxcvbn is given. It tries all signs for a letter with all signs for the others, so one
/// stands for all that look alike; with each of them in a password it would take a second.
fn for_scoring(text: &str) -> String {
    let sign = |c: char| match c {
        '@' => '4',
        '{' | '[' | '<' => '(',
        '!' | '|' => '1',
        '$' => '5',
        '+' => '7',
        c => c,
    };
    text.chars().take(SCORED).map(sign).collect()
}

/// With the keys that were pressed, but for Shift: where programs look for patterns as well.
fn unshifted(password: &str) -> String {
    let key = |c: char| match "!@#$%^&*()".find(c) {
        Some(at) => "1234567890".as_bytes()[at].into(),
        None => c,
    };
    password.chars().map(key).collect()
}

/// Whether hardly a letter is left without the names.
fn is_named(password: &str, names: &[&str]) -> bool {
    let password = password.to_lowercase();
    let mut rest = password.clone();
    for name in names.iter().copied().chain([SHOP]) {
        for word in name.to_lowercase().split(|c: char| !c.is_alphanumeric()) {
            if word.chars().count() >= SHORTEST_NAME {
                rest = rest.replace(word, "");
            }
        }
    }
    let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count();
    rest.len() < password.len() && letters(&rest) < BESIDE_NAMES
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn refusal(text: &str) -> Option<Code> {
        check(text, &["robin", "Robin Hood"]).err()
    }

    #[test]
    fn length_counts_in_characters() {
        assert_eq!(refusal("elevenchars"), Some(Code::PasswordTooShort));
        assert_eq!(refusal("ünïcödé wörd"), None);
        let long = |text: &str| text.chars().cycle().take(LONGEST).collect::<String>();
        for script in [
            "plovers dislike umbrellas ",
            "鍵を玄関の植木鉢の下に置く",
            "ключи под ковриком у двери ",
        ] {
            assert_eq!(refusal(&long(script)), None, "{script}");
            assert_eq!(refusal(&(long(script) + "x")), Some(Code::PasswordTooLong), "{script}");
        }
    }

    #[test]
    fn no_part_of_a_password_is_ignored() {
        assert_eq!(refusal("plovers dislike\0 umbrellas"), Some(Code::PasswordUntypable));
    }

    #[test]
    fn the_most_common_passwords_are_refused() {
        for common in ["123123qweqwe", "unbelievable", "Christopher1", "1q2w3e4r5t6y"] {
            assert_eq!(refusal(common), Some(Code::PasswordCommon), "{common}");
        }
    }

    #[test]
    fn names_of_the_account_and_the_shop_are_refused() {
        for named in ["robinrobinrobin", "Robin-Hood-1984", "latchkey2026!!", "!!HoodLatchkey!!"] {
            assert_eq!(refusal(named), Some(Code::PasswordNamed), "{named}");
        }
        assert_eq!(refusal("robin plovers dislike umbrellas"), None);
    }

    #[test]
    fn what_a_program_guesses_soon_is_refused() {
        for guessable in [
            "password1234",
            "qwertyuiopas",
            "aaaaaaaaaaaa",
            "Password2024!",
            "Summer2025!!",
            "!QAZ2wsx#EDC",
        ] {
            assert!(refusal(guessable).is_some(), "{guessable}");
        }
    }

    #[test]
    fn there_are_no_composition_rules() {
        assert_eq!(refusal("correct horse battery staple"), None);
        assert_eq!(refusal("plovers dislike umbrellas"), None);
    }

    /// The worst that a search of some minutes has found.
    #[test]
    fn scoring_costs_little() {
        for part in [
            "4@8({[</369&#!1|0$5+7%2",
            "4@4@",
            "l1|!",
            "1234567890",
            "1999-12-31",
            "@lli3",
            "4@8({5<|369&#!1|0$5+7%2k@8({[<o36{&l!120",
            "12t456789012365x[[90123456789t12w45$78@%",
            "p@8({[</369&i!1f0$5+$5o4@8(3[[O369&#!1|9",
            "39!9-12-rm1999-(xo311e99t62-3117by-1v-6#",
        ] {
            let text: String = part.chars().cycle().take(LONGEST).collect();
            let name = &text[..64];
            let time = || {
                let begun = Instant::now();
                guesses(&text, &[name, name]);
                begun.elapsed()
            };
            // Load only ever adds.
            let fastest = (0..3).map(|_| time()).min();
            assert!(fastest < Some(Duration::from_millis(50)), "{part}: {fastest:?}");
        }
    }
}
