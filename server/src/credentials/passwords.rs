//! Passwords: what is accepted, and how it is stored and checked.

use std::{sync::Arc, time::Duration};

use app::api::{Code, PublicError};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use crate::error::internal;

/// A password that may be used for an account.
struct NewPassword(String);

const MAX_BYTES: usize = 128;
/// How long a hash may wait for its turn.
const LONGEST_QUEUE: Duration = Duration::from_secs(5);
/// Fewer guesses than this find it in no time: it is a commonly used password,
/// or the person's own name with trimmings.
const MIN_GUESSES: u64 = 1_000_000;

impl NewPassword {
    /// `personal`: what an attacker would try first for this account.
    fn parse(text: &str, personal: &[&str]) -> Result<Self, Code> {
        check_length(text)?;
        if zxcvbn::zxcvbn(text, personal).guesses() < MIN_GUESSES {
            return Err(Code::PasswordCommon);
        }
        Ok(Self(text.to_owned()))
    }
}

/// # Errors
/// [`Code::PasswordTooShort`] under 12 characters, [`Code::PasswordTooLong`] over
/// 128 bytes.
pub fn check_length(text: &str) -> Result<(), Code> {
    if text.chars().count() < 12 {
        return Err(Code::PasswordTooShort);
    }
    if text.len() > MAX_BYTES {
        return Err(Code::PasswordTooLong);
    }
    Ok(())
}

/// Hashes and checks passwords with argon2id, at most a few at a time and never
/// on the threads that answer requests.
#[derive(Clone, Debug)]
pub struct Passwords {
    argon2: Argon2<'static>,
    places: Arc<Semaphore>,
    /// The hash of no password: checked for unknown users, so that they take as
    /// long as known ones.
    dummy: Arc<str>,
}

impl Passwords {
    /// `at_once`: how many hashes may be computed at the same time, each taking
    /// a core and 19 MiB.
    ///
    /// # Errors
    /// When argon2 does not take our parameters, or there is no randomness.
    pub fn new(at_once: usize) -> Result<Self, argon2::password_hash::Error> {
        // OWASP's minimum for argon2id: 19 MiB, two passes, one lane.
        let params = Params::new(19 * 1024, 2, 1, None)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let dummy = argon2.hash_password(&rand::random::<[u8; 32]>())?.to_string().into();
        Ok(Self { argon2, places: Arc::new(Semaphore::new(at_once)), dummy })
    }

    /// The hash of a new password, if it may be used. `personal`: what an attacker
    /// would try first for this account.
    ///
    /// # Errors
    /// [`Code::PasswordTooShort`], [`Code::PasswordTooLong`], or
    /// [`Code::PasswordCommon`] when it is easily guessed; [`Code::Busy`] after five
    /// seconds without a turn, [`Code::Internal`] when hashing fails.
    pub async fn hash_new(&self, password: &str, personal: &[&str]) -> Result<String, PublicError> {
        check_length(password)?;
        let argon2 = self.argon2.clone();
        let password = password.to_owned();
        let personal: Vec<_> = personal.iter().map(|&text| text.to_owned()).collect();
        self.run(move || {
            let personal: Vec<_> = personal.iter().map(String::as_str).collect();
            let password = NewPassword::parse(&password, &personal)?;
            let hash = argon2.hash_password(password.0.as_bytes());
            hash.map(|hash| hash.to_string()).map_err(internal)
        })
        .await?
    }

    /// Whether `password` is the one of `hash`. Takes the same time without a
    /// hash, and then is never true.
    ///
    /// # Errors
    /// [`Code::Busy`] after five seconds without a turn, [`Code::Internal`] when
    /// the hash cannot be read.
    pub async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool, PublicError> {
        let password = password.to_owned();
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.dummy.to_string());
        let argon2 = self.argon2.clone();
        self.run(move || {
            let hash = PasswordHash::new(&hash).map_err(internal)?;
            Ok(argon2.verify_password(password.as_bytes(), &hash).is_ok() && known)
        })
        .await?
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PublicError> {
        let place = timeout(LONGEST_QUEUE, self.places.clone().acquire_owned()).await;
        let place = place.map_err(|_| Code::Busy)?.map_err(internal)?;
        let work = move || {
            let _place = place;
            work()
        };
        spawn_blocking(work).await.map_err(internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<Code> {
        NewPassword::parse(text, &["robin"]).err()
    }

    #[test]
    fn length_counts_in_characters_and_is_bounded_in_bytes() {
        assert_eq!(refusal("elevenchars"), Some(Code::PasswordTooShort));
        assert_eq!(refusal("ünïcödé wörd"), None);
        assert_eq!(
            refusal(&format!("k7 quiet lamps {}", "ü".repeat(57))),
            Some(Code::PasswordTooLong)
        );
    }

    #[test]
    fn commonly_used_passwords_are_refused() {
        for common in
            ["password1234", "123456789012", "qwertyuiopas", "aaaaaaaaaaaa", "robinrobinrobin"]
        {
            assert_eq!(refusal(common), Some(Code::PasswordCommon), "{common}");
        }
    }

    #[test]
    fn there_are_no_composition_rules() {
        assert_eq!(refusal("correct horse battery staple"), None);
        assert_eq!(refusal("plovers dislike umbrellas"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_too_long_for_a_turn_is_told_so() {
        let passwords = Passwords::new(1).unwrap();
        let _taken = passwords.places.clone().acquire_owned().await.unwrap();
        assert_eq!(
            passwords.verify("plovers dislike umbrellas", None).await,
            Err(Code::Busy.into())
        );
    }

    #[tokio::test]
    async fn a_password_is_verified_by_its_own_hash_only() {
        let passwords = Passwords::new(1).unwrap();
        let hash = passwords.hash_new("plovers dislike umbrellas", &["robin"]).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("plovers dislike umbrellas", Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("plovers dislike umbrella", Some(hash)).await.unwrap());
        assert!(!passwords.verify("plovers dislike umbrellas", None).await.unwrap());
    }
}
