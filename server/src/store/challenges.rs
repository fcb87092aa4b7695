//! Challenges: each of one session, for one purpose, good for one try.

use app::api::Instant;
use sqlx::{query, query_as};

use super::{Result, Store, StoreError};

#[derive(Clone, Debug)]
pub struct Challenge {
    /// Unpadded base64url, as the browser sends it back.
    pub challenge: String,
    /// [`session_key`](super::session_key) of a session that was saved before.
    pub session: String,
    pub purpose: String,
    /// What the ceremony needs to go on.
    pub state: String,
    pub expires: Instant,
}

impl Store {
    /// # Errors
    /// [`StoreError::NoSession`] when the session ended meanwhile or was never saved.
    pub async fn keep_challenge(&self, challenge: &Challenge) -> Result<()> {
        let insert = query(
            "INSERT INTO challenges (challenge, session_id, purpose, state, expires_at)
            VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(&challenge.challenge)
        .bind(&challenge.session)
        .bind(&challenge.purpose)
        .bind(&challenge.state)
        .bind(challenge.expires.0);
        insert.execute(&self.write).await.map(drop).map_err(no_session)
    }

    /// The state that was kept with the challenge. It is gone afterwards, whatever comes
    /// of the ceremony, and in the same statement, so that of any number of takers only
    /// one gets it. `None` when it is unknown or has expired, and when it is of another
    /// session or purpose: then it stays, for nobody can spoil a ceremony of others.
    pub async fn take_challenge(
        &self,
        challenge: &str,
        session: &str,
        purpose: &str,
        now: Instant,
    ) -> Result<Option<String>> {
        let taken: Option<(String, i64)> = query_as(
            "DELETE FROM challenges WHERE challenge = $1 AND session_id = $2 AND purpose = $3
            RETURNING state, expires_at",
        )
        .bind(challenge)
        .bind(session)
        .bind(purpose)
        .fetch_optional(&self.write)
        .await?;
        Ok(taken.filter(|&(_, expires_at)| expires_at > now.0).map(|(state, _)| state))
    }

    pub(super) async fn delete_expired_challenges(&self, now: Instant) -> Result<u64> {
        let delete = query("DELETE FROM challenges WHERE expires_at <= $1").bind(now.0);
        Ok(delete.execute(&self.write).await?.rows_affected())
    }
}

fn no_session(error: sqlx::Error) -> StoreError {
    match error.as_database_error() {
        Some(cause) if cause.is_foreign_key_violation() => StoreError::NoSession,
        _ => error.into(),
    }
}
