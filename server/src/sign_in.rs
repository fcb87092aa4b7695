//! Signing in.
//!
//! A press in the browser (`app::passkey`) asks for a challenge with
//! [`Call::start_sign_in`], usually before the press, and brings the browser's
//! answer to [`Call::finish_sign_in`].

use app::api::{Code, Instant, Options, PublicError, Result, SignedIn};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{
    ByHand, Call,
    accounts::Username,
    ceremonies::{
        CHALLENGE_LIFETIME, Started,
        authentication::{self, Accepted, Attachment, Claim, Stored},
        challenge_of,
    },
    events::Event,
    internal,
    passkeys::described,
    plain,
    session::{Half, Means, SignIn},
    store::{Challenge, PasskeyRow, PasskeyUse, PasswordRow, StoreError},
};

const SIGN_IN: &str = "sign-in";

impl Call {
    /// WebAuthn L3 §7.2 step 1: a challenge that any passkey may answer.
    ///
    /// # Errors
    /// [`Code::Internal`]
    pub async fn start_sign_in(&self) -> Result<Options> {
        let started = authentication::start(&self.server.relying_party)?;
        self.keep_ceremony(SIGN_IN, &started, &started.state).await?;
        Ok(started.into())
    }

    /// WebAuthn L3 §7.2: verifies the assertion and signs its account in.
    ///
    /// # Errors
    /// What is wrong with the assertion; its challenge is used up nevertheless.
    pub async fn finish_sign_in(&self, response: &str) -> Result<SignedIn> {
        let state: String = self.take_challenge(SIGN_IN, response).await?;
        let claim = Claim::read(response)?;
        let stored = self.claimed_passkey(&claim).await?;
        let epoch = self.sessions_epoch(stored.account).await?;

        let known = Stored { account: stored.account, passkey: &stored.credential };
        let verified = authentication::finish(&self.server.relying_party, &state, &claim, known);
        self.accept(&claim, &stored, verified).await?;

        let offer = self.offer_after_passkey(&claim, &stored).await?;
        let signed_in = self.sign_in(stored.account, Means::Passkey(stored.id), epoch).await?;
        self.visit.set_offer(offer).await?;
        Ok(signed_in)
    }

    /// Signs in with a password: typed into the form, or saved in the browser and chosen
    /// there.
    ///
    /// # Errors
    /// [`Code::WrongPassword`], after the same time and in the same words for a
    /// username that nobody has.
    pub async fn sign_in_with_password(&self, username: &str, password: &str) -> Result<SignedIn> {
        let found = self.right_password(username, password).await?;
        let account = found.account;
        if found.second_factor {
            self.record(account, Event::SecondFactorAsked, "").await;
            let half = Half { account, at: self.now(), provider: None, federated: None };
            self.visit.sign_in_half(half).await?;
            return Ok(SignedIn::PasskeyToo);
        }
        let signed_in = self.sign_in(account, Means::Password, found.sessions_epoch).await?;
        self.visit.set_offer(self.offer_after_password(account).await?).await?;
        Ok(signed_in)
    }

    /// Signs in with a saved password that the browser brought by itself: for a person who
    /// is not asked, so only where nothing else is asked for, and as no proof of anything.
    ///
    /// # Errors
    /// [`Code::WrongPassword`], or [`Code::NotAutomatic`] where it is switched off, for
    /// somebody who signs in by hand, and for an account with a second factor.
    pub async fn sign_in_by_itself(&self, username: &str, password: &str) -> Result<SignedIn> {
        if !self.may_sign_in_by_itself().await? {
            return Err(Code::NotAutomatic.into());
        }
        let found = self.right_password(username, password).await?;
        if found.second_factor || !found.automatic {
            // Its owner hears of it: somebody knows the password by now.
            self.record(found.account, Event::AutomaticRefused, "").await;
            return Err(Code::NotAutomatic.into());
        }
        let (how, epoch) = (Means::SavedPassword, found.sessions_epoch);
        let signed_in = self.sign_in(found.account, how, epoch).await?;
        self.tell_automatic(&signed_in).await?;
        Ok(signed_in)
    }

