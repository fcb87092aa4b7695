//! OpenID Connect: what this shop asks of a provider, and what it believes. The one place
//! that uses the `openidconnect` crate.
//!
//! References are to OpenID Connect Core 1.0.

mod http;

use std::{
    collections::HashSet,
    error::Error,
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use app::api::{Code, FedCm, IdentityProvider, Path, Timestamp};
use chrono::DateTime;
use openidconnect::{
    AuthType, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError as ClaimsError,
    ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl,
    LoginHint, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    SignatureVerificationError as Signature, TokenResponse,
    core::{
        CoreAuthPrompt, CoreClient, CoreClientAuthMethod, CoreIdToken, CoreIdTokenClaims,
        CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreResponseType,
    },
};
use serde::{Deserialize, Serialize};
use url::Url;

pub use http::{ANSWER_TIMEOUT, Http, HttpError, is_secure};

use crate::{clock::Clock, store::IdentityRow};

/// What a provider published is asked for again after this long.
const PUBLISHED_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// And this soon, when a token is signed with a key that is not among the published ones:
/// providers change their keys (§10.1.1), but nobody may make us ask all the time.
const NEW_KEYS_AFTER: Duration = Duration::from_secs(10);
/// Letters of a name that a provider gives: more than one could have here.
const SHOWN: usize = 200;
/// How long a provider that is down is left alone, the first time and at last.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);
/// Those with a public key. Not HS256, which anybody with the client secret can sign with.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A provider, as the host configured it.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its part of addresses.
    pub id: String,
    pub name: String,
    pub issuer: IssuerUrl,
    pub client_id: ClientId,
    /// None for a public client, which PKCE protects.
    pub client_secret: Option<ClientSecret>,
    /// A `data:` URI.
    pub icon: Option<String>,
    /// Where its FedCM configuration is, if it takes part in that.
    pub fedcm: Option<Url>,
    /// Whether no other provider has its origin, which is all that a browser remembers of one.
    pub alone: bool,
    pub http: Http,
    pub published: Arc<Published>,
}

/// The providers that people can sign in with, in the order of their buttons.
#[derive(Clone, Debug, Default)]
pub struct Providers(pub Vec<Provider>);

impl Providers {
    /// # Errors
    /// [`Code::NotFound`]
    pub fn named(&self, id: &str) -> Result<&Provider, Code> {
        self.0.iter().find(|provider| provider.id == id).ok_or(Code::NotFound)
    }

    /// The provider at this origin, as browsers remember it.
    ///
    /// # Errors
    /// [`Code::NotFound`]
    pub fn at(&self, origin: &str) -> Result<&Provider, Code> {
        let is_there = |provider: &&Provider| provider.origin().is_some_and(|own| own == origin);
        self.0.iter().find(is_there).ok_or(Code::NotFound)
    }

    /// The provider that an identity is with; none where the shop does not work with it any more.
    #[must_use]
    pub fn with(&self, identity: &IdentityRow) -> Option<&Provider> {
        self.0.iter().find(|provider| provider.vouches_for(identity))
    }

    /// Those that vouch for one of these identities.
    #[must_use]
    pub fn of(&self, identities: &[IdentityRow]) -> Vec<IdentityProvider> {
        let own = |provider: &&Provider| identities.iter().any(|own| provider.vouches_for(own));
        self.0.iter().filter(own).map(Into::into).collect()
    }

    /// All of them, as their buttons show them.
    #[must_use]
    pub fn buttons(&self) -> Vec<IdentityProvider> {
        self.0.iter().map(Into::into).collect()
    }

    /// Their issuers: an identity with any other is no way in.
    #[must_use]
    pub fn issuers(&self) -> Vec<String> {
        self.0.iter().map(|provider| provider.issuer.to_string()).collect()
    }

