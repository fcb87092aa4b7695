//! The session of one request, typed.
//!
//! Nothing is stored and no cookie is set until something is put in.

use app::api::{Code, Instant, Result};
use tower_sessions::{Expiry, Session, cookie::time::Duration};
use uuid::Uuid;

use crate::{
    internal,
    store::{CartOwner, session_key},
};

/// The sessions store reads this key too: it is the owner of the session.
const ACCOUNT: &str = "account";
const CART: &str = "cart";
const SINCE: &str = "since";

#[derive(Clone, Debug)]
pub struct Visit(pub Session);

impl Visit {
    /// Who is signed in.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be loaded.
    pub async fn account(&self) -> Result<Option<Uuid>> {
        self.0.get(ACCOUNT).await.map_err(internal)
    }

    /// # Errors
    /// [`Code::SignInRequired`]
    pub async fn signed_in(&self) -> Result<Uuid> {
        self.account().await?.ok_or_else(|| Code::SignInRequired.into())
    }

    /// The anonymous cart, if there is one.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be loaded.
    pub async fn anonymous_cart(&self) -> Result<Option<String>> {
        self.0.get(CART).await.map_err(internal)
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
        self.0.insert(CART, &cart).await.map_err(internal)?;
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
        self.0.set_expiry(Some(Expiry::OnInactivity(Duration::hours(1))));
        self.0.insert(SINCE, now).await.map_err(internal)?;
        self.0.save().await.map_err(internal)?;
        self.0.id().map(|id| session_key(&id)).ok_or_else(|| internal("a saved session has no id"))
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
    /// before is worth nothing after.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be changed.
    pub async fn sign_in(&self, account: Uuid) -> Result<()> {
        self.0.cycle_id().await.map_err(internal)?;
        self.0.remove::<String>(CART).await.map_err(internal)?;
        self.0.insert(ACCOUNT, account).await.map_err(internal)
    }

    /// Ends the session here; its cookie is removed with the response.
    ///
    /// # Errors
    /// [`Code::Internal`] when the session cannot be deleted.
    pub async fn sign_out(&self) -> Result<()> {
        self.0.flush().await.map_err(internal)
    }
}
