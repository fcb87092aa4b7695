//! The session of one request, typed.
//!
//! Nothing is stored and no cookie is set until something is put in.

use app::api::{Code, Federated, Instant, Notice, Offer, Result};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use tower_sessions::{Expiry, Session, cookie::time::Duration, session, session_store};
use uuid::Uuid;

use crate::{
    internal,
    store::{CartOwner, ENDED, NewIdentity, SessionRow, session_key},
};

/// The sessions store reads this key too: it is the owner of the session.
const ACCOUNT: &str = "account";
/// The sessions store reads this key as well, see [`Visit::sign_in`].
const EPOCH: &str = "epoch";
const SIGN_IN: &str = "sign_in";
const HANDLE: &str = "handle";
/// The passkey that proved last who sits there, if not that of the sign-in.
const USED: &str = "used";
const PROVED: &str = "proved";
const HALF: &str = "half";
const OFFER: &str = "offer";
/// Under "notice" were plain sentences once.
const NOTICE: &str = "told";
const NEWCOMER: &str = "newcomer";
const FEDERATED: &str = "federated";
const GONE: &str = "gone";
const CART: &str = "cart";
const SINCE: &str = "since";

/// How long a proof of being the owner of an account is good, in milliseconds: for
/// changes of how it is signed in to, and between a password and its second factor.
pub const PROOF_LIFETIME: i64 = 5 * 60 * 1000;

/// How long a newcomer has for choosing a username, in milliseconds.
const STRANGER_LIFETIME: i64 = 30 * 60 * 1000;

#[derive(Clone, Debug)]
pub struct Visit(pub Session);

/// How, when and with which browser a session was signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    pub how: Means,
    pub browser: String,
    pub at: Instant,
}

/// Passkeys by their credential ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    Passkey(String),
    Password,
    PasswordAndPasskey(String),
    RecoveryCode,
    PasswordAndRecoveryCode,
    /// By its name, as those that follow.
    Provider(String),
    ProviderAndPasskey(String, String),
    ProviderAndRecoveryCode(String),
    /// By the browser itself.
    SavedPassword,
    RememberedProvider(String),
}

impl Means {
    #[must_use]
    pub fn passkey(&self) -> Option<&str> {
        match self {
            Self::Passkey(id) | Self::PasswordAndPasskey(id) | Self::ProviderAndPasskey(_, id) => {
                Some(id)
            }
            _ => None,
        }
    }

    /// Whether the browser did it by itself.
    #[must_use]
    pub fn is_automatic(&self) -> bool {
        matches!(self, Self::SavedPassword | Self::RememberedProvider(_))
    }

    /// Whether it proves who sits there. A provider alone may have asked for nothing, and
    /// vouch for somebody who signed in with it last week.
    #[must_use]
    pub fn is_proof(&self) -> bool {
        !self.is_automatic() && !matches!(self, Self::Provider(_))
    }
}

/// Whose password was right, or whom a provider vouched for, and since when a second factor
/// is waited for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Half {
    pub account: Uuid,
    pub at: Instant,
    /// The provider's name; none: it was the password.
    #[serde(default)]
    pub provider: Option<String>,
    /// What the browser may remember of the provider afterwards.
    #[serde(default)]
    pub federated: Option<Federated>,
}

/// Somebody whom a provider vouched for, and who has no account yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stranger {
    /// The provider's id in the configuration.
    pub provider: String,
    pub identity: NewIdentity,
    pub username: Option<String>,
    pub name: Option<String>,
    pub at: Instant,
}

impl Visit {
    /// Who is signed in.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be loaded.
    pub async fn account(&self) -> Result<Option<Uuid>> {
        self.get(ACCOUNT).await
    }

    /// # Errors
    /// [`Code::SignInRequired`]
    pub async fn signed_in(&self) -> Result<Uuid> {
        self.account().await?.ok_or_else(|| Code::SignInRequired.into())
    }

    /// Who is signed in and has proved it within [`PROOF_LIFETIME`].
    ///
    /// # Errors
    /// [`Code::SignInRequired`] or [`Code::ProofRequired`]
    pub async fn proved(&self, now: Instant) -> Result<Uuid> {
        let account = self.signed_in().await?;
        let proved: Option<Instant> = self.get(PROVED).await?;
        match proved {
            Some(at) if is_recent(at, now) => Ok(account),
            _ => Err(Code::ProofRequired.into()),
        }
    }

    /// How this session was signed in.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be loaded.
    pub async fn sign_in_note(&self) -> Result<Option<SignIn>> {
        self.get(SIGN_IN).await
    }

    /// The passkey that this session's visitor signed in with, or proved it with since.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be loaded.
    pub async fn passkey_used(&self) -> Result<Option<String>> {
        let used = self.get(USED).await?;
        let note = self.sign_in_note().await?;
        Ok(used.or_else(|| note?.how.passkey().map(str::to_owned)))
    }

    /// # Errors
    /// [`Code::Internal`] when the session cannot be changed.
    pub async fn put_passkey_used(&self, id: &str) -> Result<()> {
        self.put(USED, id).await
    }

