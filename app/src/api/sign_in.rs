//! Signing in and up: what pages and scripts say to the server.
//!
//! Endpoints of server functions are named, because a derived name depends on the build
//! directory.

use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::{AccountName, IdentityProvider, PublicError};

/// What pages and scripts ask the server to sign somebody in or up, for one request. It knows
/// the session of the request, so no method takes one.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait SignInService: Send + Sync {
    /// Options with a challenge for any passkey of this shop (WebAuthn L3 §7.2 step 1).
    async fn start_sign_in(&self) -> super::Result<Options>;
    /// Verifies an assertion (WebAuthn L3 §7.2) and signs its account in.
    /// [`Code::ChallengeUnknown`](super::Code::ChallengeUnknown) when its challenge is older than
    /// five minutes or was answered before,
    /// [`Code::UnknownCredential`](super::Code::UnknownCredential) when no account has the
    /// passkey; else the code of the step of §7.2 that failed.
    async fn finish_sign_in(&self, credential: &str) -> super::Result<SignInOutcome>;
    /// Options with a challenge for a new account's first passkey (WebAuthn L3 §7.1 step 1).
    /// Refused with what is wrong with the names, or
    /// [`Code::UsernameTaken`](super::Code::UsernameTaken).
    async fn start_sign_up(&self, name: &AccountName) -> super::Result<Options>;
    /// Verifies a registration (WebAuthn L3 §7.1), creates the account and signs it in. `name` is
    /// what the challenge was asked for with: the challenge is good for no other.
    /// [`Code::ChallengeUnknown`](super::Code::ChallengeUnknown) when it is older than five
    /// minutes or was answered before; else the code of the step of §7.1 that failed.
    async fn finish_sign_up(
        &self,
        name: &AccountName,
        credential: &str,
    ) -> super::Result<SignInOutcome>;

    /// How the owner of the account can reauthenticate;
    /// [`Code::SignInRequired`](super::Code::SignInRequired) when signed out.
    async fn ways_to_reauthenticate(&self) -> super::Result<ReauthenticationWays>;
    /// Options with a challenge for the passkeys of one account (WebAuthn L3 §7.2 step 1): the one
    /// that is signed in, or the one that awaits its second factor.
    /// [`Code::SignInRequired`](super::Code::SignInRequired) where there is neither,
    /// [`Code::NoPasskey`](super::Code::NoPasskey) where it has no passkey.
    async fn start_reauthentication(&self) -> super::Result<Options>;
    /// Verifies an assertion of that account (WebAuthn L3 §7.2). Then its owner has
    /// reauthenticated, or the second factor signs in. Refused as a sign-in is.
    async fn finish_reauthentication(&self, credential: &str) -> super::Result<()>;
    /// Whether an account awaits its second factor: a password was right, or a provider vouched.
    /// [`Code::SignInRequired`](super::Code::SignInRequired) where none does.
    async fn awaits_second_factor(&self) -> super::Result<()>;
}

/// Asks for options for any passkey of this shop (WebAuthn L3 §7.2 step 1).
#[server(endpoint = "passkey/sign-in/start", input = Json)]
pub async fn start_sign_in() -> Result<Options, PublicError> {
    super::sign_in().start_sign_in().await
}

/// Signs in with an assertion (WebAuthn L3 §7.2). `credential` is what
/// `PublicKeyCredential.toJSON()` gives, as text.
#[server(endpoint = "passkey/sign-in/finish", input = Json)]
pub async fn finish_sign_in(credential: String) -> Result<SignInOutcome, PublicError> {
    super::sign_in().finish_sign_in(&credential).await
}

/// Asks for options for a new account's first passkey (WebAuthn L3 §7.1 step 1).
#[server(endpoint = "passkey/sign-up/start", input = Json)]
pub async fn start_sign_up(username: String, display_name: String) -> Result<Options, PublicError> {
    super::sign_in().start_sign_up(&AccountName { username, display_name }).await
}

/// Creates an account with its first passkey (WebAuthn L3 §7.1), and signs it in. `credential` is
/// what `PublicKeyCredential.toJSON()` gives, as text; the names are those that the challenge was
/// asked for with.
#[server(endpoint = "passkey/sign-up/finish", input = Json)]
pub async fn finish_sign_up(
    username: String,
    display_name: String,
    credential: String,
) -> Result<SignInOutcome, PublicError> {
    super::sign_in().finish_sign_up(&AccountName { username, display_name }, &credential).await
}

/// Asks for options for the passkeys of one account (WebAuthn L3 §7.2 step 1): for a
/// reauthentication, or as a second factor.
#[server(endpoint = "passkey/reauthentication/start", input = Json)]
pub async fn start_reauthentication() -> Result<Options, PublicError> {
    super::sign_in().start_reauthentication().await
}

/// Reauthenticates, or signs in with the second factor (WebAuthn L3 §7.2). `credential` is what
/// `PublicKeyCredential.toJSON()` gives, as text.
#[server(endpoint = "passkey/reauthentication/finish", input = Json)]
pub async fn finish_reauthentication(credential: String) -> Result<(), PublicError> {
    super::sign_in().finish_reauthentication(&credential).await
}

/// Options for `navigator.credentials`. They stay text on their way through the wasm, which so
/// needs none of the WebAuthn types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// The JSON that the browser's own `parseCreationOptionsFromJSON` or
    /// `parseRequestOptionsFromJSON` reads (WebAuthn L3 §5.1.8 and §5.1.9).
    pub public_key: String,
}

/// What came of a sign-in that proved right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInOutcome {
    /// This account is signed in.
    Done(AccountName),
    /// The account awaits its second factor, and until then nobody is signed in: on to
    /// `/second-factor`.
    PasskeyToo,
    /// A provider vouches for somebody who has no account yet: on to `/sign-up/provider`.
    NameNeeded,
}

/// What became of a form that was posted by the page's script, and has done its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Went {
    /// Where to go on from there.
    pub to: String,
    /// Who is signed in, once somebody is.
    pub name: Option<AccountName>,
}

/// How somebody can reauthenticate as the owner of the account; beside these, with a recovery
/// code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReauthenticationWays {
    /// Whether the account has a passkey.
    pub passkey: bool,
    /// Whether the account has a password.
    pub password: bool,
    /// The providers that the account has an identity with, and that can ask their owner anew.
    pub providers: Vec<IdentityProvider>,
}
