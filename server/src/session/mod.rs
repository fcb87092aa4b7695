//! The session: who is looking, as one typed value, and how it is kept.
//!
//! * [`Session`] is the value; `before` reads those that older versions wrote.
//! * [`RequestSession`] is the session of one request: loaded at most once, written at most once.
//! * [`Sessions`] keeps them in the database; `tower` is what tower-sessions needs for that.
//! * [`Challenges`] are what ceremonies are bound to.
//! * [`Event`] is what an account's owner is told happened to it.

mod before;
mod browser;
mod challenge;
mod events;
mod kept;
mod request;
mod tower;

use std::time::Duration;

use app::api::{Code, Federated, Notice, Offer, Result, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use browser::describe;
pub use challenge::{ATTEMPT_LIFETIME, Challenge, Challenges, Purpose};
pub use events::Event;
pub use kept::{COOKIE_LIFETIME, Kept, Lifetimes, Sessions, read};
pub use request::{BrowserCookie, Cookie, RequestSession, SessionChange};

use crate::store::{CartOwner, NewIdentity, Owner, Pieces, UsedChallenge};

/// How long a proof of being the owner of an account is good: for changes of how it is signed in
/// to, and between a password and its second factor.
pub const PROOF_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// How long what is half done lives, such as the choice of a username, and what a provider said.
const FLEETING: Duration = Duration::from_secs(15 * 60);

/// How long a session lives that there is nothing in to come back for: most presses lead nowhere.
const SHORT_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Everything that the shop remembers of one browser's visit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    #[serde(default)]
    pub who: Who,
    /// The visitor's own cart, from before a sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cart: Option<String>,
    /// What somebody who was signed in without having asked for it had in the cart, for the way
    /// back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub brought: Vec<Pieces>,
    /// Whether the browser of a visitor with a cart has come back with this session. Until then it
    /// may be a program that never will.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub came_back: bool,
    /// Somebody new whom a provider vouched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_sign_up: Option<PendingSignUp>,
    /// What the next page says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
    /// What to offer on the pages that follow the sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
    /// What the browser may remember of a sign-in with a provider, from the next page on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federated: Option<Federated>,
    /// The account that was deleted in this session: its browser is to forget the passkeys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_account: Option<Uuid>,
}

/// Who it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    #[default]
    Visitor,
    AwaitingSecondFactor(AwaitingSecondFactor),
    SignedIn(SignedIn),
}

/// Whose password was right, or whom a provider vouched for, and since when a second factor is
/// waited for. Nobody is signed in before it comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitingSecondFactor {
    pub account: Uuid,
    /// How many times the account's sessions had been ended before its first factor was checked.
    /// Have they been since, with a new password for example, the second factor comes too late.
    #[serde(default)]
    pub epoch: i64,
    pub first: Method,
    pub since: Timestamp,
    /// What the browser may remember of the provider afterwards.
    pub federated: Option<Federated>,
}

/// Who is signed in: how, when and with which browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    pub account: Uuid,
    /// What its owner ends the session by. Its id will not do, because that changes with every
    /// proof.
    pub handle: String,
    pub methods: AuthenticationMethods,
    /// "Chrome on Linux"
    pub browser: String,
    pub since: Timestamp,
    /// When somebody last proved to be the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proved: Option<Timestamp>,
    /// When they had done so before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proved_before: Option<Timestamp>,
    /// The passkey (credential id) that proved it last, if not that of the sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey_used: Option<String>,
}

/// The methods that somebody signed in by (`amr`, RFC 8176), in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticationMethods {
    pub first: Method,
    pub second: Option<Method>,
    /// Whether the browser did it by itself (silent access, Credential Management §2.3.2).
    pub automatic: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By its credential id.
    Passkey(String),
    Password,
    RecoveryCode,
    /// By its name.
    Provider(String),
}

/// Somebody whom a provider vouched for, and who has no account yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingSignUp {
    /// The provider's id in the configuration.
    pub provider: String,
    pub identity: NewIdentity,
    pub username: Option<String>,
    pub name: Option<String>,
    pub since: Timestamp,
}

/// A proof that the account's owner is there: from within [`PROOF_LIFETIME`], made by
/// [`Session::reauthenticated`], or from when what ends now was begun, made by
/// [`Reauthenticated::when_begun`]. Nothing else makes one, so whatever takes one cannot be called
/// without.
#[derive(Clone, Debug)]
pub struct Reauthenticated {
    signed_in: SignedIn,
}

