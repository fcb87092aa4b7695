//! The account page and what its owner changes there.

use app::api::{
    Account, Code, Instant, PasskeyCard, PublicError, Result, SessionCard, Upkeep, Visitor,
};
use uuid::Uuid;

use crate::{
    ByHand, Call,
    accounts::{DisplayName, Username, recovery},
    events::Event,
    internal,
    oidc::Provider,
    passkeys::in_words,
    plain,
    providers::provider_or_passkey,
    store::{AccountRow, PasskeyRow, SessionRow, StoreError},
};

/// What a new password did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewPassword {
    /// There was one before; other sessions have ended.
    pub replaced: bool,
    /// Automatic sign-in was on, and is off now.
    pub ends_automatic: bool,
}

impl Call {
    /// Who is looking, for what surrounds every page.
    ///
    /// # Errors
    /// [`Code::Internal`]
    pub async fn visitor(&self) -> Result<Visitor> {
        let store = &self.server.store;
        let account = match self.visit.account().await? {
            Some(id) => store.account(id).await.map_err(internal)?,
            None => None,
        };
        let cart_count = match self.visit.cart().await? {
            Some(cart) => store.cart_count(&cart).await.map_err(internal)?,
            None => 0,
        };
        Ok(Visitor {
            cart_count,
            notice: self.visit.notice().await?,
            offer: match &account {
                Some(row) => self.offer(row).await?,
                None => None,
            },
            upkeep: Upkeep {
                signals: self.signals(account.as_ref()).await?,
                federated: self.visit.federated().await?,
                automatic: self.may_sign_in_by_itself().await?.then(|| self.origins()),
                by_hand: self.by_hand == ByHand::FromNowOn && account.is_none(),
            },
            providers: self.server.providers.iter().map(Into::into).collect(),
            account: account.map(|row| row.name()),
        })
    }

    /// Of the providers.
    fn origins(&self) -> Vec<String> {
        self.server.providers.iter().filter_map(Provider::origin).collect()
    }

    /// # Errors
    /// [`Code::SignInRequired`]
    pub async fn account(&self) -> Result<Account> {
        let id = self.visit.signed_in().await?;
        let (store, now) = (&self.server.store, self.now());
        let row = store.account(id).await.map_err(internal)?.ok_or(Code::SignInRequired)?;
        let passkeys = store.passkeys_of(id).await.map_err(internal)?;
        let sessions = store.sessions_of(id, now).await.map_err(internal)?;
        let events = store.events_of(id, &Event::SignInFailed.name()).await.map_err(internal)?;
        let used = self.visit.passkey_used().await?;
        let has_password = store.has_password(id).await.map_err(internal)?;
        let (identities, other_providers) = self.identity_cards(id).await?;
        let session_cards = session_cards(sessions, &passkeys, self.visit.key().await?.as_deref());
        let cards = passkeys.into_iter().map(|passkey| passkey_card(passkey, row.created, &used));
        Ok(Account {
            name: row.name(),
            has_password,
            automatic: self.automatic(&row).await?,
            identities,
            other_providers,
            second_factor: row.second_factor,
            recovery_codes: store.recovery_codes_left(id).await.map_err(internal)?,
            sessions: session_cards,
            passkeys: cards.collect(),
            events: events.into_iter().map(Into::into).collect(),
            orders: store.orders_of(id).await.map_err(internal)?,
        })
    }

    /// # Errors
    /// [`Code::SignInRequired`] or [`Code::ProofRequired`]
    pub async fn account_to_change(&self) -> Result<Account> {
        self.visit.proved(self.now()).await?;
        self.account().await
    }

