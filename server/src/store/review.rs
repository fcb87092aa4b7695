//! Throwing out what opens an account and is not its owner's.

use app::api::Timestamp;
use sqlx::{Any, Transaction, query};
use uuid::Uuid;

use super::{
    Batch, NewEvent, Result, SessionWrite, Store, events,
    sessions::{self, end_automatic, next_epoch},
    ways::{next_version, ways_in},
};

/// What an account's owner throws out, by ids and handles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejected {
    pub passkeys: Vec<String>,
    pub identities: Vec<String>,
    pub sessions: Vec<String>,
    pub recovery_codes: bool,
}

impl Store {
    /// Throws all of it out, for one of the account's sessions; `false`, and nothing happens, when
    /// nobody could sign in afterwards. `issuers`: of the providers that can be signed in with.
    ///
    /// # Errors
    /// [`StoreError::SessionEnded`](super::StoreError::SessionEnded) when that session has been
    /// ended meanwhile.
    pub async fn throw_out(
        &self,
        account: Uuid,
        rejected: &Rejected,
        issuers: &[String],
        session: &SessionWrite,
        events: &[NewEvent],
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        // The lock. Whoever is just signing in with what goes does not get in any more.
        next_epoch(&mut *tx, account).await?;
        Batch::of(|batch| sessions::write(batch, session, now)).run(&mut tx).await?;
        delete(&mut tx, account, rejected).await?;
        if ways_in(&mut tx, account).await?.none(issuers) {
            return Ok(false);
        }
        if !rejected.passkeys.is_empty() {
            next_version(&mut *tx, account).await?;
        }
        if !rejected.sessions.is_empty() {
            end_automatic(&mut *tx, account).await?;
        }
        Batch::of(|batch| events::insert_all(batch, events, now)).run(&mut tx).await?;
        tx.commit().await?;
        events::log(events);
        Ok(true)
    }
}

async fn delete(
    tx: &mut Transaction<'_, Any>,
    account: Uuid,
    rejected: &Rejected,
) -> sqlx::Result<()> {
    let Rejected { passkeys, identities, sessions, recovery_codes } = rejected;
    for (sql, ids) in [
        ("DELETE FROM passkeys WHERE account_id = $1 AND id = $2", passkeys),
        ("DELETE FROM identities WHERE account_id = $1 AND id = $2", identities),
        ("DELETE FROM sessions WHERE account_id = $1 AND COALESCE(handle, id) = $2", sessions),
    ] {
        for id in ids {
            query(sql).bind(account.to_string()).bind(id).execute(&mut **tx).await?;
        }
    }
    if *recovery_codes {
        let delete = query("DELETE FROM recovery_codes WHERE account_id = $1");
        delete.bind(account.to_string()).execute(&mut **tx).await?;
    }
    Ok(())
}