    /// Whose password was right a moment ago, and who is not signed in without a second
    /// factor.
    ///
    /// # Errors
    /// [`Code::SignInRequired`] when there is no such account.
    pub async fn half_signed_in(&self, now: Instant) -> Result<Half> {
        let half: Option<Half> = self.get(HALF).await?;
        let half = half.filter(|half| is_recent(half.at, now));
        half.ok_or_else(|| Code::SignInRequired.into())
    }

    /// Whom a provider vouched for a moment ago, and who has no account yet.
    ///
    /// # Errors
    /// [`Code::SignInRequired`] when there is nobody.
    pub async fn stranger(&self, now: Instant) -> Result<Stranger> {
        let stranger: Option<Stranger> = self.get(NEWCOMER).await?;
        let stranger = stranger.filter(|stranger| now.0 - stranger.at.0 < STRANGER_LIFETIME);
        stranger.ok_or_else(|| Code::SignInRequired.into())
    }

    /// Remembers whom a provider vouched for, under a new session id. `epoch`: as in
    /// [`Visit::sign_in`], where somebody is signed in already and stays so.
    ///
    /// # Errors
    /// [`Code::SignInRequired`] when that session has been ended meanwhile.
    pub async fn welcome(&self, stranger: &Stranger, epoch: Option<i64>) -> Result<()> {
        self.0.cycle_id().await.map_err(internal)?;
        self.put(NEWCOMER, stranger).await?;
        match epoch {
            Some(epoch) => self.begin_under(epoch).await,
            None => Ok(()),
        }
    }

    /// The anonymous cart, if there is one.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be loaded.
    pub async fn anonymous_cart(&self) -> Result<Option<String>> {
        self.get(CART).await
    }

    /// The cart of this visit, if there can be anything in it.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be loaded.
    pub async fn cart(&self) -> Result<Option<CartOwner>> {
        if let Some(account) = self.account().await? {
            return Ok(Some(CartOwner::Account(account)));
        }
        Ok(self.anonymous_cart().await?.map(CartOwner::Session))
    }

    /// The cart of this visit, begun when there is none.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be loaded or changed.
    pub async fn begin_cart(&self) -> Result<CartOwner> {
        if let Some(cart) = self.cart().await? {
            return Ok(cart);
        }
        let cart = Uuid::new_v4().to_string();
        self.put(CART, &cart).await?;
        Ok(CartOwner::Session(cart))
    }

    /// What ceremonies are bound to: the session, stored by now at the latest.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be stored.
    pub async fn begin(&self, now: Instant) -> Result<String> {
        if let Some(key) = self.key().await? {
            return Ok(key);
        }
        // Most presses lead nowhere: a session with nothing in it is a short one,
        // until a cart or an account renews it.
        self.expire_soon();
        self.put(SINCE, now).await?;
        self.0.save().await.map_err(internal)?;
        self.0.id().map(|id| session_key(&id)).ok_or_else(|| internal("a saved session has no id"))
    }

    /// The same where the session has ended since it was loaded.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be stored.
    pub async fn begin_anew(&self, now: Instant) -> Result<String> {
        self.0.clear().await;
        self.0.cycle_id().await.map_err(internal)?;
        self.begin(now).await
    }

    /// The stored session's key; none when there is no session, or no longer.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be loaded.
    pub async fn key(&self) -> Result<Option<String>> {
        // Reading makes tower-sessions forget an id that is not stored any more.
        self.account().await?;
        Ok(self.0.id().map(|id| session_key(&id)))
    }

    /// Signs `account` in under a new session id, so that an id somebody knew
    /// before is worth nothing after. What another account left behind goes.
    ///
    /// `epoch`: the account's, from before its proof was checked. Have sessions been ended
    /// since, with a new password for example, this one does not begin.
    ///
    /// # Errors
    /// [`Code::SignInRequired`] when it does not begin: nobody is signed in then.
    pub async fn sign_in(&self, account: Uuid, epoch: i64, note: &SignIn) -> Result<()> {
        self.0.cycle_id().await.map_err(internal)?;
        for key in [CART, HALF, OFFER, NOTICE, GONE, NEWCOMER, FEDERATED, PROVED, USED] {
            self.remove(key).await?;
        }
        self.put(ACCOUNT, account).await?;
        self.put(SIGN_IN, note).await?;
        self.put(HANDLE, Uuid::new_v4()).await?;
        if note.how.is_proof() {
            self.put_proof(note.at).await?;
        }
        self.begin_under(epoch).await
    }

    async fn begin_under(&self, epoch: i64) -> Result<()> {
        self.put(EPOCH, epoch).await?;
        let Err(error) = self.0.save().await else { return Ok(()) };
        // Otherwise the end of the request would try to save it once more.
        self.0.clear().await;
        Err(match error {
            session::Error::Store(session_store::Error::Backend(cause)) if cause == ENDED => {
                Code::SignInRequired.into()
            }
            other => internal(other),
        })
    }

    /// The sign-in that has just begun proves who sits there.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be changed.
    pub async fn put_proof(&self, now: Instant) -> Result<()> {
        self.put(PROVED, now).await
    }