    /// # Errors
    /// What is wrong with the names, or [`Code::ProofRequired`] for a new username: it is half
    /// of a sign-in with a password or a recovery code.
    pub async fn rename(&self, username: &str, display_name: &str) -> Result<()> {
        let account = self.visit.signed_in().await?;
        let username = Username::parse(username)?;
        let display_name = DisplayName::parse(display_name)?;
        let store = &self.server.store;
        let (key, shown) = (username.key(), display_name.as_str());
        let row = store.account(account).await.map_err(internal)?.ok_or(Code::SignInRequired)?;
        if row.username != username.as_str() {
            self.visit.proved(self.now()).await?;
        }
        let renamed = store.rename_account(account, username.as_str(), &key, shown).await;
        renamed.map_err(|error| match error {
            StoreError::UsernameTaken => PublicError::from(Code::UsernameTaken),
            other => internal(other),
        })?;
        self.record(account, Event::AccountRenamed, "").await;
        Ok(())
    }

    /// Sets the password. A change ends all other sessions: somebody may be in one of them
    /// who knew the old one. It also ends automatic sign-in, if a provider could bring such a
    /// browser back.
    ///
    /// # Errors
    /// [`Code::ProofRequired`], or what is wrong with the password.
    pub async fn set_password(&self, password: &str) -> Result<NewPassword> {
        let account = self.visit.proved(self.now()).await?;
        let store = &self.server.store;
        let row = store.account(account).await.map_err(internal)?.ok_or(Code::SignInRequired)?;
        let personal = [row.username.as_str(), &row.display_name, "latchkey"];
        let hash = self.server.passwords.hash_new(password, &personal).await?;
        let key = self.key().await?;
        let comes_back = self.is_remembered(account).await?;
        let before = store.set_password(account, &key, &hash, comes_back, self.now()).await;
        // This session may have been ended while the hash was computed.
        let before = before.map_err(internal)?.ok_or(Code::SignInRequired)?;
        let event = if before { Event::PasswordChanged } else { Event::PasswordSet };
        self.record(account, event, "").await;
        let automatic = self.automatic(&row).await? == Some(true);
        Ok(NewPassword { replaced: before, ends_automatic: before && comes_back && automatic })
    }

    /// Removes the password. `false`: there was none.
    ///
    /// # Errors
    /// [`Code::ProofRequired`], or [`Code::LastWayIn`] without a passkey.
    pub async fn remove_password(&self) -> Result<bool> {
        let account = self.visit.proved(self.now()).await?;
        if !self.server.store.has_password(account).await.map_err(internal)? {
            return Ok(false);
        }
        if !self.server.store.remove_password(account).await.map_err(internal)? {
            return Err(Code::LastWayIn.into());
        }
        self.record(account, Event::PasswordRemoved, "").await;
        Ok(true)
    }

    /// # Errors
    /// [`Code::ProofRequired`], or [`Code::SecondFactorMissing`] when there is nothing to
    /// ask for.
    pub async fn set_second_factor(&self, on: bool) -> Result<()> {
        let account = self.visit.proved(self.now()).await?;
        if !self.server.store.set_second_factor(account, on).await.map_err(internal)? {
            return Err(Code::SecondFactorMissing.into());
        }
        let event = if on { Event::SecondFactorOn } else { Event::SecondFactorOff };
        self.record(account, event, "").await;
        Ok(())
    }

    /// # Errors
    /// [`Code::SignInRequired`]
    pub async fn set_automatic(&self, on: bool) -> Result<()> {
        let account = self.visit.signed_in().await?;
        self.server.store.set_automatic(account, on).await.map_err(internal)?;
        let event = if on { Event::AutomaticOn } else { Event::AutomaticOff };
        self.record(account, event, "").await;
        Ok(())
    }

    /// New recovery codes, of which nothing but hashes is kept.
    ///
    /// # Errors
    /// [`Code::ProofRequired`]
    pub async fn make_recovery_codes(&self) -> Result<Vec<String>> {
        let account = self.visit.proved(self.now()).await?;
        let codes: Vec<_> = (0..recovery::CODES).map(|_| recovery::random_code()).collect();
        let hashes: Vec<_> = codes.iter().map(|code| recovery::hash(code)).collect();
        let store = &self.server.store;
        store.replace_recovery_codes(account, &hashes).await.map_err(internal)?;
        self.record(account, Event::RecoveryCodesMade, "").await;
        Ok(codes)
    }

