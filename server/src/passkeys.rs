//! The passkeys of an account that exists: adding, naming and deleting them, offering
//! one, and what password managers are to hear of them.

use app::api::{Added, Code, Instant, Offer, Options, PublicError, Result, Signals};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Call,
    accounts::DisplayName,
    ceremonies::{
        authentication::{Attachment, Claim},
        encode,
        registration::{self, Mode, User},
    },
    events::Event,
    internal, plain, providers,
    session::Means,
    store::{AccountRow, Deletion, PasskeyRow, StoreError},
};

const ADDITION: &str = "addition";
/// Milliseconds for which "Not now" is respected.
const DISMISSED: i64 = 30 * 24 * 60 * 60 * 1000;

/// What is kept between start and finish.
#[derive(Debug, Serialize, Deserialize)]
struct Pending {
    account: Uuid,
    mode: Mode,
    state: String,
}

/// A passkey in a sentence: "the passkey “Windows Hello”".
pub(crate) fn described(own_name: Option<&str>, aaguid: &str) -> String {
    let name = own_name.or_else(|| providers::name(aaguid));
    name.map_or_else(|| "a passkey".to_owned(), |name| format!("the passkey “{name}”"))
}

impl Call {
    /// WebAuthn L3 §7.1 step 1, for one more passkey. `conditional`: by the browser itself,
    /// once after a sign-in with a password. `here`: on this device only.
    ///
    /// # Errors
    /// [`Code::ProofRequired`], or [`Code::CeremonyRefused`] for a conditional one at any
    /// other time.
    pub async fn start_addition(&self, conditional: bool, here: bool) -> Result<Options> {
        let account = self.visit.proved(self.now()).await?;
        if conditional {
            let allowed = self.server.relying_party.takes_conditional();
            // Whatever comes of it, the next step is to ask the person.
            let next = match self.visit.offer().await? {
                Some(Offer::Automatic) if allowed => Some(Offer::Passkey),
                Some(Offer::AutomaticOnly) if allowed => None,
                _ => return Err(Code::CeremonyRefused.into()),
            };
            self.visit.set_offer(next).await?;
        }
        let store = &self.server.store;
        let row = store.account(account).await.map_err(internal)?.ok_or(Code::SignInRequired)?;
        let passkeys = store.passkeys_of(account).await.map_err(internal)?;
        let known = passkeys.iter().map(credential_id).collect::<Result<_>>()?;
        let user = User { id: account, username: &row.username, display_name: &row.display_name };
        let mode = match (conditional, here) {
            (true, _) => Mode::Conditional,
            (false, true) => Mode::ThisDevice,
            (false, false) => Mode::Modal,
        };
        let rp = &self.server.relying_party;
        let started = registration::start(rp, user, known, mode)?;
        let pending = Pending { account, mode, state: started.state.clone() };
        self.keep_ceremony(ADDITION, &started, &pending).await?;
        Ok(started.into())
    }

    /// WebAuthn L3 §7.1: verifies the new passkey and adds it to the account.
    ///
    /// # Errors
    /// What is wrong with the registration.
    pub async fn finish_addition(&self, response: &str, announce: bool) -> Result<Added> {
        let account = self.visit.signed_in().await?;
        let pending: Pending = self.take_challenge(ADDITION, response).await?;
        if pending.account != account {
            return Err(Code::ChallengeUnknown.into());
        }
        let rp = &self.server.relying_party;
        let registered = registration::finish(rp, &pending.state, response, pending.mode)?;
        let passkey = self.new_passkey(registered);
        let provider = providers::name(&passkey.aaguid).map(str::to_owned);
        let added = self.server.store.add_passkey(account, &passkey, self.now()).await;
        added.map_err(|error| match error {
            StoreError::CredentialTaken => PublicError::from(Code::CredentialTaken),
            other => internal(other),
        })?;
        self.record(account, Event::PasskeyAdded, &described(None, &passkey.aaguid)).await;
        self.visit.set_offer(None).await?;
        if announce {
            self.visit.tell("Your new passkey is ready.").await?;
        }
        let row = self.server.store.account(account).await.map_err(internal)?;
        Ok(Added { provider, signals: self.signals(row.as_ref()).await? })
    }

