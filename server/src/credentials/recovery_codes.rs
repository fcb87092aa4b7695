//! Recovery codes: for whoever has lost every other way in.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rand::seq::IndexedRandom;
use sha2::{Digest, Sha256};

/// Codes that are made at a time.
pub const CODES: usize = 10;
/// Signs without look-alikes: no 0 and O, no 1, I and L.
const SIGNS: &[u8] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
const GROUPS: usize = 6;
const GROUP: usize = 4;

/// A code such as `7XK2-M9QW-TAB3-HG5R-4YPN-Z8CE`: one of 31²⁴, which is 118 bits.
#[must_use]
pub fn random_code() -> String {
    let mut random = rand::rng();
    let mut group = || -> String {
        let signs = (0..GROUP).filter_map(|_| SIGNS.choose(&mut random).copied());
        signs.map(char::from).collect()
    };
    let groups: Vec<_> = (0..GROUPS).map(|_| group()).collect();
    groups.join("-")
}

/// What is stored of a code. A fast hash is enough for what nobody could guess (NIST SP
/// 800-63B-4 §3.1.2.2 asks for 112 bits). However people type it: case, spaces and
/// hyphens do not count.
#[must_use]
pub fn hash(code: &str) -> String {
    let signs: String = code.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(signs.to_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_long_and_readable() {
        let code = random_code();
        assert_eq!(code.len(), GROUPS * GROUP + GROUPS - 1);
        assert!(code.bytes().all(|sign| sign == b'-' || SIGNS.contains(&sign)), "{code}");
        assert_ne!(code, random_code());
    }

    #[test]
    fn how_it_is_typed_does_not_count() {
        let hash_ = hash("7XK2-M9QW");
        for typed in ["7xk2m9qw", " 7XK2 M9QW ", "7XK2–M9QW"] {
            assert_eq!(hash(typed), hash_, "{typed}");
        }
        assert_ne!(hash("7XK2-M9QX"), hash_);
    }
}