    /// Ends a session, and automatic sign-in: its browser may keep the password, and would be
    /// back at once. Tells whether that was on.
    ///
    /// # Errors
    /// [`Code::NotFound`] for anybody else's session.
    pub async fn end_session(&self, handle: &str) -> Result<bool> {
        let account = self.visit.signed_in().await?;
        let automatic = self.is_automatic().await?;
        let store = &self.server.store;
        let ended = store.end_session(account, plain(handle)?, self.now()).await;
        let ended = ended.map_err(internal)?.ok_or(Code::NotFound)?;
        let browser = ended.sign_in_note().map(|note| note.browser);
        let browser = browser.as_deref().unwrap_or("an unknown browser");
        self.record(account, Event::SessionEnded, browser).await;
        Ok(automatic)
    }

    /// As [`Call::end_session`].
    ///
    /// # Errors
    /// [`Code::SignInRequired`]
    pub async fn end_other_sessions(&self) -> Result<bool> {
        let account = self.visit.signed_in().await?;
        let automatic = self.is_automatic().await?;
        let store = &self.server.store;
        store.end_other_sessions(account, &self.key().await?).await.map_err(internal)?;
        self.record(account, Event::OtherSessionsEnded, "").await;
        Ok(automatic)
    }

    /// Whether a browser could sign in by itself to the account that is signed in.
    async fn is_automatic(&self) -> Result<bool> {
        let account = self.visit.signed_in().await?;
        let row = self.server.store.account(account).await.map_err(internal)?;
        Ok(self.automatic(&row.ok_or(Code::SignInRequired)?).await? == Some(true))
    }

    /// Whether automatic sign-in is on; none where there is nothing to sign in with, or never
    /// without being asked.
    async fn automatic(&self, row: &AccountRow) -> Result<Option<bool>> {
        if !self.server.automatic || row.second_factor {
            return Ok(None);
        }
        let password = self.server.store.has_password(row.id).await.map_err(internal)?;
        Ok((password || self.is_remembered(row.id).await?).then_some(row.automatic))
    }

    /// Whether a browser may remember one of the account's providers.
    async fn is_remembered(&self, account: Uuid) -> Result<bool> {
        let providers = self.providers_of(account).await?;
        Ok(providers.iter().any(|provider| provider.origin.is_some()))
    }

    /// Deletes the account. Its orders stay, without the person.
    ///
    /// # Errors
    /// [`Code::ProofRequired`]
    pub async fn delete_account(&self) -> Result<()> {
        let account = self.visit.proved(self.now()).await?;
        self.server.store.delete_account(account, self.now()).await.map_err(internal)?;
        self.visit.bid_farewell(account).await
    }

    async fn key(&self) -> Result<String> {
        self.visit.key().await?.ok_or_else(|| Code::SignInRequired.into())
    }
}

/// `used`: the passkey of this session.
fn passkey_card(row: PasskeyRow, account_since: Instant, used: &Option<String>) -> PasskeyCard {
    // One that was added has not signed anybody in yet; the account's first did, when it signed
    // up.
    let is_used = row.last_used != row.created || row.created == account_since;
    PasskeyCard {
        provider: provider_or_passkey(&row.aaguid),
        this_device: used.as_ref() == Some(&row.id),
        id: row.id,
        own_name: row.own_name,
        created: row.created,
        last_used: is_used.then_some(row.last_used),
        last_used_with: row.last_used_with,
        synced: row.backed_up,
        verified_model: row.verified_model,
    }
}

/// This one first; the others as they come, which is newest first.
fn session_cards(
    sessions: Vec<SessionRow>,
    passkeys: &[PasskeyRow],
    this: Option<&str>,
) -> Vec<SessionCard> {
    let card = |session: SessionRow| {
        let note = session.sign_in_note()?;
        Some(SessionCard {
            this_one: this == Some(&session.key),
            id: session.handle().to_owned(),
            how: capitalised(&in_words(&note.how, passkeys)),
            browser: note.browser,
            signed_in: note.at,
        })
    };
    let mut cards: Vec<_> = sessions.into_iter().filter_map(card).collect();
    cards.sort_by_key(|card| !card.this_one);
    cards
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
