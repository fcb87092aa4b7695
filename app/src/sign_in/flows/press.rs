//! A press that signs in, rung by rung, and what becomes of the credential that it brings.

use super::{autofill::rearm_autofill, capabilities};
use crate::{
    api::{FinishSignIn, Next, Options, PublicError, Result, Route, SignInOutcome, Went},
    sign_in::{
        Place,
        browser::{self, Credential},
        client,
        islands::Progress,
        mediation::{self, Step},
        prefetch,
    },
};

/// Climbs the ladder until the visitor is signed in, at the form, or told why not. `origins` are
/// those of the providers that the browser may remember; `next` is where to go once signed in.
pub(in crate::sign_in) async fn press(
    place: Place,
    origins: Vec<String>,
    next: Next,
    progress: Progress,
) {
    let mut step = mediation::first(capabilities().await, place);
    let mut unanswered = None;
    while let Step::Ask(ask) | Step::AskAgain(ask) = step {
        let options = match unanswered.take() {
            Some(options) => Ok(options),
            None if ask.is_for_passkeys() => prefetch::take().await,
            None => Ok(Options { public_key: String::new() }),
        };
        let options = match options {
            Ok(options) => options,
            Err(error) => return progress.say(error.message),
        };
        // One request at a time: the form's autofill makes room.
        browser::end_pending();
        let credential = browser::get(ask, &options.public_key, &origins).await;
        step = mediation::next(ask, credential.answer(), matches!(step, Step::AskAgain(_)));
        if let Step::VerifyPasskey | Step::CheckPassword | Step::ToProvider = step {
            return finish(credential, &options, &next, progress).await;
        }
        unanswered = Some(options);
    }
    match step {
        Step::ToForm => return browser::go(&Route::SignIn.with_next(&next)),
        Step::Say(sentence) => progress.say(sentence),
        _ => {}
    }
    rearm_autofill();
}

/// Signs in with what the browser brought, each kind of credential its own way, and goes on to
/// `next`; or on to a provider. `asked` holds the options that a passkey answers.
pub(super) async fn finish(
    credential: Credential,
    asked: &Options,
    next: &Next,
    progress: Progress,
) {
    prefetch::pause();
    let signed_in = match credential {
        Credential::Passkey(json) => {
            client::call(FinishSignIn { credential: json }).await.map(|done| match done {
                SignInOutcome::Done(_) | SignInOutcome::NameNeeded => next.to_string(),
                SignInOutcome::PasskeyToo => Route::SecondFactor.with_next(next),
            })
        }
        Credential::Password { username, password } => {
            let fields =
                [("username", &*username), ("password", &password), ("next", next.as_str())];
            client::post(Route::SignIn.pattern(), &browser::form(&fields))
                .await
                .map(|Went { to, .. }| to)
        }
        Credential::Federated { origin, id } => match to_provider(&origin, &id, next, "").await {
            Ok(url) => return browser::leave(&url),
            Err(error) => Err(error),
        },
        Credential::None(_) => return,
    };
    match signed_in {
        Ok(to) => browser::go(&to),
        Err(error) => {
            prefetch::resume();
            say_refusal(&error, asked, progress);
            rearm_autofill();
        }
    }
}

/// The address of a provider that the browser remembers, by its origin and what it calls the
/// person. `automatic` is empty where somebody has pressed a button.
pub(super) async fn to_provider(
    origin: &str,
    id: &str,
    next: &Next,
    automatic: &str,
) -> Result<String> {
    let fields =
        [("origin", origin), ("login_hint", id), ("next", next.as_str()), ("automatic", automatic)];
    let went = client::post(Route::FederationAt.pattern(), &browser::form(&fields)).await;
    went.map(|Went { to, .. }| to)
}

/// Says why the server refused a passkey, and has the passkey manager forget it where no account
/// has it.
pub(super) fn say_refusal(error: &PublicError, asked: &Options, progress: Progress) {
    let (sentence, signal) = mediation::refused(error, browser::can_signal_unknown());
    if let Some(id) = error.credential_id.as_deref().filter(|_| signal) {
        browser::signal_unknown(&asked.public_key, id);
    }
    progress.say(sentence);
}