    /// An empty name: by its provider's name again.
    ///
    /// # Errors
    /// [`Code::PasskeyNameInvalid`], or [`Code::NotFound`] for anybody else's.
    pub async fn rename_passkey(&self, id: &str, name: &str) -> Result<()> {
        let account = self.visit.signed_in().await?;
        self.own_passkey(account, id).await?;
        let name = match name.trim() {
            "" => None,
            name => Some(DisplayName::parse(name).map_err(|_| Code::PasskeyNameInvalid)?),
        };
        let name = name.as_ref().map(DisplayName::as_str);
        let renamed = self.server.store.rename_passkey(account, id, name).await;
        if renamed.map_err(internal)? { Ok(()) } else { Err(Code::NotFound.into()) }
    }

    /// # Errors
    /// [`Code::NotFound`] for anybody else's.
    async fn own_passkey(&self, account: Uuid, id: &str) -> Result<PasskeyRow> {
        let row = self.server.store.passkey(plain(id)?).await.map_err(internal)?;
        let row = row.filter(|row| row.account == account);
        row.ok_or_else(|| Code::NotFound.into())
    }

    /// Whether anybody has this passkey: for a browser that never heard what became of one
    /// that it created. A sign-in with it would tell the same.
    ///
    /// # Errors
    /// [`Code::Internal`]
    pub async fn knows_passkey(&self, id: &str) -> Result<bool> {
        let row = self.server.store.passkey(plain(id)?).await.map_err(internal)?;
        Ok(row.is_some())
    }

    /// # Errors
    /// [`Code::ProofRequired`], [`Code::LastWayIn`], or [`Code::NotFound`] for anybody
    /// else's.
    pub async fn delete_passkey(&self, id: &str) -> Result<()> {
        let account = self.visit.proved(self.now()).await?;
        let row = self.own_passkey(account, id).await?;
        match self
            .server
            .store
            .delete_passkey(account, id, &self.issuers())
            .await
            .map_err(internal)?
        {
            Deletion::Deleted => {
                let detail = described(row.own_name.as_deref(), &row.aaguid);
                self.record(account, Event::PasskeyDeleted, &detail).await;
                Ok(())
            }
            Deletion::Needed => Err(Code::LastWayIn.into()),
            Deletion::Unknown => Err(Code::NotFound.into()),
        }
    }

    /// What this browser's password manager has not been told yet (WebAuthn L3 §5.1.10).
    ///
    /// # Errors
    /// [`Code::Internal`]
    pub(crate) async fn signals(&self, account: Option<&AccountRow>) -> Result<Option<Signals>> {
        let rp_id = self.server.relying_party.id().to_owned();
        let store = &self.server.store;
        let Some(row) = account else {
            // Deleted a moment ago: its passkeys open nothing any more.
            let gone = self.visit.gone().await?;
            return Ok(gone.map(|account| Signals {
                rp_id,
                user_id: encode(account.as_bytes()),
                accepted: vec![],
                name: None,
                version: 0,
            }));
        };
        let Some(key) = self.visit.key().await? else {
            return Ok(None);
        };
        if store.signalled(&key).await.map_err(internal)? == Some(row.version) {
            return Ok(None);
        }
        let passkeys = store.passkeys_of(row.id).await.map_err(internal)?;
        Ok(Some(Signals {
            rp_id,
            user_id: encode(row.id.as_bytes()),
            accepted: passkeys.into_iter().map(|passkey| passkey.id).collect(),
            name: Some(row.name()),
            version: row.version,
        }))
    }

    /// Nothing happens for anybody but the one who is signed in, or was deleted: the answer may
    /// come from a page of another account.
    ///
    /// # Errors
    /// [`Code::Internal`]
    pub async fn signalled(&self, user_id: &str, version: i64) -> Result<()> {
        let is_meant = |account: &Uuid| encode(account.as_bytes()) == user_id;
        let Some(account) = self.visit.account().await? else {
            return match self.visit.gone().await?.filter(is_meant) {
                Some(_) => self.visit.forget_gone().await,
                None => Ok(()),
            };
        };
        match self.visit.key().await?.filter(|_| is_meant(&account)) {
            Some(key) => self.server.store.set_signalled(&key, version).await.map_err(internal),
            None => Ok(()),
        }
    }

