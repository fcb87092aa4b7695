//! Challenges: what a ceremony is bound to, without a row for it.
//!
//! A challenge carries when it was made and a code that authenticates it (HMAC-SHA-256) for one
//! purpose and one browser. So nothing is stored when one is given out: hovering over "Sign in",
//! the autofill of a form and a flood of requests cost the database nothing. That it was answered
//! is recorded with the end of its ceremony, uniquely, so each works once: also for two requests
//! at once, and also when the answer was wrong.
//!
//! WebAuthn L3 §13.4.3 asks for challenges that nobody can foresee, with at least 16 bytes of
//! entropy: here are 10 random ones, and 16 of a code under a key that nobody else knows.

use std::{fmt, time::Duration};

use app::api::{AccountName, Code, Timestamp};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use serde::Serialize;
use sha2::Sha256;
use uuid::Uuid;

use crate::{
    store::UsedChallenge,
    webauthn::{CHALLENGE_LIFETIME, Mode},
};

/// Big-endian milliseconds since 1970.
const TIME: usize = 6;
const RANDOM: usize = 10;
const CODE: usize = 16;
const LENGTH: usize = TIME + RANDOM + CODE;

/// What a challenge is for, and for whom: it answers nothing else.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose<'a> {
    SignIn,
    /// The names that the new account is to have.
    SignUp(&'a AccountName),
    SecondFactor(Uuid),
    /// The handle is that of the session that is signed in.
    Reauthentication {
        account: Uuid,
        handle: &'a str,
    },
    NewPasskey {
        account: Uuid,
        handle: &'a str,
        mode: Mode,
    },
    /// FedCM: the nonce of a token of this provider.
    Token(&'a str),
    /// What a browser is given to bring back from a provider.
    Attempt(&'a str),
}

/// How long somebody may be with a provider: people find their telephone, and reset a password.
pub const ATTEMPT_LIFETIME: Duration = Duration::from_secs(15 * 60);

impl Purpose<'_> {
    /// How long an answer may take.
    fn lifetime(self) -> Duration {
        match self {
            Self::Token(_) | Self::Attempt(_) => ATTEMPT_LIFETIME,
            _ => CHALLENGE_LIFETIME,
        }
    }
}

/// 32 bytes that a browser is given, and gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge([u8; LENGTH]);

/// Makes challenges, and recognises them.
#[derive(Clone)]
pub struct Challenges {
    key: [u8; 64],
}

impl Challenges {
    /// `key`: the same for all servers of one shop, and known to nobody else.
    #[must_use]
    pub fn new(key: [u8; 64]) -> Self {
        Self { key }
    }

    /// A challenge for this purpose, to be answered by this browser.
    #[must_use]
    pub fn make(&self, purpose: Purpose<'_>, browser: &str, now: Timestamp) -> Challenge {
        let mut challenge = [0; LENGTH];
        challenge[..TIME].copy_from_slice(&now.0.to_be_bytes()[8 - TIME..]);
        challenge[TIME..TIME + RANDOM].copy_from_slice(&rand::random::<[u8; RANDOM]>());
        let code = self.code(&challenge[..TIME + RANDOM], purpose, browser).finalize().into_bytes();
        challenge[TIME + RANDOM..].copy_from_slice(&code[..CODE]);
        Challenge(challenge)
    }

    /// Whether a challenge was made for this purpose and browser, a while ago. It is what is to be
    /// recorded with the end of its ceremony.
    ///
    /// # Errors
    /// [`Code::ChallengeUnknown`]
    pub fn check(
        &self,
        challenge: Challenge,
        purpose: Purpose<'_>,
        browser: &str,
        now: Timestamp,
    ) -> Result<UsedChallenge, Code> {
        let (made, code) = challenge.0.split_at(TIME + RANDOM);
        let expected = self.code(made, purpose, browser);
        expected.verify_truncated_left(code).map_err(|_| Code::ChallengeUnknown)?;
        let expires = challenge.made() + purpose.lifetime();
        if now >= expires {
            return Err(Code::ChallengeUnknown);
        }
        Ok(UsedChallenge { challenge: challenge.to_string(), expires })
    }

    /// The id (and WebAuthn user handle) of the account that a challenge for a sign-up is to
    /// create: always that one, and nothing that anybody could know.
    #[must_use]
    pub fn account_id(&self, challenge: Challenge) -> Uuid {
        let mut code = Hmac::<Sha256>::new(&self.key.into());
        code.update(b"account");
        code.update(&challenge.0);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&code.finalize().into_bytes()[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    fn code(&self, made: &[u8], purpose: Purpose<'_>, browser: &str) -> Hmac<Sha256> {
        let mut code = Hmac::<Sha256>::new(&self.key.into());
        code.update(made);
        // As JSON: no two purposes are written alike.
        let bound = serde_json::to_vec(&(purpose, browser));
        code.update(&bound.expect("names and ids can be written"));
        code
    }
}

impl Challenge {
    /// # Errors
    /// [`Code::ChallengeUnknown`] for what is none of ours.
    pub fn parse(text: &str) -> Result<Self, Code> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| Code::ChallengeUnknown)?;
        Self::from_bytes(&bytes)
    }

    /// # Errors
    /// [`Code::ChallengeUnknown`] for what is none of ours.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Code> {
        bytes.try_into().map(Self).map_err(|_| Code::ChallengeUnknown)
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn made(self) -> Timestamp {
        let mut bytes = [0; 8];
        bytes[8 - TIME..].copy_from_slice(&self.0[..TIME]);
        Timestamp(i64::from_be_bytes(bytes))
    }
}

/// Unpadded base64url, as browsers write it.
impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Challenges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenges")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000_123);
    const LIFETIME: Duration = CHALLENGE_LIFETIME;

    fn ours() -> Challenges {
        Challenges::new([7; 64])
    }

    fn check(challenge: Challenge, purpose: Purpose<'_>, browser: &str, now: Timestamp) -> bool {
        ours().check(challenge, purpose, browser, now).is_ok()
    }

    #[test]
    fn a_challenge_is_good_for_its_lifetime() {
        let challenge = ours().make(Purpose::SignIn, "browser", NOW);
        let last = NOW + LIFETIME - Duration::from_millis(1);
        assert!(check(challenge, Purpose::SignIn, "browser", NOW));
        assert!(check(challenge, Purpose::SignIn, "browser", last));
        assert!(!check(challenge, Purpose::SignIn, "browser", NOW + LIFETIME));
    }

    #[test]
    fn what_is_recorded_outlives_the_challenge() {
        let challenge = ours().make(Purpose::SignIn, "browser", NOW);
        let used = ours().check(challenge, Purpose::SignIn, "browser", NOW).unwrap();
        assert_eq!((used.challenge, used.expires), (challenge.to_string(), NOW + LIFETIME));
    }

    #[test]
    fn a_challenge_of_another_browser_is_refused() {
        let challenge = ours().make(Purpose::SignIn, "browser", NOW);
        assert!(!check(challenge, Purpose::SignIn, "other", NOW));
        assert!(!check(challenge, Purpose::SignIn, "", NOW));
    }

    #[test]
    fn a_challenge_for_something_else_is_refused() {
        let [one, other] = [Uuid::new_v4(), Uuid::new_v4()];
        let name = |name: &str| AccountName { username: name.into(), display_name: name.into() };
        let (robin, rowan) = (name("robin"), name("rowan"));
        let new_passkey = |mode| Purpose::NewPasskey { account: one, handle: "h", mode };
        let purposes = [
            Purpose::SignIn,
            Purpose::SignUp(&robin),
            Purpose::SignUp(&rowan),
            Purpose::SecondFactor(one),
            Purpose::SecondFactor(other),
            Purpose::Reauthentication { account: one, handle: "h" },
            Purpose::Reauthentication { account: one, handle: "i" },
            Purpose::Reauthentication { account: other, handle: "h" },
            new_passkey(Mode::Modal),
            new_passkey(Mode::Platform),
            new_passkey(Mode::Conditional),
            Purpose::Token("a"),
            Purpose::Token("b"),
            Purpose::Attempt("a"),
        ];
        for (made, purpose) in purposes.iter().enumerate() {
            let challenge = ours().make(*purpose, "browser", NOW);
            for (asked, purpose) in purposes.iter().enumerate() {
                assert_eq!(check(challenge, *purpose, "browser", NOW), made == asked);
            }
        }
    }

    #[test]
    fn a_forged_or_altered_challenge_is_refused() {
        let forged = Challenges::new([8; 64]).make(Purpose::SignIn, "browser", NOW);
        assert!(!check(forged, Purpose::SignIn, "browser", NOW));
        let good = ours().make(Purpose::SignIn, "browser", NOW);
        for bit in 0..LENGTH * 8 {
            let mut bytes = good.0;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(!check(Challenge(bytes), Purpose::SignIn, "browser", NOW), "bit {bit}");
        }
    }

    #[test]
    fn no_two_challenges_are_alike() {
        let make = || ours().make(Purpose::SignIn, "browser", NOW).to_string();
        assert_ne!(make(), make());
    }

    #[test]
    fn other_lengths_are_none_of_ours() {
        for text in ["", "AAAA", &"A".repeat(44), "not base64url!"] {
            assert_eq!(Challenge::parse(text), Err(Code::ChallengeUnknown), "{text}");
        }
        let challenge = ours().make(Purpose::SignIn, "browser", NOW);
        assert_eq!(Challenge::parse(&challenge.to_string()), Ok(challenge));
    }
}