impl Reauthenticated {
    /// The proof that was asked for before this challenge was given out. It is good for one purpose
    /// and one session: a new passkey, or a provider's identity to link.
    #[must_use]
    pub fn when_begun(signed_in: &SignedIn, _challenge: &UsedChallenge) -> Self {
        Self { signed_in: signed_in.clone() }
    }

    #[must_use]
    pub fn account(&self) -> Uuid {
        self.signed_in.account
    }

    /// That of the session in which it was proved.
    #[must_use]
    pub fn handle(&self) -> &str {
        &self.signed_in.handle
    }

    /// Since when this session's owner has not looked after the account, until this proof: since
    /// the last proof, or the sign-in.
    #[must_use]
    pub fn away_since(&self) -> Timestamp {
        self.signed_in.proved_before.unwrap_or(self.signed_in.since)
    }
}

impl Session {
    #[must_use]
    pub fn account(&self) -> Option<Uuid> {
        match &self.who {
            Who::SignedIn(signed_in) => Some(signed_in.account),
            _ => None,
        }
    }

    /// # Errors
    /// [`Code::SignInRequired`]
    pub fn signed_in(&self) -> Result<&SignedIn> {
        match &self.who {
            Who::SignedIn(signed_in) => Ok(signed_in),
            _ => Err(Code::SignInRequired.into()),
        }
    }

    /// # Errors
    /// [`Code::SignInRequired`] or [`Code::ProofRequired`]
    pub fn reauthenticated(&self, now: Timestamp) -> Result<Reauthenticated> {
        let signed_in = self.signed_in()?.clone();
        match signed_in.proved {
            Some(at) if now.since(at) < PROOF_LIFETIME => Ok(Reauthenticated { signed_in }),
            _ => Err(Code::ProofRequired.into()),
        }
    }

    /// Whose second factor is waited for.
    ///
    /// # Errors
    /// [`Code::SignInRequired`] when that is nobody's, or has been for too long.
    pub fn awaiting_second_factor(&self, now: Timestamp) -> Result<&AwaitingSecondFactor> {
        match &self.who {
            Who::AwaitingSecondFactor(half) if now.since(half.since) < PROOF_LIFETIME => Ok(half),
            _ => Err(Code::SignInRequired.into()),
        }
    }

    /// # Errors
    /// [`Code::SignInRequired`] when there is nobody new, or nobody any more.
    pub fn pending_sign_up(&self, now: Timestamp) -> Result<&PendingSignUp> {
        let fresh = |new: &&PendingSignUp| now.since(new.since) < FLEETING;
        self.pending_sign_up.as_ref().filter(fresh).ok_or_else(|| Code::SignInRequired.into())
    }

    /// The cart of this visit, if there can be anything in it.
    #[must_use]
    pub fn cart(&self) -> Option<CartOwner> {
        match &self.who {
            Who::SignedIn(SignedIn { account, handle, .. }) => {
                Some(CartOwner::SignedIn { account: *account, handle: handle.clone() })
            }
            _ => self.cart.clone().map(CartOwner::Visitor),
        }
    }

    /// The cart that a sign-in brings along. That of somebody who is signed in already is an
    /// account's, and stays there.
    #[must_use]
    pub fn cart_to_merge(&self) -> Option<&str> {
        self.account().is_none().then_some(self.cart.as_deref()).flatten()
    }

    /// A session of which nothing is left but who is signed in. What another account left behind
    /// goes.
    #[must_use]
    pub fn of(signed_in: SignedIn) -> Self {
        Self { who: Who::SignedIn(signed_in), ..Self::default() }
    }

    /// Nobody is signed in before the second factor. The cart stays for when it has come.
    #[must_use]
    pub fn awaiting(&self, half: AwaitingSecondFactor) -> Self {
        let cart = self.cart_to_merge().map(str::to_owned);
        let came_back = self.came_back;
        Self { who: Who::AwaitingSecondFactor(half), cart, came_back, ..Self::default() }
    }

    /// The next page says so.
    pub fn tell(&mut self, sentence: impl Into<String>) {
        self.notice = Some(Notice { sentence: sentence.into(), undo: false });
    }