    /// Whether anybody may be signed in who has not asked for it.
    ///
    /// # Errors
    /// [`Code::Internal`]
    pub(crate) async fn may_sign_in_by_itself(&self) -> Result<bool> {
        let signed_out = self.visit.account().await?.is_none();
        let half = self.visit.half_signed_in(self.now()).await.is_ok();
        Ok(self.server.automatic && self.by_hand == ByHand::No && signed_out && !half)
    }

    /// Nobody is signed in without being told.
    pub(crate) async fn tell_automatic(&self, signed_in: &SignedIn) -> Result<()> {
        match signed_in {
            SignedIn::Done(name) => {
                self.visit.tell_with_undo(format!("Signed in as {}.", name.display_name)).await
            }
            _ => Ok(()),
        }
    }

    async fn right_password(&self, username: &str, password: &str) -> Result<PasswordRow> {
        let key = Username::parse(username).map(|username| username.key()).unwrap_or_default();
        let found = self.server.store.password_of(&key).await.map_err(internal)?;
        let hash = found.as_ref().map(|found| found.hash.clone());
        let right = self.server.passwords.verify(password, hash).await?;
        let found = found.ok_or(Code::WrongPassword)?;
        if !right {
            self.record(found.account, Event::SignInFailed, "with a password").await;
            return Err(Code::WrongPassword.into());
        }
        Ok(found)
    }

    /// The passkey that an assertion names.
    ///
    /// # Errors
    /// [`Code::UnknownCredential`]
    pub(crate) async fn claimed_passkey(&self, claim: &Claim) -> Result<PasskeyRow> {
        let id = &claim.credential_id;
        let stored = self.server.store.passkey(id).await.map_err(internal)?;
        stored.ok_or_else(|| PublicError::unknown_credential(id.clone()))
    }

    /// Stores what a verified assertion changed (§7.2 steps 22 to 25), or what went wrong.
    ///
    /// # Errors
    /// What was wrong with the assertion, or [`Code::CounterWentBack`] when another one
    /// with the same counter was faster.
    pub(crate) async fn accept(
        &self,
        claim: &Claim,
        stored: &PasskeyRow,
        verified: std::result::Result<Accepted, Code>,
    ) -> Result<()> {
        let refusal = match verified {
            Ok(accepted) => {
                let newest = self.record_use(claim, stored, accepted).await?;
                (!newest).then_some(Code::CounterWentBack)
            }
            Err(code) => Some(code),
        };
        if let Some(code) = refusal {
            let passkey = described(stored.own_name.as_deref(), &stored.aaguid);
            let detail = format!("with {passkey}");
            self.record(stored.account, Event::SignInFailed, &detail).await;
            return Err(code.into());
        }
        Ok(())
    }

    /// §7.2 step 22 again, for two assertions that were verified at the same time against
    /// the same stored counter: `false` for the second.
    async fn record_use(
        &self,
        claim: &Claim,
        stored: &PasskeyRow,
        accepted: Accepted,
    ) -> Result<bool> {
        let used = PasskeyUse {
            credential_id: stored.id.clone(),
            counter_before: stored.counter,
            counter: accepted.counter.into(),
            backed_up: accepted.backed_up,
            credential: accepted.passkey,
            with: self.browser(),
            here: claim.attachment == Attachment::Platform,
        };
        self.server.store.record_use(&used, self.now()).await.map_err(internal)
    }

    /// Of an account, before what proves it is checked: see [`Call::sign_in`].
    async fn sessions_epoch(&self, account: Uuid) -> Result<i64> {
        let row = self.server.store.account(account).await.map_err(internal)?;
        let row = row.ok_or_else(|| internal("an account has gone during its sign-in"))?;
        Ok(row.sessions_epoch)
    }

