//! The server functions of the sign-in flows. Each takes the message, asks the
//! [`Backend`](super::backend::Backend) and returns its answer.
//!
//! Endpoints are named, because a derived name depends on the build directory.

use leptos::{prelude::*, server_fn::codec::Json};

use super::{Added, Options, PublicError, SignedIn};

#[server(endpoint = "passkey/sign-in/start", input = Json)]
pub async fn start_sign_in() -> Result<Options, PublicError> {
    super::backend().start_sign_in().await
}

/// `credential`: the assertion, as `PublicKeyCredential.toJSON()` gives it.
#[server(endpoint = "passkey/sign-in/finish", input = Json)]
pub async fn finish_sign_in(credential: String) -> Result<SignedIn, PublicError> {
    super::backend().finish_sign_in(&credential).await
}

#[server(endpoint = "passkey/sign-up/start", input = Json)]
pub async fn start_sign_up(username: String, display_name: String) -> Result<Options, PublicError> {
    super::backend().start_sign_up(&username, &display_name).await
}

/// `credential`: the new credential, as `PublicKeyCredential.toJSON()` gives it.
#[server(endpoint = "passkey/sign-up/finish", input = Json)]
pub async fn finish_sign_up(credential: String) -> Result<SignedIn, PublicError> {
    super::backend().finish_sign_up(&credential).await
}

/// For a passkey of one account: a fresh proof, or a second factor.
#[server(endpoint = "passkey/proof/start", input = Json)]
pub async fn start_proof() -> Result<Options, PublicError> {
    super::backend().start_proof().await
}

/// `credential`: the assertion, as `PublicKeyCredential.toJSON()` gives it.
#[server(endpoint = "passkey/proof/finish", input = Json)]
pub async fn finish_proof(credential: String) -> Result<(), PublicError> {
    super::backend().finish_proof(&credential).await
}

/// For one more passkey of the account. `conditional`: created by the browser
/// itself, after a password. `here`: on this device only.
#[server(endpoint = "passkey/addition/start", input = Json)]
pub async fn start_addition(conditional: bool, here: bool) -> Result<Options, PublicError> {
    super::backend().start_addition(conditional, here).await
}

/// `credential`: the new credential, as `PublicKeyCredential.toJSON()` gives it.
#[server(endpoint = "passkey/addition/finish", input = Json)]
pub async fn finish_addition(credential: String, announce: bool) -> Result<Added, PublicError> {
    super::backend().finish_addition(&credential, announce).await
}

/// Whether the store has this passkey, when the answer to its creation got lost.
#[server(endpoint = "passkey/known", input = Json)]
pub async fn knows_passkey(credential_id: String) -> Result<bool, PublicError> {
    super::backend().knows_passkey(&credential_id).await
}

/// "Not now" to the offer of a passkey. The form in its card posts without this.
#[server(endpoint = "passkey/offer/dismiss", input = Json)]
pub async fn dismiss_offer() -> Result<(), PublicError> {
    super::backend().dismiss_offer().await
}

/// After the signals of [`Signals`](super::Signals) were given.
#[server(endpoint = "passkey/signalled", input = Json)]
pub async fn signalled(user_id: String, version: i64) -> Result<(), PublicError> {
    super::backend().signalled(&user_id, version).await
}