    /// Their origins, as browsers remember them.
    #[must_use]
    pub fn origins(&self) -> Vec<String> {
        self.0.iter().filter_map(Provider::origin).collect()
    }
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

/// What the provider published about itself. Shared by all requests.
#[derive(Debug, Default)]
pub struct Published {
    known: Mutex<Option<Publication>>,
    /// Held by who asks: one asks for all.
    pause: tokio::sync::Mutex<Option<Pause>>,
}

/// How long a provider that did not answer is not asked again, by whoever comes.
#[derive(Clone, Copy, Debug)]
struct Pause {
    length: Duration,
    since: Timestamp,
}

impl Pause {
    /// Twice as long as the last one.
    fn after(last: Option<Self>, now: Timestamp) -> Self {
        let length = last.map_or(FIRST_PAUSE, |last| (2 * last.length).min(LONGEST_PAUSE));
        Self { length, since: now }
    }
}

#[derive(Clone, Debug)]
struct Publication {
    metadata: CoreProviderMetadata,
    /// When it was fetched.
    at: Timestamp,
}

/// What an authorization request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// As the provider sees fit.
    Any,
    /// Nothing that a person would see: signed in there already, or not at all.
    None,
    /// The person has to sign in there now.
    Login,
}

/// What the answer to an authorization request (§3.1.2.1) is checked against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    pub nonce: String,
    /// For PKCE (RFC 7636).
    pub verifier: String,
}

/// Who somebody is, in the words of a verified ID token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    pub subject: String,
    pub name: Option<String>,
    pub username: Option<String>,
    pub email: Option<String>,
    /// When the person signed in with the provider.
    pub authenticated: Option<Timestamp>,
}

impl Secrets {
    #[must_use]
    pub fn random() -> Self {
        let (_, verifier) = PkceCodeChallenge::new_random_sha256();
        Self { nonce: random_nonce(), verifier: verifier.into_secret() }
    }
}

impl Provider {
    /// The address of an authorization request. `state`: what comes back with its answer.
    ///
    /// # Errors
    /// [`Code::ProviderUnavailable`]
    pub async fn start(
        &self,
        shop: &Url,
        prompt: Prompt,
        login_hint: Option<&str>,
        state: String,
        secrets: &Secrets,
        clock: &Clock,
    ) -> Result<Url, Code> {
        let client = self.client(shop, PUBLISHED_LIFETIME, clock).await?;
        let verifier = PkceCodeVerifier::new(secrets.verifier.clone());
        let nonce = Nonce::new(secrets.nonce.clone());
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let mut request = client
            .authorize_url(flow, move || CsrfToken::new(state), move || nonce)
            .add_scopes(["profile", "email"].map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        if let Some(hint) = login_hint {
            request = request.set_login_hint(LoginHint::new(hint.to_owned()));
        }
        request = match prompt {
            Prompt::Any => request,
            Prompt::None => request.add_prompt(CoreAuthPrompt::None),
            // With a maximal age, the token has to tell the time (§3.1.2.1).
            Prompt::Login => {
                request.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::from_secs(0))
            }
        };
        Ok(request.url().0)
    }

