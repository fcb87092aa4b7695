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
    /// A challenge for any passkey of this shop (WebAuthn L3 §7.2 step 1).
    async fn start_sign_in(&self) -> super::Result<Options>;
    /// Verifies an assertion (§7.2) and signs its account in.
    async fn finish_sign_in(&self, credential: &str) -> super::Result<SignInOutcome>;
    /// A challenge for a new account's first passkey (§7.1 step 1).
    async fn start_sign_up(&self, name: &AccountName) -> super::Result<Options>;
    /// Verifies a registration (§7.1), creates the account and signs it in. `name`: as it was
    /// when the challenge was asked for.
    async fn finish_sign_up(
        &self,
        name: &AccountName,
        credential: &str,
    ) -> super::Result<SignInOutcome>;

    /// How the visitor can reauthenticate.
    /// [`Code::SignInRequired`](super::Code::SignInRequired) when signed out.
    async fn ways_to_reauthenticate(&self) -> super::Result<ReauthenticationWays>;
    /// A challenge for the passkeys of one account (§7.2 step 1): the one that is
    /// signed in, or the one that awaits its second factor.
    async fn start_reauthentication(&self) -> super::Result<Options>;
    /// Verifies the assertion, and notes the reauthentication or signs in.
    async fn finish_reauthentication(&self, credential: &str) -> super::Result<()>;
    /// [`Code::SignInRequired`](super::Code::SignInRequired) unless a password was right, or a
    /// provider vouched, for an account that asks for a second factor.
    async fn awaits_second_factor(&self) -> super::Result<()>;
}

#[server(endpoint = "passkey/sign-in/start", input = Json)]
pub async fn start_sign_in() -> Result<Options, PublicError> {
    super::sign_in().start_sign_in().await
}

/// `credential`: the assertion, as `PublicKeyCredential.toJSON()` gives it.
#[server(endpoint = "passkey/sign-in/finish", input = Json)]
pub async fn finish_sign_in(credential: String) -> Result<SignInOutcome, PublicError> {
    super::sign_in().finish_sign_in(&credential).await
}

#[server(endpoint = "passkey/sign-up/start", input = Json)]
pub async fn start_sign_up(username: String, display_name: String) -> Result<Options, PublicError> {
    super::sign_in().start_sign_up(&AccountName { username, display_name }).await
}

/// `credential`: the new credential, as `PublicKeyCredential.toJSON()` gives it. The names are
/// those that the challenge was asked for with.
#[server(endpoint = "passkey/sign-up/finish", input = Json)]
pub async fn finish_sign_up(
    username: String,
    display_name: String,
    credential: String,
) -> Result<SignInOutcome, PublicError> {
    super::sign_in().finish_sign_up(&AccountName { username, display_name }, &credential).await
}

/// For a passkey of one account: a reauthentication, or a second factor.
#[server(endpoint = "passkey/reauthentication/start", input = Json)]
pub async fn start_reauthentication() -> Result<Options, PublicError> {
    super::sign_in().start_reauthentication().await
}

/// `credential`: the assertion, as `PublicKeyCredential.toJSON()` gives it.
#[server(endpoint = "passkey/reauthentication/finish", input = Json)]
pub async fn finish_reauthentication(credential: String) -> Result<(), PublicError> {
    super::sign_in().finish_reauthentication(&credential).await
}

/// Options for `navigator.credentials`, as the JSON text that the browser's own
/// `parse…OptionsFromJSON` reads. It stays text on its way through the wasm,
/// which so needs none of the WebAuthn types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    pub public_key: String,
}

/// What came of a sign-in that proved right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInOutcome {
    Done(AccountName),
    /// The account asks for a second factor, and until then for nothing else:
    /// on to `/second-factor`.
    PasskeyToo,
    /// A provider vouches for somebody who has no account yet: on to `/sign-up/provider`.
    NameNeeded,
}

/// A form that was posted by the page's script has done its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Went {
    /// Where to go on.
    pub to: String,
    /// Who is signed in, once somebody is.
    pub name: Option<AccountName>,
}

/// How the person can reauthenticate as the owner of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReauthenticationWays {
    pub passkey: bool,
    pub password: bool,
    pub providers: Vec<IdentityProvider>,
}
