//! Passwords: how they are stored and checked.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use app::api::PublicError;
use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};

use super::{password_rules::check, turns::Turns};
use crate::error::internal;

pub use super::password_rules::check_form;

/// Hashes and checks passwords with argon2id, at most a few at a time and never
/// on the threads that answer requests.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    hashing: Turns,
    /// Whether a new password is easily guessed is no honest visitor's sign-in: it has turns of
    /// its own.
    scoring: Turns,
    memory: Memory,
    /// The hash of no password: checked for unknown users, so that they take as
    /// long as known ones.
    dummy: Arc<str>,
}

/// As many blocks as are computed with at once. They are used again and again: an allocator keeps
/// what each of its threads has freed, 19 MiB a time.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<Vec<Block>>>>);

type Hashed<T> = Result<T, argon2::password_hash::Error>;

impl Passwords {
    /// `at_once`: how many hashes may be computed at the same time, each taking
    /// a core and 19 MiB.
    ///
    /// # Errors
    /// When argon2 does not take our parameters, or there is no randomness.
    pub fn new(at_once: usize) -> Hashed<Self> {
        // OWASP's minimum for argon2id: 19 MiB, two passes, one lane.
        let params = Params::new(19 * 1024, 2, 1, None)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let memory = Memory::default();
        // In memory that is given back: a shop that nobody signs in to with a password needs none.
        let dummy =
            Memory::default().hash(&argon2, &rand::random::<[u8; 32]>())?.to_string().into();
        let (hashing, scoring) = (Turns::new(at_once), Turns::new(1));
        Ok(Self { argon2, hashing, scoring, memory, dummy })
    }

    /// The hash of a new password, if it may be used. `names`: those of the account, which an
    /// attacker would try first.
    ///
    /// # Errors
    /// What [`check_form`] says; [`Code::PasswordCommon`](app::api::Code::PasswordCommon),
    /// [`Code::PasswordNamed`](app::api::Code::PasswordNamed) or
    /// [`Code::PasswordGuessable`](app::api::Code::PasswordGuessable) when it is easily guessed;
    /// [`Code::Busy`](app::api::Code::Busy) without a turn soon, and
    /// [`Code::Internal`](app::api::Code::Internal) when hashing fails.
    pub async fn hash_new(&self, password: &str, names: &[&str]) -> Result<String, PublicError> {
        check_form(password)?;
        let (new, names) = (password.to_owned(), names.join("\n"));
        self.scoring.run(move || check(&new, &names.lines().collect::<Vec<_>>())).await??;
        let (this, password) = (self.clone(), password.to_owned());
        let hash = self.hashing.run(move || this.memory.hash(&this.argon2, password.as_bytes()));
        Ok(hash.await?.map_err(internal)?.to_string())
    }

    /// Whether `password` is the one of `hash`. Takes the same time without a
    /// hash, and then is never true.
    ///
    /// # Errors
    /// [`Code::Busy`](app::api::Code::Busy) without a turn soon,
    /// [`Code::Internal`](app::api::Code::Internal) when the hash cannot be read.
    pub async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool, PublicError> {
        let (this, password, known) = (self.clone(), password.to_owned(), hash.is_some());
        let hash = hash.unwrap_or_else(|| self.dummy.to_string());
        let right = self.hashing.run(move || this.memory.verify(password.as_bytes(), &hash));
        Ok(right.await?.map_err(internal)? && known)
    }
}

impl Memory {
    fn hash(&self, argon2: &Argon2<'_>, password: &[u8]) -> Hashed<PasswordHash> {
        let salt = Salt::generate();
        Ok(PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(argon2.params())?,
            hash: Some(self.compute(argon2, password, &salt, Params::DEFAULT_OUTPUT_LEN)?),
            salt: Some(salt),
        })
    }

    /// With the parameters of the hash, which may be from before they were changed.
    fn verify(&self, password: &[u8], hash: &str) -> Hashed<bool> {
        let hash = PasswordHash::new(hash)?;
        let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
            return Ok(false);
        };
        let version = hash.version.map_or(Ok(Version::default()), Version::try_from)?;
        let algorithm = Algorithm::try_from(hash.algorithm.as_str())?;
        let argon2 = Argon2::new(algorithm, version, Params::try_from(&hash)?);
        // Compared in the same time, wherever they differ.
        Ok(self.compute(&argon2, password, salt, expected.len())? == *expected)
    }

    fn compute(
        &self,
        argon2: &Argon2<'_>,
        password: &[u8],
        salt: &Salt,
        length: usize,
    ) -> Hashed<Output> {
        let mut blocks = self.blocks().pop().unwrap_or_default();
        blocks.resize(argon2.params().block_count().max(blocks.len()), Block::new());
        let mut out = [0; Output::MAX_LENGTH];
        let done = argon2.hash_password_into_with_memory(
            password,
            salt,
            &mut out[..length],
            blocks.as_mut_slice(),
        );
        self.blocks().push(blocks);
        done?;
        Ok(Output::new(&out[..length])?)
    }

    fn blocks(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "plovers dislike umbrellas";

    #[tokio::test]
    async fn a_password_is_verified_by_its_own_hash_only() {
        let passwords = Passwords::new(1).unwrap();
        let hash = passwords.hash_new(PASSWORD, &["robin"]).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify(PASSWORD, Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("plovers dislike umbrella", Some(hash)).await.unwrap());
        assert!(!passwords.verify(PASSWORD, None).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_with_other_parameters_is_verified_with_them() {
        let other = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(32 * 1024, 1, 1, None).unwrap(),
        );
        let hash = Memory::default().hash(&other, PASSWORD.as_bytes()).unwrap().to_string();
        assert!(hash.starts_with("$argon2id$v=19$m=32768,t=1,p=1$"), "{hash}");
        let passwords = Passwords::new(1).unwrap();
        assert!(passwords.verify(PASSWORD, Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn the_memory_of_a_hash_is_used_again() {
        let passwords = Passwords::new(2).unwrap();
        let verify = || passwords.verify(PASSWORD, None);
        let many = futures::future::join_all((0..6).map(|_| verify())).await;
        assert!(many.into_iter().all(|right| right == Ok(false)));
        assert!(passwords.memory.blocks().len() <= 2);
    }

    #[tokio::test]
    async fn what_is_no_hash_is_our_failure() {
        let passwords = Passwords::new(1).unwrap();
        assert!(passwords.verify(PASSWORD, Some("none".into())).await.is_err());
    }
}
