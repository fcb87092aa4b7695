//! What the account page shows, and what scripts ask about the account.

use app::api::{
    Account, AccountService, Added, Code, Options, PasskeyCard, Result, Review, SecurityEvent,
    Timestamp,
};
use async_trait::async_trait;

use super::{passkeys, review, second_factor, sessions};
use crate::{
    federation::link,
    request::{RequestContext, plain},
    session::{Challenge, Event, Purpose, Reauthenticated},
    sign_in::settle,
    store::PasskeyRow,
    webauthn::{
        Mode, challenge_of, decode, encode,
        passkey_managers::{self, manager_or_passkey},
        registration::{self, User},
    },
};

#[async_trait]
impl AccountService for RequestContext {
    async fn account(&self) -> Result<Account> {
        let session = self.session.get();
        let signed_in = session.signed_in()?;
        let (id, store) = (signed_in.account, &self.state.store);
        let row = store.account(id).await?.ok_or(Code::SignInRequired)?;
        let passkeys = store.passkeys_of(id).await?;
        let sessions = store.sessions_of(id, self.now()).await?;
        let events = store.events_of(id, &Event::SignInFailed.name()).await?;
        let has_password = store.has_password(id).await?;
        let identities = store.identities_of(id).await?;
        let (identity_cards, other_providers) = link::cards(&self.state.providers, &identities);
        let remembered = identity_cards.iter().any(|identity| identity.remembered);
        let used = signed_in.last_passkey();
        Ok(Account {
            name: row.name(),
            has_password,
            automatic: second_factor::automatic(self, &row, has_password || remembered),
            identities: identity_cards,
            other_providers,
            second_factor: row.second_factor,
            recovery_codes: store.recovery_codes_of(id).await?.map_or(0, |codes| codes.left),
            sessions: sessions::cards(sessions, &passkeys, &signed_in.handle),
            passkeys: passkeys.into_iter().map(|row_| card(row_, row.created, used)).collect(),
            events: events.into_iter().map(Into::into).collect(),
            orders: store.orders_of(id).await?,
        })
    }

    async fn account_to_change(&self) -> Result<Account> {
        self.session.get().reauthenticated(self.now())?;
        self.account().await
    }

    async fn review(&self) -> Result<Review> {
        let proof = self.session.get().reauthenticated(self.now())?;
        review::of(self, &proof).await
    }

    async fn security_event(&self, id: &str) -> Result<SecurityEvent> {
        let account = self.session.get().signed_in()?.account;
        let event = self.state.store.event(account, plain(id)?).await?;
        event.map(SecurityEvent::from).ok_or_else(|| Code::NotFound.into())
    }

    /// WebAuthn L3 §7.1 step 1, for one more passkey. A conditional creation is the browser's
    /// own doing, once after a sign-in with a password. At any other time there is none: that is
    /// nobody's mistake, since the page may have been left for another one that was made before.
    async fn start_addition(&self, conditional: bool, platform: bool) -> Result<Option<Options>> {
        let proof = self.session.get().reauthenticated(self.now())?;
        if conditional && !passkeys::take_conditional_offer(self) {
            return Ok(None);
        }
        let mode = match (conditional, platform) {
            (true, _) => Mode::Conditional,
            (false, true) => Mode::Platform,
            (false, false) => Mode::Modal,
        };
        let (id, store) = (proof.account(), &self.state.store);
        let row = store.account(id).await?.ok_or(Code::SignInRequired)?;
        let passkeys = store.passkeys_of(id).await?;
        let known = passkeys.iter().map(|passkey| decode(&passkey.id));
        let known = known.collect::<std::result::Result<_, _>>()?;
        let challenge = self.challenge(new_passkey(&proof, mode));
        let user = User { id, username: &row.username, display_name: &row.display_name };
        let (rp, challenge) = (&self.state.relying_party, challenge.as_bytes());
        let public_key = registration::start(rp, challenge, user, known, mode)?;
        Ok(Some(Options { public_key }))
    }

    /// WebAuthn L3 §7.1: verifies the new passkey and adds it to the account. That its owner was
    /// there was proved when the challenge was asked for.
    async fn finish_addition(&self, credential: &str, announce: bool) -> Result<Added> {
        let session = self.session.get();
        let signed_in = session.signed_in()?;
        let challenge = Challenge::from_bytes(&challenge_of(credential)?)?;
        let (account, handle) = (signed_in.account, signed_in.handle.as_str());
        let (mode, used) = Mode::ALL
            .into_iter()
            .find_map(|mode| {
                let purpose = Purpose::NewPasskey { account, handle, mode };
                Some((mode, self.check(challenge, purpose).ok()?))
            })
            .ok_or(Code::ChallengeUnknown)?;
        let outcome = async {
            let rp = &self.state.relying_party;
            let registered =
                registration::finish(rp, challenge.as_bytes(), credential, mode, self.now())?;
            let passkey = registered.into_row(self.browser());
            let proof = Reauthenticated::when_begun(signed_in, &used);
            let row = passkeys::add(self, &proof, &passkey, &used, announce).await?;
            Ok((row, passkey.aaguid))
        };
        let (row, aaguid) = settle(self, &used, outcome.await).await?;
        Ok(Added {
            manager: passkey_managers::name(&aaguid).map(str::to_owned),
            signals: Some(passkeys::accepted(self, &row).await?),
        })
    }

    /// For a browser that never heard what became of a passkey that it created. A sign-in with
    /// it would tell the same.
    async fn knows_passkey(&self, credential_id: &str) -> Result<bool> {
        Ok(self.state.store.passkey(plain(credential_id)?).await?.is_some())
    }

    async fn dismiss_offer(&self) -> Result<()> {
        let mut session = self.session.get();
        let account = session.signed_in()?.account;
        session.offer = None;
        let change = self.session.amended(session, self.now())?;
        self.state.store.dismiss_offer(account, &change.write, self.now()).await?;
        self.session.committed(change);
        Ok(())
    }

    /// Nothing happens for anybody but the one who is signed in, or was deleted: the answer may
    /// come from a page of another account.
    async fn signalled(&self, user_id: &str, version: i64) -> Result<()> {
        let session = self.session.get();
        let is_meant = |account: uuid::Uuid| encode(account.as_bytes()) == user_id;
        match (session.account(), session.deleted_account) {
            (Some(account), _) if is_meant(account) => match self.session.key() {
                Some(key) => Ok(self.state.store.set_signalled(&key, version).await?),
                None => Ok(()),
            },
            (None, Some(account)) if is_meant(account) => {
                self.session.change(|session| session.deleted_account = None);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn new_passkey(proof: &Reauthenticated, mode: Mode) -> Purpose<'_> {
    Purpose::NewPasskey { account: proof.account(), handle: proof.handle(), mode }
}

/// `used`: the passkey of this session.
fn card(row: PasskeyRow, account_since: Timestamp, used: Option<&str>) -> PasskeyCard {
    // One that was added has not signed anybody in yet; the account's first did, when it signed
    // up.
    let is_used = row.last_used != row.created || row.created == account_since;
    PasskeyCard {
        manager: manager_or_passkey(&row.aaguid),
        this_device: used == Some(&row.id),
        id: row.id,
        own_name: row.own_name,
        created: row.created,
        last_used: is_used.then_some(row.last_used),
        last_used_with: row.last_used_with,
        synced: row.backed_up,
        verified_model: row.verified_model,
    }
}
