//! Signing in with a provider (OpenID Connect), and what an account's owner links.
//!
//! [`Call::start_federation`] leads to the provider, [`Call::finish_federation`] takes its
//! answer. With FedCM, the browser brings the provider's token by itself: that begins with
//! [`Call::start_token`] and ends with [`Call::finish_token`].

use app::api::{
    Code, FedCm, Federated, IdentityCard, IdentityProvider, Newcomer, Offer, PublicError, Result,
    SignedIn,
};
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use crate::{
    Call,
    accounts::Username,
    events::Event,
    internal,
    oidc::{self, Claims, Exchange, Prompt, Provider, Started, UNASKED},
    plain,
    session::{Half, Means, Stranger},
    store::{Deletion, IdentityRow, NewAccount, NewIdentity, StoreError},
};

const FEDERATION: &str = "federation";
const TOKEN: &str = "token";
/// How long somebody may be with a provider, in milliseconds: people find their telephone, and
/// reset a password.
const PATIENCE: i64 = 15 * 60 * 1000;

/// What the provider's answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    SignIn,
    /// By the browser itself: nobody asked for it.
    Automatic,
    /// To this account.
    Link(Uuid),
    /// That it is the owner of this account.
    Prove(Uuid),
}

/// What is kept while the visitor is with the provider. Its key is the `state`.
#[derive(Debug, Serialize, Deserialize)]
struct Pending {
    provider: String,
    intent: Intent,
    next: String,
    nonce: String,
    verifier: String,
}

/// What the provider sends back with the visitor (OpenID Connect Core 1.0 §3.1.2.5).
#[derive(Debug, Default, Deserialize)]
pub struct Callback {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    /// RFC 9207: who it was that answered.
    iss: Option<String>,
}

/// What came of it.
#[derive(Debug)]
pub enum Arrival {
    SignedIn(SignedIn),
    Linked,
    Proved,
}

/// Where the visitor was going, why they were with the provider, and what came of it.
#[derive(Debug)]
pub struct Return {
    pub next: String,
    pub intent: Intent,
    pub outcome: Result<Arrival>,
}

impl Callback {
    /// What the answer is to, when nothing waits for it any more.
    #[must_use]
    pub fn probable_intent(&self) -> Intent {
        if self.state.starts_with(UNASKED) { Intent::Automatic } else { Intent::SignIn }
    }
}

impl Call {
    /// An authorization request, and a place for its answer in this session.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a provider that is not configured,
    /// [`Code::ProviderUnavailable`].
    pub async fn start_federation(
        &self,
        provider: &str,
        intent: Intent,
        next: &str,
        login_hint: Option<&str>,
    ) -> Result<Url> {
        let provider = self.provider(provider)?;
        let prompt = match intent {
            Intent::SignIn | Intent::Link(_) => Prompt::Any,
            Intent::Automatic => Prompt::None,
            Intent::Prove(_) => Prompt::Login,
        };
        let origin = &self.server.origin;
        let hint = self.hint(provider, login_hint).await?;
        let started = provider.start(origin, prompt, hint, self.now()).await?;
        let Started { url, state, nonce, verifier } = started;
        let (provider, next) = (provider.id.clone(), next.to_owned());
        let pending = Pending { provider, intent, next, nonce, verifier };
        self.keep_challenge(FEDERATION, &state, &pending, PATIENCE).await?;
        Ok(url)
    }

