//! A press on a provider's button, where the browser can ask for its token itself (FedCM).

use super::autofill::rearm_autofill;
use crate::{
    api::{FedCm, Next, PublicError, Went},
    sign_in::{browser, client, islands::Progress, mediation, prefetch},
};

/// Gets a nonce of the server, for a token of a provider. `path` is where to ask for it.
pub(in crate::sign_in) async fn nonce(path: String) -> Result<String, PublicError> {
    client::post(&path, &browser::form(&[])).await
}

/// Asks the browser for a token of a provider (FedCM), and signs in with it. `path` is where the
/// server takes the token.
pub(in crate::sign_in) async fn federate(
    path: String,
    fedcm: FedCm,
    nonce: impl Future<Output = Result<String, PublicError>>,
    next: Next,
    progress: Progress,
) {
    let nonce = match nonce.await {
        Ok(nonce) => nonce,
        Err(error) => return progress.say(error.message),
    };
    browser::end_pending();
    let Some(token) = browser::get_token(&fedcm, &nonce).await else {
        progress.say(mediation::NO_TOKEN);
        return rearm_autofill();
    };
    prefetch::pause();
    let fields = [("nonce", &*nonce), ("token", &token), ("next", next.as_str())];
    match client::post(&path, &browser::form(&fields)).await {
        Ok(Went { to, .. }) => browser::go(&to),
        Err(error) => {
            prefetch::resume();
            progress.say(error.message);
            rearm_autofill();
        }
    }
}

/// Whether the browser can ask for a provider's token itself.
pub(in crate::sign_in) fn has_fedcm() -> bool {
    browser::has("IdentityCredential")
}