    /// The end of every way to sign in: a new session id, and what was put into
    /// the cart before is in the account's. `epoch`: of the account's sessions, from before
    /// what proved it was checked. Have sessions been ended since, this one does not begin.
    pub(crate) async fn sign_in(&self, account: Uuid, how: Means, epoch: i64) -> Result<SignedIn> {
        let store = &self.server.store;
        let row = store.account(account).await.map_err(internal)?;
        let row = row.ok_or_else(|| internal("an account has gone during its sign-in"))?;
        let cart = match self.visit.account().await? {
            // Signed in already: this cart is an account's, and stays there.
            Some(_) => None,
            None => self.visit.anonymous_cart().await?,
        };
        // First the cart: were it to fail, the session would still lead to it.
        if let Some(cart) = cart {
            store.merge_cart(&cart, account, self.now()).await.map_err(internal)?;
        }
        let detail = self.in_words(account, &how).await?;
        let note = SignIn { how, browser: self.browser(), at: self.now() };
        self.visit.sign_in(account, epoch, &note).await?;
        self.record(account, Event::SignedIn, &detail).await;
        Ok(SignedIn::Done(row.name()))
    }

    /// Keeps what the verification of a ceremony will need.
    pub(crate) async fn keep_ceremony<S: Serialize>(
        &self,
        purpose: &str,
        started: &Started,
        state: &S,
    ) -> Result<()> {
        self.keep_challenge(purpose, &started.challenge, state, CHALLENGE_LIFETIME.into()).await
    }

    /// Keeps what verification will need, for this session and purpose. `lifetime`: in
    /// milliseconds.
    pub(crate) async fn keep_challenge<S: Serialize>(
        &self,
        purpose: &str,
        challenge: &str,
        state: &S,
        lifetime: i64,
    ) -> Result<()> {
        let now = self.now();
        let mut challenge = Challenge {
            challenge: challenge.to_owned(),
            session: self.visit.begin(now).await?,
            purpose: purpose.to_owned(),
            state: serde_json::to_string(state).map_err(internal)?,
            expires: Instant(now.0 + lifetime),
        };
        let store = &self.server.store;
        match store.keep_challenge(&challenge).await {
            // The session has ended since it was loaded: no reason for a stranger to wait.
            Err(StoreError::NoSession) if self.visit.account().await?.is_none() => {
                challenge.session = self.visit.begin_anew(now).await?;
                store.keep_challenge(&challenge).await.map_err(internal)
            }
            Err(StoreError::NoSession) => Err(Code::ChallengeUnknown.into()),
            kept => kept.map_err(internal),
        }
    }

    /// Takes the state of the challenge that `response` claims to answer. It is
    /// gone from now on, whatever becomes of the response.
    pub(crate) async fn take_challenge<S: DeserializeOwned>(
        &self,
        purpose: &str,
        response: &str,
    ) -> Result<S> {
        self.take_state(purpose, &challenge_of(response)?).await
    }

    /// The same, by the challenge itself.
    pub(crate) async fn take_state<S: DeserializeOwned>(
        &self,
        purpose: &str,
        challenge: &str,
    ) -> Result<S> {
        let challenge = plain(challenge).map_err(|_| Code::ChallengeUnknown)?;
        let session = self.visit.key().await?.ok_or(Code::ChallengeUnknown)?;
        let store = &self.server.store;
        let state = store.take_challenge(challenge, &session, purpose, self.now()).await;
        let state = state.map_err(internal)?.ok_or(Code::ChallengeUnknown)?;
        serde_json::from_str(&state).map_err(internal)
    }

    pub(crate) fn now(&self) -> Instant {
        self.server.clock.now()
    }
}

impl From<Started> for Options {
    fn from(started: Started) -> Self {
        Self { public_key: started.options }
    }
}
