//! One request, as everything that answers it sees it.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use app::api::{Code, Result, Timestamp};
use url::Url;
use uuid::Uuid;

use crate::{
    session::{Challenge, Event, Purpose, RequestSession, SessionChange, describe},
    state::State,
    store::{AccountRow, NewEvent, UsedChallenge},
};

/// One request: what all requests share, the session that it came with, and its browser.
#[derive(Clone, Debug)]
pub struct RequestContext {
    pub state: State,
    pub session: RequestSession,
    pub user_agent: String,
    /// What that says in words, once somebody has asked.
    pub described: Arc<OnceLock<String>>,
    /// Where it came from, as far as can be trusted.
    pub address: IpAddr,
    /// What accounts may know its browser by.
    pub known_browser: Option<String>,
    /// The origin that it was sent to: the shop's, or a related one.
    pub origin: Url,
    pub silent_access: SilentAccess,
}

/// Whether a browser may sign in by itself (silent access, Credential Management §2.3.2); the
/// longest refusal last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SilentAccess {
    Allowed,
    /// Something went wrong that will pass.
    PausedForNow,
    /// Since the person signed out, until they have signed in themselves.
    Prevented,
}

impl RequestContext {
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.state.clock.now()
    }

    /// "Chrome on Linux"
    #[must_use]
    pub fn browser(&self) -> String {
        self.described.get_or_init(|| describe(&self.user_agent)).clone()
    }

    /// Something that happened to an account, in this browser.
    #[must_use]
    pub fn event(&self, account: Uuid, event: Event, detail: impl Into<String>) -> NewEvent {
        event.of(account, detail, self.browser())
    }

    /// A challenge that this browser is to answer.
    #[must_use]
    pub fn challenge(&self, purpose: Purpose<'_>) -> Challenge {
        self.state.challenges.make(purpose, &self.session.browser_name(), self.now())
    }

    /// Whether `challenge` was made for this purpose and browser, within the time that a WebAuthn
    /// ceremony may take.
    ///
    /// # Errors
    /// [`Code::ChallengeUnknown`]
    pub fn check(
        &self,
        challenge: Challenge,
        purpose: Purpose<'_>,
    ) -> std::result::Result<UsedChallenge, Code> {
        let (browser, now) = (self.session.browser_name(), self.now());
        self.state.challenges.check(challenge, purpose, &browser, now)
    }

    /// The account that is signed in, if the session has not been ended since it was loaded.
    ///
    /// # Errors
    /// [`Code::SignInRequired`]
    pub async fn account_of_session(&self) -> Result<AccountRow> {
        let key = self.session.key().ok_or(Code::SignInRequired)?;
        let row = self.state.store.account_within(&key).await?;
        row.ok_or_else(|| Code::SignInRequired.into())
    }

    /// The session with a sentence for the next page, to be written together with what it tells.
    ///
    /// # Errors
    /// [`Code::Internal`]
    pub(crate) fn told(&self, sentence: impl Into<String>) -> Result<SessionChange> {
        let mut session = self.session.get();
        session.tell(sentence);
        self.session.amended(session, self.now())
    }
}

/// A slug, a number or an id as they come in an address. None of ours has a control
/// character, and PostgreSQL would not even look for U+0000.
///
/// # Errors
/// [`Code::NotFound`]
pub(crate) fn plain(id: &str) -> Result<&str> {
    if id.contains(char::is_control) { Err(Code::NotFound.into()) } else { Ok(id) }
}
