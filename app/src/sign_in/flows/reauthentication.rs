//! A press that asks for a passkey of this account: once more, or as the second factor.

use super::press::say_refusal;
use crate::{
    api::{Code, FinishReauthentication, Next, Route, StartReauthentication},
    sign_in::{
        browser::{self, Credential},
        client,
        islands::Progress,
        mediation::{self, Answer, Ask, Failure},
        prefetch,
    },
};

/// Asks for a passkey of this account, in the browser's dialog (modal), and goes on to `next`: the
/// owner has reauthenticated, or the second factor signs in.
pub(in crate::sign_in) async fn reauthenticate(next: Next, progress: Progress) {
    let options = match client::call(StartReauthentication {}).await {
        Ok(options) => options,
        // The password was too long ago.
        Err(error) if error.code == Code::SignInRequired => {
            return browser::go(&Route::SignIn.with_next(&next));
        }
        Err(error) => return progress.say(error.message),
    };
    browser::end_pending();
    let credential = match browser::get(Ask::Modal, &options.public_key, &[]).await {
        Credential::Passkey(json) => json,
        Credential::None(Answer::Failed(failure)) => {
            return progress.say(mediation::not_proved(failure));
        }
        _ => return progress.say(mediation::not_proved(Failure::Other)),
    };
    prefetch::pause();
    match client::call(FinishReauthentication { credential }).await {
        Ok(()) => browser::go(next.as_str()),
        Err(error) => {
            prefetch::resume();
            say_refusal(&error, &options, progress);
        }
    }
}
