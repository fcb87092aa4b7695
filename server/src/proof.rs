//! Proving once more to be the owner of an account: before a change of how it is signed
//! in to, and as the second factor after a password.

use app::api::{Code, Options, Proofs, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Call,
    accounts::{Username, recovery},
    ceremonies::authentication::{self, Allowed, Claim, Stored},
    events::Event,
    internal,
    session::Means,
    store::AccountRow,
};

const PROOF: &str = "proof";

/// Whose passkey is asked for, and what the assertion will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Prover {
    /// Somebody who is signed in.
    Owner(Uuid),
    /// Somebody whose password was right, and who is not signed in before the second factor.
    SecondFactor(Uuid),
}

#[derive(Debug, Serialize, Deserialize)]
struct Pending {
    prover: Prover,
    state: String,
}

impl Call {
    /// What can prove it. With a second factor neither the password nor a provider alone does:
    /// it would open just what the second factor is to keep closed.
    ///
    /// # Errors
    /// [`Code::SignInRequired`]
    pub async fn proofs(&self) -> Result<Proofs> {
        let account = self.visit.signed_in().await?;
        let store = &self.server.store;
        let row = store.account(account).await.map_err(internal)?.ok_or(Code::SignInRequired)?;
        let has_password = store.has_password(account).await.map_err(internal)?;
        let passkeys = store.passkeys_of(account).await.map_err(internal)?;
        let providers = match row.second_factor {
            true => vec![],
            false => self.providers_of(account).await?,
        };
        Ok(Proofs {
            passkey: !passkeys.is_empty(),
            password: has_password && !row.second_factor,
            providers,
        })
    }

    /// WebAuthn L3 §7.2 step 1, for the passkeys of one account. This is not an immediate
    /// request: those refuse `allowCredentials`, so another account's passkey could answer;
    /// they hide security keys and other devices; and Chrome's guidance keeps them for
    /// signing in.
    ///
    /// # Errors
    /// [`Code::SignInRequired`], or [`Code::NoPasskey`] when there is nothing to ask for.
    pub async fn start_proof(&self) -> Result<Options> {
        let prover = self.prover().await?;
        let (Prover::Owner(account) | Prover::SecondFactor(account)) = prover;
        let passkeys = self.server.store.passkeys_of(account).await.map_err(internal)?;
        let allowed: Vec<_> = passkeys
            .iter()
            .map(|row| Allowed { passkey: &row.credential, transports: &row.transports })
            .collect();
        let started = authentication::start_for(&self.server.relying_party, &allowed)?;
        let pending = Pending { prover, state: started.state.clone() };
        self.keep_ceremony(PROOF, &started, &pending).await?;
        Ok(started.into())
    }

    /// WebAuthn L3 §7.2: verifies the assertion; then the owner has proved it, or the
    /// second factor signs in.
    ///
    /// # Errors
    /// What is wrong with the assertion; its challenge is used up nevertheless.
    pub async fn finish_proof(&self, response: &str) -> Result<()> {
        let pending: Pending = self.take_challenge(PROOF, response).await?;
        // Whoever it was that asked may have signed out, or waited too long.
        if self.prover().await? != pending.prover {
            return Err(Code::ChallengeUnknown.into());
        }
        let claim = Claim::read(response)?;
        let (Prover::Owner(account) | Prover::SecondFactor(account)) = pending.prover;
        let stored = match self.claimed_passkey(&claim).await {
            Err(error) if error.code == Code::UnknownCredential => {
                self.record(account, Event::SignInFailed, "with an unknown passkey").await;
                return Err(error);
            }
            found => found?,
        };
        if stored.account != account {
            let detail = "with a passkey of another account";
            self.record(account, Event::SignInFailed, detail).await;
            return Err(Code::WrongUser.into());
        }
        let epoch = self.epoch(account).await?;
        let known = Stored { account, passkey: &stored.credential };
        let rp = &self.server.relying_party;
        let verified = authentication::finish_for(rp, &pending.state, &claim, known);
        self.accept(&claim, &stored, verified).await?;
        match pending.prover {
            Prover::Owner(_) => {
                self.visit.put_passkey_used(&stored.id).await?;
                self.visit.prove(epoch, self.now()).await
            }
            Prover::SecondFactor(_) => {
                let offer = self.offer_after_passkey(&claim, &stored).await?;
                let half = self.visit.half_signed_in(self.now()).await?;
                let how = match half.provider {
                    Some(provider) => Means::ProviderAndPasskey(provider, stored.id),
                    None => Means::PasswordAndPasskey(stored.id),
                };
                self.sign_in(account, how, epoch).await?;
                self.visit.set_federated(half.federated).await?;
                self.visit.set_offer(offer).await
            }
        }
    }

