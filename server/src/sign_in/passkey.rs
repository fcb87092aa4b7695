//! The ceremonies with passkeys, as the page's script asks for them.

use app::api::{
    AccountName, Code, Options, ReauthenticationWays, Result, SignInOutcome, SignInService,
    Timestamp,
};
use async_trait::async_trait;
use uuid::Uuid;

use super::{
    NewSignIn,
    assertion::{Expected, verify},
    complete, complete_sign_up, offer, reauthentication, second_factor, settle, sign_up,
};
use crate::{
    request::RequestContext,
    session::{AuthenticationMethods, Challenge, Method, Purpose, Session, Who},
    store::{Ceremony, NewAccount},
    webauthn::{
        Mode, authentication, challenge_of,
        passkey_managers::described,
        registration::{self, User},
    },
};

#[async_trait]
impl SignInService for RequestContext {
    /// WebAuthn L3 §7.2 step 1: a challenge that any passkey may answer.
    async fn start_sign_in(&self) -> Result<Options> {
        let challenge = self.challenge(Purpose::SignIn);
        let public_key = authentication::start(&self.state.relying_party, challenge.as_bytes())?;
        Ok(Options { public_key })
    }

    /// WebAuthn L3 §7.2: verifies the assertion and signs its account in. Once the challenge has
    /// been recognised as ours, it is used up, whatever is wrong with the assertion.
    async fn finish_sign_in(&self, credential: &str) -> Result<SignInOutcome> {
        let challenge = Challenge::from_bytes(&challenge_of(credential)?)?;
        let used = self.check(challenge, Purpose::SignIn)?;
        let outcome = async {
            let assertion = verify(self, Expected::Anybody, challenge, credential).await?;
            let methods = AuthenticationMethods::one(Method::Passkey(assertion.id()));
            let sign_in = NewSignIn {
                offer: offer::after_passkey(&assertion),
                ..NewSignIn::new(assertion.owner(), methods, &assertion.described())
            };
            let ceremony = Ceremony {
                challenge: Some(&used),
                passkey_used: Some(&assertion.used),
                ..Ceremony::default()
            };
            complete(self, sign_in, ceremony).await?;
            Ok(SignInOutcome::Done(assertion.known.name))
        };
        settle(self, &used, outcome.await).await
    }

    /// WebAuthn L3 §7.1 step 1, for an account that does not exist yet. Nothing of it does until
    /// its passkey has been verified; the challenge is bound to the names.
    async fn start_sign_up(&self, name: &AccountName) -> Result<Options> {
        let account = sign_up::new_account(self, name).await?;
        let challenge = self.challenge(Purpose::SignUp(name));
        let user = User {
            id: self.state.challenges.account_id(challenge),
            username: &account.username,
            display_name: &account.display_name,
        };
        // A new account has no passkeys yet that could be excluded.
        let public_key = registration::start(
            &self.state.relying_party,
            challenge.as_bytes(),
            user,
            vec![],
            Mode::Modal,
        )?;
        Ok(Options { public_key })
    }

    /// WebAuthn L3 §7.1: verifies the new passkey, and creates the account with it.
    async fn finish_sign_up(&self, name: &AccountName, credential: &str) -> Result<SignInOutcome> {
        let challenge = Challenge::from_bytes(&challenge_of(credential)?)?;
        let used = self.check(challenge, Purpose::SignUp(name))?;
        let outcome = async {
            let rp = &self.state.relying_party;
            let registered = registration::finish(
                rp,
                challenge.as_bytes(),
                credential,
                Mode::Modal,
                self.now(),
            )?;
            let methods = AuthenticationMethods::one(Method::Passkey(registered.id.clone()));
            let passkey = registered.into_row(self.browser());
            // The authenticator knows the account by the id that it was given.
            let id = self.state.challenges.account_id(challenge);
            let account = NewAccount { id, ..sign_up::parse(name)? };
            let described = described(None, &passkey.aaguid);
            let sign_in = NewSignIn::with_new(&account, methods, &described);
            let ceremony = Ceremony {
                challenge: Some(&used),
                new_passkey: Some(&passkey),
                ..Ceremony::default()
            };
            complete_sign_up(self, &account, sign_in, ceremony).await
        };
        settle(self, &used, outcome.await).await
    }

    async fn ways_to_reauthenticate(&self) -> Result<ReauthenticationWays> {
        reauthentication::ways(self).await
    }

    /// WebAuthn L3 §7.2 step 1, for the passkeys of one account. This is not an immediate
    /// request: those refuse `allowCredentials`, so another account's passkey could answer;
    /// they hide security keys and other devices; and Chrome's guidance keeps them for
    /// signing in.
    async fn start_reauthentication(&self) -> Result<Options> {
        let session = self.session.get();
        let (account, purpose) = whose(&session, self.now())?;
        let passkeys = self.state.store.passkeys_of(account).await?;
        let allowed: Vec<_> = passkeys
            .iter()
            .map(|row| authentication::Allowed {
                passkey: &row.credential,
                transports: &row.transports,
            })
            .collect();
        let challenge = self.challenge(purpose);
        let public_key =
            authentication::start_for(&self.state.relying_party, challenge.as_bytes(), &allowed)?;
        Ok(Options { public_key })
    }

    /// WebAuthn L3 §7.2: verifies the assertion; then the owner has proved to be there, or the
    /// second factor signs in.
    async fn finish_reauthentication(&self, credential: &str) -> Result<()> {
        let session = self.session.get();
        let challenge = Challenge::from_bytes(&challenge_of(credential)?)?;
        // Whoever it was that asked may have signed out, or waited too long.
        let (account, purpose) =
            whose(&session, self.now()).map_err(|error| match session.who {
                Who::AwaitingSecondFactor(_) => Code::ChallengeUnknown.into(),
                _ => error,
            })?;
        let used = self.check(challenge, purpose)?;
        let outcome = async {
            let expected = Expected::Account(account);
            let assertion = verify(self, expected, challenge, credential).await?;
            let ceremony = Ceremony {
                challenge: Some(&used),
                passkey_used: Some(&assertion.used),
                ..Ceremony::default()
            };
            match &session.who {
                Who::AwaitingSecondFactor(half) => {
                    second_factor::with_passkey(self, half.clone(), &assertion, ceremony).await
                }
                _ => {
                    let (owner, passkey) = (assertion.owner(), Some(assertion.id()));
                    reauthentication::complete(self, owner, passkey, ceremony).await
                }
            }
        };
        settle(self, &used, outcome.await).await
    }

    async fn awaits_second_factor(&self) -> Result<()> {
        self.session.get().awaiting_second_factor(self.now()).map(drop)
    }
}

/// Whose passkeys are asked for, and what an answer will do: one who is signed in proves to be
/// there, one whose first factor was right signs in.
fn whose(session: &Session, now: Timestamp) -> Result<(Uuid, Purpose<'_>)> {
    if let Who::AwaitingSecondFactor(_) = session.who {
        let half = session.awaiting_second_factor(now)?;
        return Ok((half.account, Purpose::SecondFactor(half.account)));
    }
    let signed_in = session.signed_in()?;
    let (account, handle) = (signed_in.account, signed_in.handle.as_str());
    Ok((account, Purpose::Reauthentication { account, handle }))
}