    /// Exchanges a code for an ID token (§3.1.3) and verifies that.
    ///
    /// # Errors
    /// [`Code::ProviderUnavailable`], or [`Code::ProviderRefused`] for a code that was used
    /// before and for a token that does not verify.
    pub async fn exchange(
        &self,
        shop: &Url,
        code: String,
        secrets: Secrets,
        clock: &Clock,
    ) -> Result<Claims, Code> {
        let client = self.client(shop, PUBLISHED_LIFETIME, clock).await?;
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| unavailable(&error))?
            .set_pkce_verifier(PkceCodeVerifier::new(secrets.verifier));
        let answer = request.request_async(&self.http).await.map_err(|error| match &error {
            RequestTokenError::ServerResponse(_) => refused(&error),
            _ => unavailable(&error),
        })?;
        let token = answer.id_token().ok_or_else(|| refused(&"there is no ID token"))?;
        self.verify(shop, token, &secrets.nonce, clock).await
    }

    /// Verifies a token that the browser brought (FedCM).
    ///
    /// # Errors
    /// As [`Provider::exchange`].
    pub async fn read(
        &self,
        shop: &Url,
        token: &str,
        nonce: &str,
        clock: &Clock,
    ) -> Result<Claims, Code> {
        let token: CoreIdToken = token.parse().map_err(|error| refused(&error))?;
        self.verify(shop, &token, nonce, clock).await
    }

    /// §3.1.3.7: signature, issuer, audience, expiry and nonce.
    async fn verify(
        &self,
        shop: &Url,
        token: &CoreIdToken,
        nonce: &str,
        clock: &Clock,
    ) -> Result<Claims, Code> {
        let nonce = Nonce::new(nonce.to_owned());
        let check = |client: Client| {
            let time = DateTime::from_timestamp_millis(clock.now().0).unwrap_or_default();
            let verifier =
                client.id_token_verifier().set_allowed_algs(ALGORITHMS).set_time_fn(move || time);
            token.claims(&verifier, &nonce).cloned()
        };
        let mut claims = check(self.client(shop, PUBLISHED_LIFETIME, clock).await?);
        // The key may be a new one, also under the old name, or with none at all.
        if let Err(ClaimsError::SignatureVerification(
            Signature::NoMatchingKey | Signature::AmbiguousKeyId(_) | Signature::CryptoError(_),
        )) = claims
        {
            claims = check(self.client(shop, NEW_KEYS_AFTER, clock).await?);
        }
        let claims = claims.map_err(|error| refused(&error))?;
        // Steps 4 and 5, which the crate leaves to us: a token that was made for another
        // client is not for this shop, even where this one is in its audience.
        if claims.authorized_party().is_some_and(|party| *party != self.client_id) {
            return Err(refused(&"the token was issued to another client"));
        }
        if claims.subject().contains(char::is_control) {
            return Err(refused(&"no database of ours would take this subject"));
        }
        Ok(Claims::from(&claims))
    }

    /// By what the provider published no longer ago than `age`.
    async fn client(&self, shop: &Url, age: Duration, clock: &Clock) -> Result<Client, Code> {
        let metadata = self.metadata(age, clock).await?;
        let secret = self.client_secret.clone();
        let redirect = RedirectUrl::from_url(self.redirect(shop)?);
        let methods = metadata.token_endpoint_auth_methods_supported().cloned().unwrap_or_default();
        let client = CoreClient::from_provider_metadata(metadata, self.client_id.clone(), secret)
            .set_redirect_uri(redirect);
        // The header is what providers have to take, unless they say otherwise (§9).
        let only_body = methods.contains(&CoreClientAuthMethod::ClientSecretPost)
            && !methods.contains(&CoreClientAuthMethod::ClientSecretBasic);
        Ok(if only_body { client.set_auth_type(AuthType::RequestBody) } else { client })
    }

    fn redirect(&self, shop: &Url) -> Result<Url, Code> {
        let callback = Path::FederationCallback { provider: self.id.clone() };
        shop.join(&callback.to_string()).map_err(|error| unavailable(&error))
    }

    /// What is known stays known until there is an answer: anybody can bring a token that names
    /// an unknown key.
    async fn metadata(&self, age: Duration, clock: &Clock) -> Result<CoreProviderMetadata, Code> {
        if let Some(known) = self.known(age, clock.now()) {
            return Ok(known);
        }
        // In a task of its own: were its visitor to go away, the others would wait for an answer
        // that nobody fetches.
        let (provider, clock) = (self.clone(), clock.clone());
        let asking = tokio::spawn(async move { provider.ask(age, &clock).await });
        asking.await.map_err(|error| unavailable(&error))?
    }

    fn known(&self, age: Duration, now: Timestamp) -> Option<CoreProviderMetadata> {
        let known = self.published();
        let recent = known.as_ref().filter(|known| now.since(known.at) < age);
        recent.map(|known| known.metadata.clone())
    }

    /// Asks the provider, unless somebody else just has, or it is down.
    async fn ask(&self, age: Duration, clock: &Clock) -> Result<CoreProviderMetadata, Code> {
        let mut pause = self.published.pause.lock().await;
        if let Some(known) = self.known(age, clock.now()) {
            return Ok(known);
        }
        if pause.is_some_and(|pause| clock.now().since(pause.since) < pause.length) {
            return Err(Code::ProviderUnavailable);
        }
        let found = self.discover().await;
        // From the end: it may have taken longer to find out than the pause is long.
        let now = clock.now();
        *pause = found.is_err().then(|| Pause::after(*pause, now));
        let metadata = found?;
        *self.published() = Some(Publication { metadata: metadata.clone(), at: now });
        Ok(metadata)
    }

    /// OpenID Connect Discovery 1.0 §4.
    async fn discover(&self) -> Result<CoreProviderMetadata, Code> {
        let found = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http).await;
        let metadata = found.map_err(|error| unavailable(&error))?;
        // Before anybody is sent there. The keys' address has been looked at by now.
        let token = metadata.token_endpoint().is_none_or(|endpoint| is_secure(endpoint.url()));
        if !token || !is_secure(metadata.authorization_endpoint().url()) {
            return Err(unavailable(&HttpError::Plain));
        }
        Ok(metadata)
    }

    fn published(&self) -> MutexGuard<'_, Option<Publication>> {
        self.published.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[must_use]
    pub fn vouches_for(&self, identity: &IdentityRow) -> bool {
        identity.issuer == *self.issuer.as_str()
    }

    /// What the browser's memory of federated sign-ins goes by (`FederatedCredential`); none
    /// where that could mean another provider as well.
    #[must_use]
    pub fn origin(&self) -> Option<String> {
        self.alone.then(|| self.issuer.url().origin().ascii_serialization())
    }
}