    /// What to offer after a sign-in with this passkey: one for this device, if the one
    /// that was used lives in another. Whether this device has one already is known only
    /// as far as a passkey was last used in it, with this browser.
    pub(crate) async fn offer_after_passkey(
        &self,
        claim: &Claim,
        used: &PasskeyRow,
    ) -> Result<Option<Offer>> {
        if claim.attachment != Attachment::CrossPlatform || self.has_one_here(used.account).await? {
            return Ok(None);
        }
        Ok(Some(Offer::ThisDevice))
    }

    /// The browser may always try: it leaves out what it has already.
    pub(crate) async fn offer_after_password(&self, account: Uuid) -> Result<Option<Offer>> {
        let ask = !self.has_one_here(account).await?;
        let conditional = self.server.relying_party.takes_conditional();
        Ok(match (conditional, ask) {
            (true, true) => Some(Offer::Automatic),
            (true, false) => Some(Offer::AutomaticOnly),
            (false, true) => Some(Offer::Passkey),
            (false, false) => None,
        })
    }

    async fn has_one_here(&self, account: Uuid) -> Result<bool> {
        let passkeys = self.server.store.passkeys_of(account).await.map_err(internal)?;
        let browser = self.browser();
        Ok(passkeys.iter().any(|row| row.last_used_here && row.last_used_with == browser))
    }

    /// The offer for the page that is about to be shown.
    ///
    /// # Errors
    /// [`Code::Internal`]
    pub(crate) async fn offer(&self, row: &AccountRow) -> Result<Option<Offer>> {
        let still = |at: Instant| self.now().0 - at.0 < DISMISSED;
        let dismissed = row.offer_dismissed.is_some_and(still);
        Ok(match self.visit.offer().await? {
            // What was dismissed is the question.
            Some(Offer::Automatic | Offer::AutomaticOnly) if dismissed => {
                Some(Offer::AutomaticOnly)
            }
            _ if dismissed => None,
            offer => offer,
        })
    }

    /// # Errors
    /// [`Code::SignInRequired`]
    pub async fn dismiss_offer(&self) -> Result<()> {
        let account = self.visit.signed_in().await?;
        self.visit.set_offer(None).await?;
        self.server.store.dismiss_offer(account, self.now()).await.map_err(internal)
    }

    /// How somebody signed in, as the end of a sentence that begins with "Signed in".
    ///
    /// # Errors
    /// [`Code::Internal`]
    pub(crate) async fn in_words(&self, account: Uuid, how: &Means) -> Result<String> {
        let passkeys = match how.passkey() {
            Some(_) => self.server.store.passkeys_of(account).await.map_err(internal)?,
            None => vec![],
        };
        Ok(in_words(how, &passkeys))
    }
}

pub(crate) fn in_words(how: &Means, passkeys: &[PasskeyRow]) -> String {
    let named = |id: &str| match passkeys.iter().find(|row| row.id == id) {
        Some(row) => described(row.own_name.as_deref(), &row.aaguid),
        None => "a passkey that was deleted".to_owned(),
    };
    match how {
        Means::Passkey(id) => format!("with {}", named(id)),
        Means::Password => "with the password".to_owned(),
        Means::PasswordAndPasskey(id) => format!("with the password and {}", named(id)),
        Means::RecoveryCode => "with a recovery code".to_owned(),
        Means::PasswordAndRecoveryCode => "with the password and a recovery code".to_owned(),
        Means::Provider(name) => format!("with {name}"),
        Means::ProviderAndPasskey(name, id) => format!("with {name} and {}", named(id)),
        Means::ProviderAndRecoveryCode(name) => format!("with {name} and a recovery code"),
        Means::SavedPassword => "automatically, with the saved password".to_owned(),
        Means::RememberedProvider(name) => format!("automatically, with {name}"),
    }
}

fn credential_id(row: &PasskeyRow) -> Result<Vec<u8>> {
    Ok(crate::ceremonies::decode(&row.id)?)
}
