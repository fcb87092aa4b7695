//! Signing in with what the browser gives by itself.

use super::{capabilities, press::to_provider};
use crate::{
    api::{Route, Went},
    sign_in::{
        browser::{self, Credential},
        client,
        mediation::{self, Ask, Step},
        prefetch,
    },
};

/// Signs in with what the browser gives without a dialog. Whatever fails, fails silently:
/// nobody asked for it.
pub(super) async fn sign_in_by_itself(origins: &[String]) {
    if !capabilities().await.passwords || !browser::is_untouched() {
        return;
    }
    let here = browser::here();
    let credential = browser::get(Ask::Silent, "", origins).await;
    let step = mediation::next(Ask::Silent, credential.answer(), false);
    // It may have taken a while.
    if !browser::is_untouched() {
        return;
    }
    let to = match (step, credential) {
        (Step::CheckPassword, Credential::Password { username, password }) => {
            prefetch::pause();
            let fields = [
                ("username", &*username),
                ("password", &password),
                ("next", here.as_str()),
                ("automatic", "yes"),
            ];
            let went = client::post(Route::SignIn.pattern(), &browser::form(&fields)).await;
            prefetch::resume();
            went.ok().map(|Went { to, .. }| to)
        }
        (Step::ToProvider, Credential::Federated { origin, id }) => {
            if let Ok(url) = to_provider(&origin, &id, &here, "yes").await
                && browser::is_untouched()
            {
                browser::leave(&url);
            }
            return;
        }
        _ => None,
    };
    // So may the server: then whoever began to do something goes on, and hears of the sign-in
    // on the next page.
    if let Some(to) = to.filter(|_| browser::is_untouched()) {
        browser::go(&to);
    }
}
