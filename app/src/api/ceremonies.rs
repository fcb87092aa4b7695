//! The server functions of the sign-in flows. Each takes the message, asks the
//! [`Backend`](super::backend::Backend) and returns its answer.
//!
//! Endpoints are named, because a derived name depends on the build directory.

use leptos::{prelude::*, server_fn::codec::Json};

use super::{Options, PublicError, SignedIn};

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

/// For a saved password that an immediate request returned; the form on
/// `/sign-in` posts without this.
#[server(endpoint = "password/sign-in", input = Json)]
pub async fn sign_in_with_password(
    username: String,
    password: String,
) -> Result<SignedIn, PublicError> {
    super::backend().sign_in_with_password(&username, &password).await
}