impl Claims {
    /// Whether the person signed in with the provider within `age`, not some day.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp, age: Duration) -> bool {
        // Clocks differ, but not by more than that.
        self.authenticated.is_some_and(|at| now.since(at) < age && at.since(now) < age)
    }

    /// What to call the person, for display only.
    #[must_use]
    pub fn label(&self) -> &str {
        let label = self.username.as_deref().or(self.email.as_deref()).or(self.name.as_deref());
        label.unwrap_or_default()
    }
}

impl From<&CoreIdTokenClaims> for Claims {
    fn from(claims: &CoreIdTokenClaims) -> Self {
        // For display, and for databases that do not take every character.
        let shown = |text: &str| text.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
        let name = claims.name().and_then(|name| name.get(None));
        Self {
            subject: claims.subject().to_string(),
            name: name.map(|name| shown(name)),
            username: claims.preferred_username().map(|name| shown(name)),
            email: claims.email().map(|email| shown(email)),
            authenticated: claims.auth_time().map(|at| Timestamp(at.timestamp_millis())),
        }
    }
}

/// A value that nobody can guess.
#[must_use]
pub fn random_nonce() -> String {
    Nonce::new_random().secret().clone()
}

fn unavailable(error: &dyn Error) -> Code {
    tracing::warn!(cause = chain(error), "a provider is not available");
    Code::ProviderUnavailable
}

fn refused(cause: &dyn Display) -> Code {
    tracing::warn!(%cause, "a provider's answer was refused");
    Code::ProviderRefused
}

/// What happened, down to its reason: "Request failed" alone helps nobody.
fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        words += &format!(": {error}");
        source = error.source();
    }
    words
}

/// The attempts whose answers are being taken by this server.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashSet<String>>);

/// An answer that is being taken, until this is dropped.
#[derive(Debug)]
pub struct Taken<'a> {
    attempts: &'a Attempts,
    state: String,
}

impl Attempts {
    /// `None` while another request takes an answer with this `state`.
    #[must_use]
    pub fn take(&self, state: &str) -> Option<Taken<'_>> {
        let is_first = self.states().insert(state.to_owned());
        is_first.then(|| Taken { attempts: self, state: state.to_owned() })
    }

    fn states(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.attempts.states().remove(&self.state);
    }
}
