//! The one end of all ways in.

use app::api::{Code, Federated, Notice, Offer, PublicError, SignInOutcome, Timestamp};

use crate::{
    error::internal,
    request::RequestContext,
    session::{AuthenticationMethods, Event, Session, SignedIn},
    store::{Ceremony, Made, NewAccount, NewEvent, Owner, Pieces, UsedChallenge, WrongTry},
};

/// Somebody who signs in now: what the new session knows.
#[derive(Debug)]
pub(crate) struct NewSignIn {
    /// From before what proved it was checked. Have the account's sessions been ended since, with
    /// a new password for example, this one does not begin.
    pub(crate) owner: Owner,
    pub(crate) methods: AuthenticationMethods,
    /// How, as the end of a sentence that begins with "Signed in".
    pub(crate) detail: String,
    pub(crate) offer: Option<Offer>,
    pub(crate) federated: Option<Federated>,
    pub(crate) notice: Option<Notice>,
    /// Nobody asked for it: what the visitor has in the cart, for the way back.
    pub(crate) brought: Vec<Pieces>,
    /// Whether it proves who sits there, where the methods alone do not say so.
    pub(crate) is_proof: bool,
}

impl NewSignIn {
    /// `passkey`: what to call the passkey among the methods, if there is one.
    pub(crate) fn new(owner: Owner, methods: AuthenticationMethods, passkey: &str) -> Self {
        let detail = methods.in_words(|_| passkey.to_owned());
        let (offer, federated, notice, brought, is_proof) = (None, None, None, vec![], false);
        Self { owner, methods, detail, offer, federated, notice, brought, is_proof }
    }

    /// The first sign-in of an account. There is nothing yet that somebody else could take over.
    pub(crate) fn with_new(
        account: &NewAccount,
        methods: AuthenticationMethods,
        passkey: &str,
    ) -> Self {
        let owner = Owner { account: account.id, epoch: 0 };
        Self { is_proof: true, ..Self::new(owner, methods, passkey) }
    }

    fn event(&self, ctx: &RequestContext) -> NewEvent {
        let event = ctx.event(self.owner.account, Event::SignedIn, self.detail.as_str());
        NewEvent { methods: self.methods.names(), ..event }
    }

    fn session(self, browser: String, now: Timestamp) -> Session {
        let mut signed_in = SignedIn::new(self.owner.account, self.methods, browser, now);
        if self.is_proof {
            signed_in.proved = Some(now);
        }
        Session {
            offer: self.offer,
            federated: self.federated,
            notice: self.notice,
            brought: self.brought,
            ..Session::of(signed_in)
        }
    }
}

/// Why a ceremony is refused, and what its account's owner is told of it.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) error: PublicError,
    pub(crate) event: Option<NewEvent>,
    /// What it is counted by, where it could be a guess.
    pub(crate) wrong_tries: Vec<WrongTry>,
}

impl<E: Into<PublicError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self { error: error.into(), event: None, wrong_tries: vec![] }
    }
}

/// Signs in: the session under a new id, what was put into the cart before in the account's,
/// and an event, in one transaction with what proved it (`ceremony`).
///
/// # Errors
/// [`Code::SignInRequired`] when the account's sessions have been ended meanwhile; what another
/// request was faster with.
pub(crate) async fn complete(
    ctx: &RequestContext,
    sign_in: NewSignIn,
    ceremony: Ceremony<'_>,
) -> Result<(), Refusal> {
    let owner = sign_in.owner;
    let event = sign_in.event(ctx);
    let ceremony = Ceremony { account: Some(owner), ..ceremony };
    begin(ctx, sign_in, &[event], ceremony).await
}

/// Creates an account, and signs it in.
///
/// # Errors
/// [`Code::UsernameTaken`], [`Code::CredentialTaken`] or [`Code::IdentityTaken`] when somebody
/// was faster; [`Code::TooManyTries`] at an address where many accounts were made.
pub(crate) async fn complete_sign_up(
    ctx: &RequestContext,
    account: &NewAccount,
    sign_in: NewSignIn,
    ceremony: Ceremony<'_>,
) -> Result<SignInOutcome, Refusal> {
    ctx.state.newcomers.account(ctx.address)?;
    let events = [ctx.event(account.id, Event::AccountCreated, ""), sign_in.event(ctx)];
    let ceremony = Ceremony { new_account: Some(account), ..ceremony };
    begin(ctx, sign_in, &events, ceremony).await?;
    Ok(SignInOutcome::Done(account.name()))
}

async fn begin(
    ctx: &RequestContext,
    sign_in: NewSignIn,
    events: &[NewEvent],
    ceremony: Ceremony<'_>,
) -> Result<(), Refusal> {
    let now = ctx.now();
    let before = ctx.session.get();
    let (account, detail) = (sign_in.owner.account, sign_in.detail.clone());
    let browser = ctx.browser();
    let change = ctx.session.renewed(sign_in.session(browser.clone(), now), true, now)?;
    let ceremony = Ceremony {
        made: Made { with: &browser, within: "" },
        session: Some(&change.write),
        cart: before.cart_to_merge(),
        events,
        ..ceremony
    };
    ctx.state.store.complete(&ceremony, now).await.map_err(|error| {
        let error = PublicError::from(error);
        // Another assertion with the same counter was faster: its owner hears of a copy.
        let event = (error.code == Code::CounterWentBack)
            .then(|| ctx.event(account, Event::SignInFailed, detail));
        Refusal { event, ..error.into() }
    })?;
    ctx.session.committed(change);
    ctx.session.remember(|cookie| ctx.state.known_browsers.with(cookie, account));
    Ok(())
}

/// Ends a ceremony that answers a challenge. If it was refused, nothing of it has been written:
/// then the challenge is used up here, with what the account's owner is told.
///
/// # Errors
/// What it was refused for; or [`Code::ChallengeUnknown`] where the challenge was answered
/// before.
pub(crate) async fn settle<T>(
    ctx: &RequestContext,
    used: &UsedChallenge,
    outcome: Result<T, Refusal>,
) -> Result<T, PublicError> {
    let Refusal { error, event, .. } = match outcome {
        Ok(done) => return Ok(done),
        Err(refusal) => refusal,
    };
    let ceremony =
        Ceremony { challenge: Some(used), events: event.as_slice(), ..Ceremony::default() };
    ctx.state.store.complete(&ceremony, ctx.now()).await?;
    Err(error)
}

/// Ends what was refused without a challenge: its account's owner is told. What happened has
/// happened, so without a place for it in the database, the log has it.
pub(crate) async fn record(ctx: &RequestContext, refusal: Refusal) -> PublicError {
    let Refusal { error, event, wrong_tries } = refusal;
    let ceremony =
        Ceremony { events: event.as_slice(), wrong_tries: &wrong_tries, ..Ceremony::default() };
    if (event.is_some() || !wrong_tries.is_empty())
        && let Err(error) = ctx.state.store.complete(&ceremony, ctx.now()).await
    {
        internal(error);
    }
    error
}
