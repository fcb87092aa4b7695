//! Browsers that have signed in to an account before. Their tries at its password are counted
//! apart, so that nobody can lock its owner out (OWASP, "Slow Down Online Guessing Attacks with
//! Device Cookies").
//!
//! The cookie holds a random name, and a code (HMAC-SHA-256) over that name for each account. It
//! says nothing about anybody to whoever does not have the key, opens nothing, and outlives the
//! sign-out.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

/// How many accounts a browser is known by: the last ones.
const ACCOUNTS: usize = 5;
/// In bytes, each.
const NAME: usize = 16;
const CODE: usize = 16;

/// Recognises browsers.
#[derive(Clone)]
pub struct KnownBrowsers {
    key: [u8; 64],
}

impl KnownBrowsers {
    /// `key`: the same for all servers of one shop, and known to nobody else.
    #[must_use]
    pub fn new(key: [u8; 64]) -> Self {
        Self { key }
    }

    /// The name of the browser with this cookie, if it has signed in to the account before.
    #[must_use]
    pub fn recognise<'a>(&self, cookie: &'a str, account: Uuid) -> Option<&'a str> {
        let (name, codes) = cookie.split_once('.')?;
        let expected = self.code(name, account);
        let is_one = |code: &str| {
            let code = BASE64_URL_SAFE_NO_PAD.decode(code).unwrap_or_default();
            code.len() == CODE && expected.clone().verify_truncated_left(&code).is_ok()
        };
        codes.split('.').take(ACCOUNTS).any(is_one).then_some(name)
    }

    /// The cookie of a browser that has just signed in. `before`: the one that it has.
    #[must_use]
    pub fn with(&self, before: Option<&str>, account: Uuid) -> String {
        let before = before.and_then(|cookie| cookie.split_once('.'));
        let before = before.filter(|(name, _)| {
            BASE64_URL_SAFE_NO_PAD.decode(name).is_ok_and(|name| name.len() == NAME)
        });
        let (name, others) = match before {
            Some((name, others)) => (name.to_owned(), others),
            None => (BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; NAME]>()), ""),
        };
        let code = self.code(&name, account).finalize().into_bytes();
        let code = BASE64_URL_SAFE_NO_PAD.encode(&code[..CODE]);
        let others = others.split('.').filter(|other| other.len() == code.len() && *other != code);
        let codes: Vec<_> = [code.as_str()].into_iter().chain(others).take(ACCOUNTS).collect();
        format!("{name}.{}", codes.join("."))
    }

    fn code(&self, name: &str, account: Uuid) -> Hmac<Sha256> {
        let mut code = Hmac::<Sha256>::new(&self.key.into());
        code.update(b"known browser");
        code.update(account.as_bytes());
        code.update(name.as_bytes());
        code
    }
}

impl std::fmt::Debug for KnownBrowsers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KnownBrowsers").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> KnownBrowsers {
        KnownBrowsers::new([7; 64])
    }

    #[test]
    fn a_browser_is_known_by_the_accounts_that_it_signed_in_to() {
        let [robin, wren] = [1, 2].map(Uuid::from_u128);
        let cookie = known().with(None, robin);
        let name = known().recognise(&cookie, robin).unwrap();
        assert_eq!(known().recognise(&cookie, wren), None);
        let both = known().with(Some(&cookie), wren);
        assert_eq!(known().recognise(&both, robin), Some(name));
        assert_eq!(known().recognise(&both, wren), Some(name));
        assert_eq!(known().with(Some(&both), wren), both, "once is enough");
    }

    #[test]
    fn it_forgets_the_oldest() {
        let accounts: Vec<_> = (0..=5).map(Uuid::from_u128).collect();
        let signed_in = |cookie: String, account: &Uuid| known().with(Some(&cookie), *account);
        let cookie = accounts.iter().fold(String::new(), signed_in);
        assert!(known().recognise(&cookie, accounts[0]).is_none());
        assert!(accounts[1..].iter().all(|account| known().recognise(&cookie, *account).is_some()));
    }

    #[test]
    fn a_forged_cookie_is_nobodys() {
        let robin = Uuid::from_u128(1);
        let ours = known().with(None, robin);
        let (name, code) = ours.split_once('.').unwrap();
        let other = KnownBrowsers::new([8; 64]).with(None, robin);
        let another_name = BASE64_URL_SAFE_NO_PAD.encode([1; NAME]);
        for forged in [
            String::new(),
            name.to_owned(),
            format!("{name}."),
            format!("{name}.{}", &code[..4]),
            format!("{another_name}.{code}"),
            other,
        ] {
            assert_eq!(known().recognise(&forged, robin), None, "{forged}");
            let anew = known().with(Some(&forged), robin);
            assert!(known().recognise(&anew, robin).is_some() && anew.len() < 200, "{anew}");
        }
    }
}