    /// The next page tells of something that nobody asked for, and how to undo it.
    pub fn tell_with_undo(&mut self, sentence: impl Into<String>) {
        self.notice = Some(Notice { sentence: sentence.into(), undo: true });
    }

    /// Until when it lives that is used now.
    fn until(&self, lifetimes: Lifetimes, now: Timestamp) -> Timestamp {
        let Lifetimes { idle, absolute } = lifetimes;
        match &self.who {
            Who::SignedIn(signed_in) => (now + idle).min(signed_in.since + absolute),
            _ if self.cart.is_some() && self.came_back => now + idle,
            Who::AwaitingSecondFactor(half) => half.since + FLEETING,
            Who::Visitor => match &self.pending_sign_up {
                Some(new) => new.since + FLEETING,
                None => now + SHORT_LIFETIME.min(idle),
            },
        }
    }

    /// As it is in a request that comes with it.
    #[must_use]
    fn coming_back(mut self) -> Self {
        self.came_back |= self.account().is_none() && self.cart.is_some();
        self
    }

    /// Without what lives for a while only, once that is over.
    #[must_use]
    fn without_stale(mut self, now: Timestamp) -> Self {
        let is_stale = |since| now.since(since) >= FLEETING;
        if self.pending_sign_up.as_ref().is_some_and(|new| is_stale(new.since)) {
            self.pending_sign_up = None;
        }
        match &self.who {
            Who::AwaitingSecondFactor(half) if is_stale(half.since) => self.who = Who::Visitor,
            Who::SignedIn(signed_in) if is_stale(signed_in.since) => self.federated = None,
            _ => {}
        }
        self
    }

    /// What has changed from `before` to this, in what it is by `now`.
    #[must_use]
    fn onto(&self, before: &Self, now: Self) -> Self {
        fn changed<T: Clone + PartialEq>(before: &T, after: &T, now: T) -> T {
            if before == after { now } else { after.clone() }
        }
        Self {
            who: changed(&before.who, &self.who, now.who),
            cart: changed(&before.cart, &self.cart, now.cart),
            brought: changed(&before.brought, &self.brought, now.brought),
            came_back: self.came_back || now.came_back,
            pending_sign_up: changed(
                &before.pending_sign_up,
                &self.pending_sign_up,
                now.pending_sign_up,
            ),
            notice: changed(&before.notice, &self.notice, now.notice),
            offer: changed(&before.offer, &self.offer, now.offer),
            federated: changed(&before.federated, &self.federated, now.federated),
            deleted_account: changed(
                &before.deleted_account,
                &self.deleted_account,
                now.deleted_account,
            ),
        }
    }
}

impl AwaitingSecondFactor {
    /// The account, as long as none of its sessions is ended from the first factor on.
    #[must_use]
    pub fn owner(&self) -> Owner {
        Owner { account: self.account, epoch: self.epoch }
    }
}

impl SignedIn {
    /// Somebody who signs in now.
    #[must_use]
    pub fn new(
        account: Uuid,
        methods: AuthenticationMethods,
        browser: String,
        now: Timestamp,
    ) -> Self {
        let proved = methods.are_proof().then_some(now);
        let handle = Uuid::new_v4().to_string();
        let (proved_before, passkey_used) = (None, None);
        Self { account, handle, methods, browser, since: now, proved, proved_before, passkey_used }
    }

    /// It was proved once more that the owner is there. `passkey`: by which one.
    pub fn prove(&mut self, passkey: Option<String>, now: Timestamp) {
        self.proved_before = Some(self.proved.unwrap_or(self.since));
        self.proved = Some(now);
        if passkey.is_some() {
            self.passkey_used = passkey;
        }
    }

    /// The passkey that was used last, to sign in or to prove it since.
    #[must_use]
    pub fn last_passkey(&self) -> Option<&str> {
        self.passkey_used.as_deref().or(self.methods.passkey())
    }
}

impl AuthenticationMethods {
    #[must_use]
    pub fn one(first: Method) -> Self {
        Self { first, second: None, automatic: false }
    }

    #[must_use]
    pub fn two(first: Method, second: Method) -> Self {
        Self { first, second: Some(second), automatic: false }
    }

    #[must_use]
    pub fn automatic(first: Method) -> Self {
        Self { first, second: None, automatic: true }
    }

