//! The end of a ceremony: everything that it changes, in one transaction.

use app::api::Timestamp;
use sqlx::{Any, Transaction, any::AnyExecutor, query_scalar};
use uuid::Uuid;

use super::{
    Made, NewAccount, NewEvent, NewIdentity, NewPasskey, PasskeyUse, Result, SessionWrite, Store,
    StoreError, UsedChallenge, WrongTry, accounts, carts, challenges, events, identities, passkeys,
    recovery_codes,
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
        let mut tx = self.begin().await?;
        // The account's row is the lock of everything that belongs to it, so it is first.
        let sessions_before = match ceremony.account {
            Some(owner) => lock_owner(&mut *tx, owner, ceremony.new_passkey.is_some()).await?,
            None => 0,
        };
        if let Some(challenge) = ceremony.challenge {
            challenges::mark_used(&mut *tx, challenge).await?;
        }
        if let Some(account) = ceremony.new_account {
            accounts::insert(&mut tx, account, now).await?;
        }
        let account = ceremony.account.map(|owner| owner.account);
        if let Some(account) = account.or(ceremony.new_account.map(|account| account.id)) {
            change_ways_in(&mut tx, account, ceremony, now).await?;
        }
        // Before the cart: of two requests with one session, the second finds it empty.
        if let Some(session) = ceremony.session {
            sessions::write(&mut tx, session, now).await?;
            if session.begins && sessions_before >= MOST_SESSIONS {
                sessions::end_oldest(&mut *tx, session).await?;
            }
        }
        if let (Some(cart), Some(account)) = (ceremony.cart, ceremony.session_account()) {
            carts::merge(&mut tx, cart, account).await?;
        }
        events::insert_all(&mut tx, ceremony.events, now).await?;
        tries::count(&mut tx, ceremony.wrong_tries, now).await?;
        if let Some(subject) = ceremony.forgotten_tries {
            tries::forget(&mut *tx, subject).await?;
        }
        Ok(tx.commit().await?)
    }
}

impl Ceremony<'_> {
    fn session_account(&self) -> Option<Uuid> {
        self.session?.account
    }
}

/// `with_passkey`: passkey managers are to hear of a new one. Returns how many sessions the
/// account has, which so costs no statement of its own.
async fn lock_owner(db: impl AnyExecutor<'_>, owner: Owner, with_passkey: bool) -> Result<i64> {
    // Also an update that changes nothing is a lock, which both databases understand.
    let current = query_scalar(
        "UPDATE accounts SET version = version + $1 WHERE id = $2 AND sessions_epoch = $3
        RETURNING (SELECT COUNT(*) FROM sessions s WHERE s.account_id = accounts.id)",
    )
    .bind(i64::from(with_passkey))
    .bind(owner.account.to_string())
    .bind(owner.epoch);
    current.fetch_optional(db).await?.ok_or(StoreError::SessionEnded)
}

async fn change_ways_in(
    tx: &mut Transaction<'_, Any>,
    account: Uuid,
    ceremony: &Ceremony<'_>,
    now: Timestamp,
) -> Result<()> {
    if let Some(used) = ceremony.passkey_used {
        passkeys::record_use(&mut **tx, used, now).await?;
    }
    if let Some(hash) = ceremony.recovery_code {
        recovery_codes::take(&mut **tx, account, hash).await?;
    }
    if let Some(passkey) = ceremony.new_passkey {
        passkeys::insert(&mut **tx, account, passkey, ceremony.made, now).await?;
    }
    if let Some(identity) = ceremony.new_identity {
        identities::insert(&mut **tx, account, identity, ceremony.made, now).await?;
    }
    Ok(())
}