    /// # Errors
    /// [`Code::WrongPassword`], also where a password is not enough.
    pub async fn prove_with_password(&self, password: &str) -> Result<()> {
        let account = self.visit.signed_in().await?;
        let epoch = self.epoch(account).await?;
        let hash = match self.proofs().await?.password {
            true => self.server.store.password_hash(account).await.map_err(internal)?,
            false => None,
        };
        if !self.server.passwords.verify(password, hash).await? {
            self.record(account, Event::SignInFailed, "with a password").await;
            return Err(Code::WrongPassword.into());
        }
        // A sign-out meanwhile leaves the epoch as it was, and ends the session all the same.
        self.epoch(account).await?;
        self.visit.prove(epoch, self.now()).await
    }

    /// # Errors
    /// [`Code::RecoveryCodeWrong`], in the same words for a username that nobody has.
    pub async fn sign_in_with_recovery_code(&self, username: &str, code: &str) -> Result<()> {
        let key = Username::parse(username).map(|username| username.key()).unwrap_or_default();
        let row = self.server.store.account_named(&key).await.map_err(internal)?;
        self.use_recovery_code(row, code, Means::RecoveryCode).await
    }

    /// A recovery code is a second factor as well.
    ///
    /// # Errors
    /// [`Code::SignInRequired`] or [`Code::RecoveryCodeWrong`]
    pub async fn second_factor_with_recovery_code(&self, code: &str) -> Result<()> {
        let half = self.visit.half_signed_in(self.now()).await?;
        let how = match half.provider {
            Some(provider) => Means::ProviderAndRecoveryCode(provider),
            None => Means::PasswordAndRecoveryCode,
        };
        let row = self.server.store.account(half.account).await.map_err(internal)?;
        self.use_recovery_code(row, code, how).await?;
        self.visit.set_federated(half.federated).await
    }

    /// `row`: from before the code was checked, see [`Call::sign_in`].
    async fn use_recovery_code(
        &self,
        row: Option<AccountRow>,
        code: &str,
        how: Means,
    ) -> Result<()> {
        let (hash, account) = (recovery::hash(code), row.as_ref().map(|row| row.id));
        let taken = self.server.store.take_recovery_code(account, &hash).await.map_err(internal)?;
        match row {
            Some(row) if taken => self.sign_in(row.id, how, row.sessions_epoch).await.map(drop),
            Some(row) => {
                self.record(row.id, Event::SignInFailed, "with a recovery code").await;
                Err(Code::RecoveryCodeWrong.into())
            }
            None => Err(Code::RecoveryCodeWrong.into()),
        }
    }

    /// Of the account's sessions, if this one still exists.
    pub(crate) async fn epoch(&self, account: Uuid) -> Result<i64> {
        let store = &self.server.store;
        let row = store.account(account).await.map_err(internal)?.ok_or(Code::SignInRequired)?;
        let key = self.visit.key().await?.ok_or(Code::SignInRequired)?;
        if !store.session_exists(&key).await.map_err(internal)? {
            return Err(Code::SignInRequired.into());
        }
        Ok(row.sessions_epoch)
    }

    /// A session has at most one of the two.
    async fn prover(&self) -> Result<Prover> {
        match self.visit.half_signed_in(self.now()).await {
            Ok(half) => Ok(Prover::SecondFactor(half.account)),
            Err(_) => Ok(Prover::Owner(self.visit.signed_in().await?)),
        }
    }
}