    /// Of somebody whom the provider calls nothing, browsers remember the subject. That is no
    /// hint: nobody would type it there (OpenID Connect Core 1.0 §3.1.2.1).
    async fn hint<'a>(
        &self,
        provider: &Provider,
        hint: Option<&'a str>,
    ) -> Result<Option<&'a str>> {
        let Some(hint) = hint.and_then(|hint| plain(hint).ok()) else { return Ok(None) };
        let found = self.server.store.identity(provider.issuer.as_str(), hint).await;
        let nameless = found.map_err(internal)?.is_some_and(|identity| identity.label.is_empty());
        Ok((!nameless).then_some(hint))
    }

    /// Links need a fresh proof before anything is asked of the provider.
    ///
    /// # Errors
    /// [`Code::ProofRequired`], and those of [`Call::start_federation`].
    pub async fn start_link(&self, provider: &str) -> Result<Url> {
        let account = self.visit.proved(self.now()).await?;
        self.start_federation(provider, Intent::Link(account), "/account", None).await
    }

    /// # Errors
    /// [`Code::SignInRequired`], [`Code::NotFound`] for a provider that proves nothing here,
    /// and those of [`Call::start_federation`].
    pub async fn start_provider_proof(&self, provider: &str, next: &str) -> Result<Url> {
        let account = self.visit.signed_in().await?;
        let proofs = self.proofs().await?;
        if !proofs.providers.iter().any(|known| known.id == provider) {
            return Err(Code::NotFound.into());
        }
        let label = self.identity_with(account, provider).await?.map(|identity| identity.label);
        let hint = label.as_deref().filter(|label| !label.is_empty());
        self.start_federation(provider, Intent::Prove(account), next, hint).await
    }

    /// Takes the provider's answer, once.
    ///
    /// # Errors
    /// [`Code::ProviderTimeout`] when nothing of this session waits for it.
    pub async fn finish_federation(&self, provider: &str, callback: Callback) -> Result<Return> {
        let pending: Pending = self.take_state(FEDERATION, &callback.state).await.map_err(late)?;
        // Every provider has an address of its own, so that none can answer for another.
        if pending.provider != provider {
            return Err(Code::ProviderTimeout.into());
        }
        let (next, intent) = (pending.next.clone(), pending.intent);
        let outcome = self.arrive(pending, callback).await;
        Ok(Return { next, intent, outcome })
    }

    async fn arrive(&self, pending: Pending, callback: Callback) -> Result<Arrival> {
        let provider = self.provider(&pending.provider)?;
        if callback.iss.is_some_and(|iss| iss != *provider.issuer.as_str()) {
            return Err(Code::ProviderRefused.into());
        }
        let code = match (callback.code, callback.error.as_deref()) {
            (Some(code), None) => code,
            (_, Some("access_denied")) => return Err(Code::ProviderDenied.into()),
            (_, error) => {
                tracing::warn!(
                    error = error.unwrap_or_default().escape_debug().to_string(),
                    "a provider declined"
                );
                return Err(Code::ProviderRefused.into());
            }
        };
        let exchange = Exchange { code, nonce: pending.nonce, verifier: pending.verifier };
        let claims = provider.exchange(&self.server.origin, exchange, self.now()).await?;
        match pending.intent {
            Intent::SignIn => self.enter(provider, claims).await.map(Arrival::SignedIn),
            Intent::Automatic => {
                self.enter_by_itself(provider, claims).await.map(Arrival::SignedIn)
            }
            Intent::Link(account) => self.link(account, provider, claims).await,
            Intent::Prove(account) => self.prove_with(account, provider, claims).await,
        }
    }

    /// A nonce for the token that the browser is to bring (FedCM), good once and for this
    /// session.
    ///
    /// # Errors
    /// [`Code::NotFound`] for a provider without FedCM.
    pub async fn start_token(&self, provider: &str) -> Result<String> {
        let provider = self.provider(provider)?;
        provider.fedcm.as_ref().ok_or(Code::NotFound)?;
        let nonce = oidc::random_nonce();
        self.keep_challenge(TOKEN, &nonce, &provider.id, PATIENCE).await?;
        Ok(nonce)
    }

    /// # Errors
    /// [`Code::ProviderTimeout`] for a nonce that this session does not wait for,
    /// [`Code::ProviderRefused`] for a token that does not verify.
    pub async fn finish_token(&self, provider: &str, nonce: &str, token: &str) -> Result<SignedIn> {
        let expected: String = self.take_state(TOKEN, nonce).await.map_err(late)?;
        let provider = self.provider(provider)?;
        if provider.id != expected {
            return Err(Code::ProviderTimeout.into());
        }
        let claims = provider.read(&self.server.origin, token, nonce, self.now()).await?;
        self.enter(provider, claims).await
    }

    /// Signs in whoever the provider vouches for, or asks a stranger for a username.
    async fn enter(&self, provider: &Provider, claims: Claims) -> Result<SignedIn> {
        let store = &self.server.store;
        let found = store.identity(provider.issuer.as_str(), &claims.subject).await;
        let Some(identity) = found.map_err(internal)? else {
            let (username, name) = (suggested_username(&claims), claims.name.clone());
            let identity = identity(provider, claims);
            let provider = provider.id.clone();
            let stranger = Stranger { provider, identity, username, name, at: self.now() };
            let epoch = match self.visit.account().await? {
                Some(account) => Some(self.epoch(account).await?),
                None => None,
            };
            self.visit.welcome(&stranger, epoch).await?;
            return Ok(SignedIn::NameNeeded);
        };
        let is_fresh = claims.is_fresh(self.now());
        let row = store.account(identity.account).await.map_err(internal)?;
        let row = row.ok_or_else(|| internal("an account has gone during its sign-in"))?;
        let (subject, label) = (&identity.subject, &identity.label);
        let federated = remembered(provider, subject, label, &row.display_name);
        if row.second_factor {
            self.record(row.id, Event::SecondFactorAskedAfter, &provider.name).await;
            let provider = Some(provider.name.clone());
            let half = Half { account: row.id, at: self.now(), provider, federated };
            self.visit.sign_in_half(half).await?;
            return Ok(SignedIn::PasskeyToo);
        }
        let how = Means::Provider(provider.name.clone());
        let signed_in = self.sign_in(row.id, how, row.sessions_epoch).await?;
        if is_fresh {
            self.visit.put_proof(self.now()).await?;
        }
        self.visit.set_offer(self.offer_after_provider(row.id).await?).await?;
        self.visit.set_federated(federated).await?;
        Ok(signed_in)
    }

    /// The same without being asked: only for somebody who has an account, and who is asked
    /// for nothing else.
    async fn enter_by_itself(&self, provider: &Provider, claims: Claims) -> Result<SignedIn> {
        let store = &self.server.store;
        let found = store.identity(provider.issuer.as_str(), &claims.subject).await;
        let identity = found.map_err(internal)?.ok_or(Code::NotAutomatic)?;
        let row = store.account(identity.account).await.map_err(internal)?;
        let row = row.ok_or(Code::NotAutomatic)?;
        if row.second_factor || !row.automatic || !self.may_sign_in_by_itself().await? {
            return Err(Code::NotAutomatic.into());
        }
        let how = Means::RememberedProvider(provider.name.clone());
        let signed_in = self.sign_in(row.id, how, row.sessions_epoch).await?;
        self.tell_automatic(&signed_in).await?;
        Ok(signed_in)
    }

    /// Only to the account that asked for it and is still signed in; never to one whose
    /// e-mail address happens to be the same.
    async fn link(&self, account: Uuid, provider: &Provider, claims: Claims) -> Result<Arrival> {
        if self.visit.account().await? != Some(account) {
            return Err(Code::SignInRequired.into());
        }
        let store = &self.server.store;
        let found = store.identity(provider.issuer.as_str(), &claims.subject).await;
        match found.map_err(internal)? {
            Some(identity) if identity.account == account => return Ok(Arrival::Linked),
            Some(_) => return Err(Code::IdentityTaken.into()),
            None => {}
        }
        // The session may have been ended while the provider answered.
        let session = self.visit.key().await?.ok_or(Code::SignInRequired)?;
        let linked = store.link(account, &session, &identity(provider, claims), self.now()).await;
        let linked = linked.map_err(|error| match error {
            StoreError::IdentityTaken => PublicError::from(Code::IdentityTaken),
            other => internal(other),
        })?;
        if !linked {
            return Err(Code::SignInRequired.into());
        }
        self.record(account, Event::ProviderLinked, &provider.name).await;
        self.visit.tell(format!("{} is linked. You can sign in with it.", provider.name)).await?;
        Ok(Arrival::Linked)
    }

    async fn prove_with(
        &self,
        account: Uuid,
        provider: &Provider,
        claims: Claims,
    ) -> Result<Arrival> {
        if self.visit.account().await? != Some(account) {
            return Err(Code::SignInRequired.into());
        }
        let store = &self.server.store;
        let found = store.identity(provider.issuer.as_str(), &claims.subject).await;
        let own = found.map_err(internal)?.is_some_and(|identity| identity.account == account);
        let row = store.account(account).await.map_err(internal)?.ok_or(Code::SignInRequired)?;
        // The provider was asked to have the person sign in now (§3.1.2.1), and says when
        // that was.
        if !own || row.second_factor || !claims.is_fresh(self.now()) {
            self.record(account, Event::SignInFailed, &format!("with {}", provider.name)).await;
            return Err(Code::WrongIdentity.into());
        }
        // Only if the session has not been ended while the provider answered.
        self.visit.prove(self.epoch(account).await?, self.now()).await?;
        Ok(Arrival::Proved)
    }

    /// The stranger whom a provider vouched for, for the page that asks for a username.
    ///
    /// # Errors
    /// [`Code::SignInRequired`]
    pub async fn newcomer(&self) -> Result<Newcomer> {
        let stranger = self.visit.stranger(self.now()).await?;
        let provider = self.provider(&stranger.provider)?;
        let username = match stranger.username {
            Some(username) if !self.username_taken(&username).await? => username,
            _ => String::new(),
        };
        Ok(Newcomer {
            provider: provider.name.clone(),
            label: stranger.identity.label,
            username,
            display_name: stranger.name.unwrap_or_default(),
        })
    }

    /// The account of a stranger whom a provider vouched for.
    ///
    /// # Errors
    /// What is wrong with the names, or [`Code::SignInRequired`] when it took too long.
    pub async fn sign_up_with_provider(
        &self,
        username: &str,
        display_name: &str,
    ) -> Result<SignedIn> {
        let stranger = self.visit.stranger(self.now()).await?;
        let provider = self.provider(&stranger.provider)?;
        let account = self.new_account(username, display_name).await?;
        let NewIdentity { subject, label, .. } = &stranger.identity;
        let federated = remembered(provider, subject, label, &account.display_name);
        let account = NewAccount { identity: Some(stranger.identity), ..account };
        let signed_in = self.create(account, Means::Provider(provider.name.clone())).await?;
        // There is nothing yet that somebody else could take over.
        self.visit.put_proof(self.now()).await?;
        self.visit.set_offer(Some(Offer::Passkey)).await?;
        self.visit.set_federated(federated).await?;
        Ok(signed_in)
    }

    /// # Errors
    /// [`Code::ProofRequired`], [`Code::LastWayIn`], or [`Code::NotFound`] for anybody
    /// else's.
    pub async fn unlink(&self, id: &str) -> Result<String> {
        let account = self.visit.proved(self.now()).await?;
        let store = &self.server.store;
        let identities = store.identities_of(account).await.map_err(internal)?;
        let id = plain(id)?;
        let identity = identities.into_iter().find(|identity| identity.id == id);
        let name = self.provider_name(&identity.ok_or(Code::NotFound)?);
        match store.unlink(account, id, &self.issuers()).await.map_err(internal)? {
            Deletion::Deleted => {
                self.record(account, Event::ProviderUnlinked, &name).await;
                Ok(name)
            }
            Deletion::Needed => Err(Code::LastWayIn.into()),
            Deletion::Unknown => Err(Code::NotFound.into()),
        }
    }

    /// For the account page: the identities, and the providers without one.
    pub(crate) async fn identity_cards(
        &self,
        account: Uuid,
    ) -> Result<(Vec<IdentityCard>, Vec<IdentityProvider>)> {
        let identities = self.server.store.identities_of(account).await.map_err(internal)?;
        let providers = self.server.providers.iter();
        let others =
            providers.filter(|provider| !identities.iter().any(|own| is_with(own, provider)));
        let others = others.map(Into::into).collect();
        let cards = identities.into_iter().map(|identity| {
            let provider = self.provider_of(&identity);
            IdentityCard {
                provider: self.provider_name(&identity),
                icon: provider.and_then(|provider| provider.icon.clone()),
                works: provider.is_some(),
                remembered: provider.is_some_and(|provider| provider.origin().is_some()),
                id: identity.id,
                label: identity.label,
                linked: identity.linked,
            }
        });
        Ok((cards.collect(), others))
    }

    /// The providers that vouch for this account.
    pub(crate) async fn providers_of(&self, account: Uuid) -> Result<Vec<IdentityProvider>> {
        let identities = self.server.store.identities_of(account).await.map_err(internal)?;
        let own = |provider: &&Provider| identities.iter().any(|own| is_with(own, provider));
        Ok(self.server.providers.iter().filter(own).map(Into::into).collect())
    }

    /// Of the providers that people can sign in with.
    pub(crate) fn issuers(&self) -> Vec<String> {
        self.server.providers.iter().map(|provider| provider.issuer.to_string()).collect()
    }

    /// The id of the provider at this origin.
    ///
    /// # Errors
    /// [`Code::NotFound`]
    pub fn provider_at(&self, origin: &str) -> Result<&str> {
        let is_there = |provider: &&Provider| provider.origin().is_some_and(|own| own == origin);
        let found = self.server.providers.iter().find(is_there);
        Ok(&found.ok_or(Code::NotFound)?.id)
    }

    fn provider(&self, id: &str) -> Result<&Provider> {
        let found = self.server.providers.iter().find(|provider| provider.id == id);
        found.ok_or_else(|| Code::NotFound.into())
    }

    async fn identity_with(&self, account: Uuid, provider: &str) -> Result<Option<IdentityRow>> {
        let provider = self.provider(provider)?;
        let identities = self.server.store.identities_of(account).await.map_err(internal)?;
        Ok(identities.into_iter().find(|identity| is_with(identity, provider)))
    }

    /// Also of one that the store does not work with any more.
    fn provider_name(&self, identity: &IdentityRow) -> String {
        let provider = self.provider_of(identity);
        provider.map_or_else(|| identity.issuer.clone(), |provider| provider.name.clone())
    }

    fn provider_of(&self, identity: &IdentityRow) -> Option<&Provider> {
        self.server.providers.iter().find(|provider| is_with(identity, provider))
    }

    async fn offer_after_provider(&self, account: Uuid) -> Result<Option<Offer>> {
        let passkeys = self.server.store.passkeys_of(account).await.map_err(internal)?;
        Ok(passkeys.is_empty().then_some(Offer::Passkey))
    }
}

