//! Signing up: a new account with a passkey, or with a password.

use app::api::{Code, Offer, Options, PublicError, Result, SignedIn};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Call,
    accounts::{DisplayName, Username},
    ceremonies::registration::{self, Mode, Registered, User},
    events::Event,
    internal,
    session::Means,
    store::{NewAccount, NewPasskey, StoreError},
};

const SIGN_UP: &str = "sign-up";

/// What is kept between start and finish: nothing exists until the passkey does.
#[derive(Debug, Serialize, Deserialize)]
struct Pending {
    id: Uuid,
    username: String,
    display_name: String,
    state: String,
}

impl Call {
    /// WebAuthn L3 §7.1 step 1, for an account that does not exist yet.
    ///
    /// # Errors
    /// What is wrong with the names.
    pub async fn start_sign_up(&self, username: &str, display_name: &str) -> Result<Options> {
        let account = self.new_account(username, display_name).await?;
        let user = User {
            id: account.id,
            username: &account.username,
            display_name: &account.display_name,
        };
        // A new account has no passkeys yet that could be excluded.
        let started =
            registration::start(&self.server.relying_party, user, Vec::new(), Mode::Modal)?;
        let pending = Pending {
            id: account.id,
            username: account.username,
            display_name: account.display_name,
            state: started.state.clone(),
        };
        self.keep_ceremony(SIGN_UP, &started, &pending).await?;
        Ok(started.into())
    }

    /// WebAuthn L3 §7.1: verifies the new passkey, and only then creates the
    /// account.
    ///
    /// # Errors
    /// What is wrong with the registration, or [`Code::UsernameTaken`] when
    /// somebody was faster.
    pub async fn finish_sign_up(&self, response: &str) -> Result<SignedIn> {
        let pending: Pending = self.take_challenge(SIGN_UP, response).await?;
        let registered = registration::finish(
            &self.server.relying_party,
            &pending.state,
            response,
            Mode::Modal,
        )?;
        let account = self.new_account(&pending.username, &pending.display_name).await?;
        // The authenticator knows the account by the id that it was given.
        let how = Means::Passkey(registered.id.clone());
        let passkey = Some(self.new_passkey(registered));
        self.create(NewAccount { id: pending.id, passkey, ..account }, how).await
    }

    /// # Errors
    /// What is wrong with the names or the password.
    pub async fn sign_up_with_password(
        &self,
        username: &str,
        display_name: &str,
        password: &str,
    ) -> Result<SignedIn> {
        let account = self.new_account(username, display_name).await?;
        let personal = [username, display_name, "latchkey"];
        let hash = self.server.passwords.hash_new(password, &personal).await?;
        let account = NewAccount { password_hash: Some(hash), ..account };
        let signed_in = self.create(account, Means::Password).await?;
        self.visit.set_offer(Some(Offer::Passkey)).await?;
        Ok(signed_in)
    }

    /// # Errors
    /// [`Code::UsernameInvalid`] or [`Code::Internal`]
    pub async fn username_taken(&self, username: &str) -> Result<bool> {
        let key = Username::parse(username)?.key();
        self.server.store.username_taken(&key).await.map_err(internal)
    }

    pub(crate) async fn new_account(
        &self,
        username: &str,
        display_name: &str,
    ) -> Result<NewAccount> {
        let username = Username::parse(username)?;
        let display_name = DisplayName::parse(display_name)?;
        // That it is free is said early for the person's sake; that it stays so
        // is the database's business.
        if self.server.store.username_taken(&username.key()).await.map_err(internal)? {
            return Err(Code::UsernameTaken.into());
        }
        Ok(NewAccount {
            id: Uuid::new_v4(),
            username_key: username.key(),
            username: username.as_str().to_owned(),
            display_name: display_name.as_str().to_owned(),
            password_hash: None,
            passkey: None,
            identity: None,
        })
    }

    pub(crate) async fn create(&self, account: NewAccount, how: Means) -> Result<SignedIn> {
        let created = self.server.store.create_account(&account, self.now()).await;
        created.map_err(|error| match error {
            StoreError::UsernameTaken => PublicError::from(Code::UsernameTaken),
            StoreError::CredentialTaken => Code::CredentialTaken.into(),
            StoreError::IdentityTaken => Code::IdentityTaken.into(),
            other => internal(other),
        })?;
        self.record(account.id, Event::AccountCreated, "").await;
        // Nobody has ended sessions of an account that has just begun.
        self.sign_in(account.id, how, 0).await
    }

    /// A passkey as it is stored, with the browser that it came from.
    pub(crate) fn new_passkey(&self, registered: Registered) -> NewPasskey {
        NewPasskey {
            id: registered.id,
            credential: registered.passkey,
            aaguid: registered.aaguid.to_string(),
            transports: registered.transports,
            counter: registered.counter.into(),
            backup_eligible: registered.backup_eligible,
            backed_up: registered.backed_up,
            verified_model: registered.verified_model,
            with: self.browser(),
            here: registered.here,
        }
    }
}