    /// Remembers whose password was right, or whom a provider vouched for, and signs nobody
    /// in: not before the second factor. Whoever was signed in is not any more.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be changed.
    pub async fn sign_in_half(&self, half: Half) -> Result<()> {
        self.0.cycle_id().await.map_err(internal)?;
        for key in
            [ACCOUNT, EPOCH, SIGN_IN, HANDLE, USED, PROVED, OFFER, NOTICE, NEWCOMER, FEDERATED]
        {
            self.remove(key).await?;
        }
        self.put(HALF, half).await
    }

    /// Whoever is signed in has just proved it, and gets a new session id. `epoch`: as in
    /// [`Visit::sign_in`].
    ///
    /// # Errors
    /// [`Code::SignInRequired`] when the session has been ended meanwhile.
    pub async fn prove(&self, epoch: i64, now: Instant) -> Result<()> {
        self.0.cycle_id().await.map_err(internal)?;
        self.put_proof(now).await?;
        self.begin_under(epoch).await
    }

    /// What to offer on the pages that follow the sign-in.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be loaded.
    pub async fn offer(&self) -> Result<Option<Offer>> {
        self.get(OFFER).await
    }

    /// # Errors
    /// [`Code::Internal`] when the session cannot be changed.
    pub async fn set_offer(&self, offer: Option<Offer>) -> Result<()> {
        match offer {
            Some(offer) => self.put(OFFER, offer).await,
            None => self.remove(OFFER).await,
        }
    }

    /// A sentence for the next page.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be changed.
    pub async fn tell(&self, sentence: impl Into<String>) -> Result<()> {
        self.put(NOTICE, Notice { sentence: sentence.into(), undo: false }).await
    }

    /// The same, of something that nobody asked for.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be changed.
    pub async fn tell_with_undo(&self, sentence: String) -> Result<()> {
        self.put(NOTICE, Notice { sentence, undo: true }).await
    }

    /// # Errors
    /// [`Code::Internal`] when the session cannot be loaded.
    pub async fn notice(&self) -> Result<Option<Notice>> {
        self.get(NOTICE).await
    }

    /// # Errors
    /// [`Code::Internal`] when the session cannot be changed.
    pub async fn told(&self) -> Result<()> {
        self.remove(NOTICE).await?;
        self.remove(FEDERATED).await
    }

    /// What the browser may remember of a sign-in with a provider, from the next page on.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be loaded.
    pub async fn federated(&self) -> Result<Option<Federated>> {
        self.get(FEDERATED).await
    }

    /// # Errors
    /// [`Code::Internal`] when the session cannot be changed.
    pub async fn set_federated(&self, federated: Option<Federated>) -> Result<()> {
        match federated {
            Some(federated) => self.put(FEDERATED, federated).await,
            None => Ok(()),
        }
    }

    /// Ends the session here; its cookie is removed with the response.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be deleted.
    pub async fn sign_out(&self) -> Result<()> {
        self.0.flush().await.map_err(internal)
    }

    /// Like [`Visit::sign_out`], for an account that was deleted: what remains is a
    /// short session that can tell the browser to forget its passkeys.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be changed.
    pub async fn bid_farewell(&self, account: Uuid) -> Result<()> {
        self.sign_out().await?;
        // A flushed session would come back under its old id.
        self.0.cycle_id().await.map_err(internal)?;
        self.expire_soon();
        self.tell("Your account is deleted.").await?;
        self.put(GONE, account).await
    }

    /// The account that was deleted in this session.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be loaded.
    pub async fn gone(&self) -> Result<Option<Uuid>> {
        self.get(GONE).await
    }

    /// Its browser has forgotten the passkeys of that account. What has been put into a cart
    /// since stays.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be changed.
    pub async fn forget_gone(&self) -> Result<()> {
        if self.anonymous_cart().await?.is_none() {
            self.expire_soon();
        }
        self.remove(GONE).await
    }

    fn expire_soon(&self) {
        self.0.set_expiry(Some(Expiry::OnInactivity(Duration::hours(1))));
    }

    async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        self.0.get(key).await.map_err(internal)
    }

    async fn put(&self, key: &str, value: impl Serialize) -> Result<()> {
        self.0.insert(key, value).await.map_err(internal)
    }

    async fn remove(&self, key: &str) -> Result<()> {
        self.0.remove_value(key).await.map(drop).map_err(internal)
    }
}

fn is_recent(at: Instant, now: Instant) -> bool {
    now.0 - at.0 < PROOF_LIFETIME
}

impl SessionRow {
    /// How this session was signed in.
    #[must_use]
    pub fn sign_in_note(&self) -> Option<SignIn> {
        serde_json::from_value(self.data.get(SIGN_IN)?.clone()).ok()
    }

    /// What its owner ends it by. Its key will not do, because that changes with every proof;
    /// sessions from before there were handles have nothing else.
    #[must_use]
    pub fn handle(&self) -> &str {
        self.data.get(HANDLE).and_then(Value::as_str).unwrap_or(&self.key)
    }
}
