//! A press that creates a passkey, and an account with it.

use crate::{
    api::{AccountName, Code, FinishSignUp, KnowsPasskey, Next, Options, PublicError, StartSignUp},
    sign_in::{browser, client, islands::Progress, mediation, prefetch},
};

/// Creates a passkey and the account that goes with it, and goes on to `next`. Gives back what was
/// wrong before the browser was asked at all.
pub(in crate::sign_in) async fn sign_up(
    name: AccountName,
    next: Next,
    progress: Progress,
) -> Option<Code> {
    let AccountName { username, display_name } = name.clone();
    let options = match client::call(StartSignUp { username, display_name }).await {
        Ok(options) => options,
        Err(error) => {
            progress.say(error.message);
            return Some(error.code);
        }
    };
    let created = match browser::create(&options.public_key, false).await {
        Ok(created) => created,
        Err(failure) => {
            progress.say(mediation::not_created(failure));
            return None;
        }
    };
    prefetch::pause();
    let AccountName { username, display_name } = name;
    let finish = FinishSignUp { username, display_name, credential: created.json };
    match client::call(finish).await {
        Ok(_) => browser::go(next.as_str()),
        Err(error) => {
            progress.say(match registered(error, &options, created.id).await {
                Ok(()) => ANSWER_LOST.to_owned(),
                Err(sentence) => sentence,
            });
            prefetch::resume();
        }
    }
    None
}

const ANSWER_LOST: &str =
    "Your passkey was created, but the answer got lost. Please sign in with it.";

/// Whether the server took a created passkey after all, and only its answer was lost. If not, it
/// opens nothing, and the password manager need not keep it.
pub(super) async fn registered(
    error: PublicError,
    options: &Options,
    credential_id: String,
) -> Result<(), String> {
    let known = match error.code {
        // It may have been taken before something went wrong, here or on the way.
        Code::Unreachable | Code::Internal | Code::Busy => {
            client::call(KnowsPasskey { credential_id: credential_id.clone() }).await.ok()
        }
        _ => None,
    };
    if known == Some(true) {
        return Ok(());
    }
    if mediation::is_useless(error.code, known) {
        browser::signal_unknown(&options.public_key, &credential_id);
    }
    Err(error.message)
}