/// What the browser may remember: who it was that signed in with whom.
fn remembered(provider: &Provider, subject: &str, label: &str, name: &str) -> Option<Federated> {
    // A provider need not call people anything.
    let id = if label.is_empty() { subject } else { label };
    Some(Federated { id: id.to_owned(), name: name.to_owned(), origin: provider.origin()? })
}

impl From<&Provider> for IdentityProvider {
    fn from(provider: &Provider) -> Self {
        Self {
            id: provider.id.clone(),
            name: provider.name.clone(),
            icon: provider.icon.clone(),
            origin: provider.origin(),
            fedcm: provider.fedcm.as_ref().map(|url| FedCm {
                config_url: url.to_string(),
                client_id: provider.client_id.to_string(),
            }),
        }
    }
}

fn identity(provider: &Provider, claims: Claims) -> NewIdentity {
    NewIdentity {
        issuer: provider.issuer.to_string(),
        label: claims.label().to_owned(),
        subject: claims.subject,
    }
}

fn is_with(identity: &IdentityRow, provider: &Provider) -> bool {
    identity.issuer == *provider.issuer.as_str()
}

/// What the provider calls the person, if it would do for a username.
fn suggested_username(claims: &Claims) -> Option<String> {
    let candidates = [claims.username.as_deref(), claims.email.as_deref()];
    let fit = |name: &&str| Username::parse(name).is_ok();
    candidates.into_iter().flatten().find(fit).map(str::to_owned)
}

/// In the words of somebody who comes back from a provider.
fn late(error: PublicError) -> PublicError {
    match error.code {
        Code::ChallengeUnknown => Code::ProviderTimeout.into(),
        _ => error,
    }
}
