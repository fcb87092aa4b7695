//! The end of a ceremony: everything that it changes, in one transaction.

use app::api::Timestamp;
use uuid::Uuid;

use super::{
    Batch, Made, NewAccount, NewEvent, NewIdentity, NewPasskey, PasskeyUse, Result, SessionWrite,
    Store, StoreError, UsedChallenge, WrongTry, accounts,
    batch::Returned,
    carts, challenges, events, identities, passkeys, recovery_codes,
    sessions::{self, MOST_SESSIONS},
    tries,
};

/// What a ceremony changes. What is not there is left alone; what is there happens together,
/// or not at all.
///
/// Two requests at once cannot both win, because each of the things that are good once (a
/// challenge, a counter, a recovery code, a username) is decided by the rows that its
/// statement affects.
#[derive(Debug, Default)]
pub struct Ceremony<'a> {
    /// The account that it is about, which has to exist by then.
    pub account: Option<Owner>,
    pub challenge: Option<&'a UsedChallenge>,
    pub new_account: Option<&'a NewAccount>,
    pub new_passkey: Option<&'a NewPasskey>,
    pub new_identity: Option<&'a NewIdentity>,
    /// Where the new passkey or identity comes from.
    pub made: Made<'a>,
    pub passkey_used: Option<&'a PasskeyUse>,
    /// The hash of one of the account's codes.
    pub recovery_code: Option<&'a str>,
    pub session: Option<&'a SessionWrite>,
    /// A visitor's cart, whose lines become the account's.
    pub cart: Option<&'a str>,
    pub events: &'a [NewEvent],
    /// What a wrong guess is counted by.
    pub wrong_tries: &'a [WrongTry],
    /// Whose wrong guesses are forgotten.
    pub forgotten_tries: Option<&'a str>,
}

/// An account, and how many times its sessions had been ended before its owner's proof was
/// checked.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    pub account: Uuid,
    /// See [`AccountRow::sessions_epoch`](super::AccountRow::sessions_epoch).
    pub epoch: i64,
}

impl Store {
    /// Writes what a ceremony changes, at `now`.
    ///
    /// # Errors
    /// [`StoreError::SessionEnded`] when the account's sessions, or the very one that was to be
    /// changed, have been ended meanwhile: whoever was shut out stays out, also with a request
    /// that was under way. [`StoreError::ChallengeUsed`], [`StoreError::CounterWentBack`] and
    /// [`StoreError::CodeUsed`] when another request was faster;
    /// [`StoreError::UsernameTaken`], [`StoreError::CredentialTaken`] and
    /// [`StoreError::IdentityTaken`] for what somebody else has.
    pub async fn complete(&self, ceremony: &Ceremony<'_>, now: Timestamp) -> Result<()> {
        // A try is one whatever becomes of this. All else has happened once it lasts.
        events::log(ceremony.events.iter().filter(|event| event.rare));
        let sessions_before = self.write_ceremony(ceremony, now).await?;
        events::log(ceremony.events.iter().filter(|event| !event.rare));
        self.end_oldest(ceremony, sessions_before).await;
        Ok(())
    }

    async fn write_ceremony(&self, ceremony: &Ceremony<'_>, now: Timestamp) -> Result<Returned> {
        let batch = Batch::of(|batch| ceremony.write(batch, now));
        let account = ceremony.session.and_then(|session| session.account);
        let (Some(cart), Some(account)) = (ceremony.cart, account) else {
            return self.write(batch).await;
        };
        let mut tx = self.begin().await?;
        let sessions_before = batch.run(&mut tx).await?;
        // After the session: of two requests with one, the second finds it empty.
        carts::merge(&mut tx, cart, account).await?;
        tx.commit().await?;
        Ok(sessions_before)
    }

    /// The sign-in lasts in any case: the next one ends what this one could not.
    async fn end_oldest(&self, ceremony: &Ceremony<'_>, sessions_before: Returned) {
        if let Some(session) = ceremony.session.filter(|session| session.begins)
            && sessions_before >= Some(MOST_SESSIONS)
            && let Err(error) =
                self.write(Batch::of(|batch| sessions::end_oldest(batch, session))).await
        {
            tracing::error!(%error, "the oldest session could not be ended");
        }
    }
}

impl Ceremony<'_> {
    fn write(&self, batch: &mut Batch, now: Timestamp) {
        // The account's row is the lock of everything that belongs to it, so it is first.
        if let Some(owner) = self.account {
            lock_owner(batch, owner, self.new_passkey.is_some());
        }
        if let Some(challenge) = self.challenge {
            challenges::mark_used(batch, challenge);
        }
        if let Some(account) = self.new_account {
            accounts::insert(batch, account, now);
        }
        let account = self.account.map(|owner| owner.account);
        if let Some(account) = account.or(self.new_account.map(|account| account.id)) {
            self.change_ways_in(batch, account, now);
        }
        if let Some(session) = self.session {
            sessions::write(batch, session, now);
        }
        events::insert_all(batch, self.events, now);
        tries::count(batch, self.wrong_tries, now);
        if let Some(subject) = self.forgotten_tries {
            tries::forget(batch, subject);
        }
    }

    fn change_ways_in(&self, batch: &mut Batch, account: Uuid, now: Timestamp) {
        if let Some(used) = self.passkey_used {
            passkeys::record_use(batch, used, now);
        }
        if let Some(hash) = self.recovery_code {
            recovery_codes::take(batch, account, hash);
        }
        if let Some(passkey) = self.new_passkey {
            passkeys::insert(batch, account, passkey, self.made, now);
        }
        if let Some(identity) = self.new_identity {
            identities::insert(batch, account, identity, self.made, now);
        }
    }
}

/// `with_passkey`: passkey managers are to hear of a new one. Returns how many sessions the
/// account has, which so costs no statement of its own; fails with [`StoreError::SessionEnded`]
/// where they have been ended.
fn lock_owner(batch: &mut Batch, owner: Owner, with_passkey: bool) {
    // Also an update that changes nothing is a lock, which both databases understand.
    batch
        .add(
            "UPDATE accounts SET version = version + $1 WHERE id = $2 AND sessions_epoch = $3
            RETURNING (SELECT COUNT(*) FROM sessions s WHERE s.account_id = accounts.id)",
        )
        .bind(i64::from(with_passkey))
        .bind(owner.account.to_string())
        .bind(owner.epoch)
        .or(|| StoreError::SessionEnded);
}
