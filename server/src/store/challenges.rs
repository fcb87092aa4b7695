//! Challenges that were used, and the secret that they are made with.

use std::time::Duration;

use app::api::Timestamp;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sqlx::{query, query_scalar};

use super::{BATCH, Batch, Result, Store, StoreError};

/// The name of the key that challenges are signed with.
const CHALLENGE_KEY: &str = "challenge key";

/// How long it is remembered beyond its end that a challenge was answered: an answer that came
/// in time may take a while, and servers may not agree on the time.
const KEPT: Duration = Duration::from_secs(10 * 60);

/// A challenge that was answered, rightly or not: it is good for nothing any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedChallenge {
    /// Unpadded base64url; or the state of an authorization request.
    pub challenge: String,
    /// From then on its age is reason enough to refuse it, and it need not be remembered.
    pub expires: Timestamp,
}

impl Store {
    /// The key that all servers of this shop sign with what browsers are to bring back, made by
    /// the first of them.
    pub async fn secret_key(&self) -> Result<[u8; 64]> {
        let new = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 64]>());
        query("INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(CHALLENGE_KEY)
            .bind(new)
            .execute(&self.write)
            .await?;
        let key: String = query_scalar("SELECT value FROM secrets WHERE name = $1")
            .bind(CHALLENGE_KEY)
            .fetch_one(&self.write)
            .await?;
        let key = BASE64_URL_SAFE_NO_PAD.decode(key).unwrap_or_default();
        key.try_into().map_err(|_| StoreError::Secret(CHALLENGE_KEY))
    }

    pub(super) async fn delete_expired_challenges(&self, now: Timestamp) -> Result<u64> {
        let delete = query(
            "DELETE FROM used_challenges WHERE challenge IN
                    (SELECT challenge FROM used_challenges WHERE expires_at <= $1 LIMIT $2)",
        )
        .bind((now - KEPT).0)
        .bind(BATCH);
        Ok(delete.execute(&self.write).await?.rows_affected())
    }
}

/// Fails with [`StoreError::ChallengeUsed`] for all but the first.
pub(super) fn mark_used(batch: &mut Batch, used: &UsedChallenge) {
    batch
        .add(
            "INSERT INTO used_challenges (challenge, expires_at) VALUES ($1, $2)
            ON CONFLICT (challenge) DO NOTHING",
        )
        .bind(&used.challenge)
        .bind(used.expires.0)
        .or(|| StoreError::ChallengeUsed);
}