    #[must_use]
    pub fn passkey(&self) -> Option<&str> {
        [self.second.as_ref(), Some(&self.first)].into_iter().flatten().find_map(|method| {
            match method {
                Method::Passkey(id) => Some(id.as_str()),
                _ => None,
            }
        })
    }

    /// In words, as the end of a sentence that begins with "Signed in": "with the password and a
    /// recovery code". `passkey`: what to call the one with this credential id.
    #[must_use]
    pub fn in_words(&self, passkey: impl Fn(&str) -> String) -> String {
        let named = |method: &Method| match method {
            Method::Passkey(id) => passkey(id),
            Method::Password if self.automatic => "the saved password".to_owned(),
            Method::Password => "the password".to_owned(),
            Method::RecoveryCode => "a recovery code".to_owned(),
            Method::Provider(name) => name.clone(),
        };
        let how = if self.automatic { "automatically, with" } else { "with" };
        match &self.second {
            Some(second) => format!("{how} {} and {}", named(&self.first), named(second)),
            None => format!("{how} {}", named(&self.first)),
        }
    }

    /// For the log: what they are, without what people or hosts have named them.
    #[must_use]
    pub fn names(&self) -> String {
        let name = |method: &Method| match method {
            Method::Passkey(_) => "passkey",
            Method::Password => "password",
            Method::RecoveryCode => "recovery_code",
            Method::Provider(_) => "provider",
        };
        let second = self.second.as_ref().map(name);
        let names = [Some(name(&self.first)), second, self.automatic.then_some("automatic")];
        names.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Whether they prove who sits there. A provider alone may have asked for nothing, and
    /// vouch for somebody who signed in with it last week.
    #[must_use]
    pub fn are_proof(&self) -> bool {
        let provider_alone = matches!(self.first, Method::Provider(_)) && self.second.is_none();
        !self.automatic && !provider_alone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn signed_in(methods: AuthenticationMethods) -> Session {
        Session::of(SignedIn::new(Uuid::new_v4(), methods, "Chrome on Linux".into(), NOW))
    }

    #[test]
    fn a_proof_is_good_for_five_minutes() {
        let session = signed_in(AuthenticationMethods::one(Method::Password));
        assert!(session.reauthenticated(NOW + PROOF_LIFETIME - Duration::from_millis(1)).is_ok());
        let late = session.reauthenticated(NOW + PROOF_LIFETIME).unwrap_err();
        assert_eq!(late.code, Code::ProofRequired);
        let stranger = Session::default().reauthenticated(NOW).unwrap_err();
        assert_eq!(stranger.code, Code::SignInRequired);
    }

    #[test]
    fn what_nobody_pressed_is_no_proof() {
        use AuthenticationMethods as Methods;
        let provider = || Method::Provider("Example".into());
        let passkey = || Method::Passkey("a".into());
        for (methods, is_proof) in [
            (Methods::one(passkey()), true),
            (Methods::one(Method::Password), true),
            (Methods::one(Method::RecoveryCode), true),
            (Methods::one(provider()), false),
            (Methods::two(provider(), passkey()), true),
            (Methods::automatic(Method::Password), false),
            (Methods::automatic(provider()), false),
        ] {
            assert_eq!(methods.are_proof(), is_proof, "{methods:?}");
        }
    }

    #[test]
    fn nothing_of_one_account_is_left_for_the_next() {
        let mut session = signed_in(AuthenticationMethods::one(Method::Password));
        session.offer = Some(Offer::Passkey);
        session.tell("Welcome.");
        let half = AwaitingSecondFactor {
            account: Uuid::new_v4(),
            epoch: 0,
            first: Method::Password,
            since: NOW,
            federated: None,
        };
        let waiting = session.awaiting(half);
        assert_eq!((waiting.account(), waiting.offer, &waiting.notice), (None, None, &None));
        assert!(waiting.awaiting_second_factor(NOW).is_ok());
        assert!(waiting.awaiting_second_factor(NOW + PROOF_LIFETIME).is_err());
    }

    #[test]
    fn a_visitors_cart_waits_for_the_second_factor() {
        let visitor = Session { cart: Some("cart".into()), ..Session::default() };
        assert_eq!(visitor.cart_to_merge(), Some("cart"));
        let half = AwaitingSecondFactor {
            account: Uuid::new_v4(),
            epoch: 0,
            first: Method::Password,
            since: NOW,
            federated: None,
        };
        assert_eq!(visitor.awaiting(half).cart_to_merge(), Some("cart"));
    }

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    const LIFETIMES: Lifetimes = Lifetimes {
        idle: Duration::from_secs(30 * 24 * 60 * 60),
        absolute: Duration::from_secs(90 * 24 * 60 * 60),
    };

    #[test]
    fn a_session_lives_as_long_as_it_is_used_and_not_for_ever() {
        let session = signed_in(AuthenticationMethods::one(Method::Password));
        assert_eq!(session.until(LIFETIMES, NOW), NOW + 30 * DAY);
        assert_eq!(session.until(LIFETIMES, NOW + 59 * DAY), NOW + 89 * DAY);
        assert_eq!(session.until(LIFETIMES, NOW + 61 * DAY), NOW + 90 * DAY);
        let visitor = Session { cart: Some("cart".into()), ..Session::default() };
        assert_eq!(visitor.until(LIFETIMES, NOW), NOW + SHORT_LIFETIME);
        assert_eq!(visitor.coming_back().until(LIFETIMES, NOW), NOW + 30 * DAY);
        assert_eq!(Session::default().until(LIFETIMES, NOW), NOW + SHORT_LIFETIME);
    }

    #[test]
    fn what_is_half_done_is_over_after_a_quarter_of_an_hour() {
        let half = AwaitingSecondFactor {
            account: Uuid::new_v4(),
            epoch: 0,
            first: Method::Provider("Example".into()),
            since: NOW,
            federated: None,
        };
        let new = PendingSignUp {
            provider: "p".into(),
            identity: NewIdentity { issuer: "i".into(), subject: "s".into(), label: "l".into() },
            username: None,
            name: None,
            since: NOW,
        };
        let (soon, late) = (NOW + FLEETING - Duration::from_millis(1), NOW + FLEETING);
        let half = Session::default().awaiting(half);
        let new = Session { pending_sign_up: Some(new), ..Session::default() };
        let mut told = signed_in(AuthenticationMethods::one(Method::Provider("Example".into())));
        told.federated = Some(Federated {
            id: "robin".into(),
            name: "Robin".into(),
            origin: "https://id.example".into(),
        });
        assert_eq!(half.until(LIFETIMES, NOW), late);
        assert_eq!(new.until(LIFETIMES, soon), late);
        for session in [half, new, told] {
            assert_eq!(session.clone().without_stale(soon), session);
            let left = session.without_stale(late);
            assert!(!matches!(left.who, Who::AwaitingSecondFactor(_)));
            assert_eq!((left.pending_sign_up, left.federated), (None, None));
        }
    }

    #[test]
    fn of_two_changes_at_once_both_are_kept() {
        let before = Session { offer: Some(Offer::Passkey), ..Session::default() };
        let (mut one, mut other) = (before.clone(), before.clone());
        one.cart = Some("cart".into());
        other.offer = None;
        other.tell("Done.");
        let both = one.onto(&before, other.clone());
        assert_eq!(
            (both.cart.as_deref(), both.offer, &both.notice),
            (Some("cart"), None, &other.notice)
        );
        assert_eq!(before.onto(&before, other.clone()), other);
    }

    #[test]
    fn the_proof_before_the_last_tells_since_when_nobody_looked() {
        let mut session = signed_in(AuthenticationMethods::one(Method::Password));
        assert_eq!(session.reauthenticated(NOW).unwrap().away_since(), NOW);
        for day in [3, 8] {
            let Who::SignedIn(signed_in) = &mut session.who else { unreachable!() };
            signed_in.prove(None, NOW + day * DAY);
        }
        let proof = session.reauthenticated(NOW + 8 * DAY).unwrap();
        assert_eq!(proof.away_since(), NOW + 3 * DAY);
    }

    #[test]
    fn a_session_is_read_as_it_was_written() {
        let mut session = signed_in(AuthenticationMethods::two(
            Method::Provider("Example".into()),
            Method::Passkey("a".into()),
        ));
        session.tell_with_undo("Signed in as Robin.");
        let text = serde_json::to_string(&session).unwrap();
        assert_eq!(serde_json::from_str::<Session>(&text).unwrap(), session);
    }
}
