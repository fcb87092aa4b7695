//! What a press does, from top to bottom.

use std::{cell::RefCell, rc::Rc, time::Duration};

use futures::future::{FutureExt, LocalBoxFuture, Shared};
use leptos::prelude::set_timeout_with_handle;

use super::{
    Place,
    browser::{self, Credential},
    control::Control,
    ladder::{self, Answer, Ask, Browser, Failure, Step},
    prefetch,
};
use crate::api::{
    AccountName, Added, Code, Options, PublicError, Signals, SignedIn,
    ceremonies::{
        dismiss_offer, finish_addition, finish_proof, finish_sign_in, finish_sign_up,
        knows_passkey, sign_in_with_password, signalled, start_addition, start_proof,
        start_sign_in, start_sign_up,
    },
    with_next,
};

/// Climbs the ladder until the visitor is signed in, at the form, or told why
/// not.
pub(super) async fn press(place: Place, next: String, control: Control) {
    let mut step = ladder::first(capabilities().await, place);
    let mut unanswered = None;
    while let Step::Ask(ask) | Step::AskAgain(ask) = step {
        let options = match unanswered.take() {
            Some(options) => Ok(options),
            None => prefetch::take().await,
        };
        let options = match options {
            Ok(options) => options,
            Err(error) => return control.say(error.message),
        };
        // One request at a time: the form's autofill makes room.
        browser::end_pending();
        let credential = browser::get(ask, &options.public_key).await;
        step = ladder::next(ask, credential.answer(), matches!(step, Step::AskAgain(_)));
        if let Step::VerifyPasskey | Step::CheckPassword = step {
            return finish(credential, &options, &next, control).await;
        }
        unanswered = Some(options);
    }
    match step {
        Step::ToForm => return browser::go(&with_next("/sign-in", &next)),
        Step::Say(sentence) => control.say(sentence),
        _ => {}
    }
    rearm_autofill();
}

/// Lets the server decide, and goes on to `next` once signed in.
async fn finish(credential: Credential, asked: &Options, next: &str, control: Control) {
    prefetch::pause();
    let signed_in = match credential {
        Credential::Passkey(json) => finish_sign_in(json).await,
        Credential::Password { username, password } => {
            sign_in_with_password(username, password).await
        }
        Credential::None(_) => return,
    };
    match signed_in {
        Ok(SignedIn::Done(_)) => browser::go(next),
        Ok(SignedIn::PasskeyToo) => browser::go(&with_next("/second-factor", next)),
        Err(error) => {
            prefetch::resume();
            say_refusal(&error, asked, control);
            rearm_autofill();
        }
    }
}

fn say_refusal(error: &PublicError, asked: &Options, control: Control) {
    let (sentence, signal) = ladder::refused(error, browser::can_signal_unknown());
    if let Some(id) = error.credential_id.as_deref().filter(|_| signal) {
        browser::signal_unknown(&asked.public_key, id);
    }
    control.say(sentence);
}

/// Asks for a passkey in the background of the form on `/sign-in`.
pub(super) fn arm_autofill(next: String, control: Control) {
    let arm = move || leptos::task::spawn_local(autofill(next.clone(), control));
    arm();
    AUTOFILL.set(Some(Rc::new(arm)));
}

thread_local! {
    /// Arms the autofill again: after another request ended without leading away,
    /// and before its challenge ends.
    static AUTOFILL: RefCell<Option<Rc<dyn Fn()>>> = const { RefCell::new(None) };
    static CAPABILITIES: Shared<LocalBoxFuture<'static, Browser>> =
        browser::capabilities().boxed_local().shared();
}

fn rearm_autofill() {
    if let Some(arm) = AUTOFILL.with_borrow(Clone::clone) {
        arm();
    }
}

async fn autofill(next: String, control: Control) {
    let Step::Ask(ask @ Ask::Conditional) = ladder::first(capabilities().await, Place::Autofill)
    else {
        return;
    };
    // Without an answer from the server there is no autofill, and the form is
    // none the worse for it.
    let Ok(options) = start_sign_in().await else {
        return;
    };
    let renewal = set_timeout_with_handle(rearm_autofill, prefetch::FRESH);
    let credential = browser::get(ask, &options.public_key).await;
    if let Ok(renewal) = renewal {
        renewal.clear();
    }
    if ladder::next(ask, credential.answer(), false) == Step::VerifyPasskey {
        finish(credential, &options, &next, control).await;
    }
}

/// Creates a passkey and the account that goes with it. Gives back what was
/// wrong before the browser was asked at all.
pub(super) async fn sign_up(name: AccountName, next: String, control: Control) -> Option<Code> {
    let options = match start_sign_up(name.username, name.display_name).await {
        Ok(options) => options,
        Err(error) => {
            control.say(error.message);
            return Some(error.code);
        }
    };
    let created = match browser::create(&options.public_key, false).await {
        Ok(created) => created,
        Err(failure) => {
            control.say(ladder::not_created(failure));
            return None;
        }
    };
    prefetch::pause();
    match finish_sign_up(created.json).await {
        Ok(_) => browser::go(&next),
        Err(error) => {
            control.say(not_registered(error, &options, created.id).await);
            prefetch::resume();
        }
    }
    None
}

/// What to say of a created passkey that the server did not take. It opens nothing, so the
/// password manager need not keep it; unless only the answer was lost.
async fn not_registered(error: PublicError, options: &Options, credential_id: String) -> String {
    let known = match error.code {
        Code::Unreachable => knows_passkey(credential_id.clone()).await.ok(),
        _ => None,
    };
    if known == Some(true) {
        return "Your passkey was created, but the answer got lost. Please sign in with it.".into();
    }
    if ladder::is_useless(error.code, known) {
        browser::signal_unknown(&options.public_key, &credential_id);
    }
    error.message
}

/// Asks for a passkey of this account, in the browser's dialog (modal), and goes on.
pub(super) async fn prove(next: String, control: Control) {
    let options = match start_proof().await {
        Ok(options) => options,
        // The password was too long ago.
        Err(error) if error.code == Code::SignInRequired => {
            return browser::go(&with_next("/sign-in", &next));
        }
        Err(error) => return control.say(error.message),
    };
    browser::end_pending();
    let credential = match browser::get(Ask::Modal, &options.public_key).await {
        Credential::Passkey(json) => json,
        Credential::None(Answer::Failed(failure)) => {
            return control.say(ladder::not_proved(failure));
        }
        _ => return control.say(ladder::not_proved(Failure::Other)),
    };
    prefetch::pause();
    match finish_proof(credential).await {
        Ok(()) => browser::go(&next),
        Err(error) => {
            prefetch::resume();
            say_refusal(&error, &options, control);
        }
    }
}

/// Adds a passkey to the account, in the browser's dialog. `announce`: whether the next page
/// is to say so.
pub(super) async fn add(announce: bool, control: Control) -> Option<Added> {
    let options = match start_addition(false).await {
        Ok(options) => options,
        Err(error) if error.code == Code::ProofRequired && announce => {
            browser::go(&with_next("/confirm", "/account/passkeys/new"));
            return None;
        }
        // On other pages, what was typed would be lost on the way to confirm.
        Err(error) if error.code == Code::ProofRequired => {
            control.say("You signed in a while ago. Please add a passkey on your account page.");
            return None;
        }
        Err(error) => {
            control.say(error.message);
            return None;
        }
    };
    browser::end_pending();
    match browser::create(&options.public_key, false).await {
        Ok(created) => match finish_addition(created.json, announce).await {
            Ok(added) => return Some(tell(added)),
            Err(error) => control.say(not_registered(error, &options, created.id).await),
        },
        Err(failure) => control.say(ladder::not_created(failure)),
    }
    None
}

/// How long the browser may take to create a passkey by itself. It can wait for ever, and
/// nothing else could be asked for meanwhile.
const PATIENCE: Duration = Duration::from_secs(20);

/// Lets the browser create a passkey by itself. Whatever fails, fails silently: nobody
/// asked for it.
pub(super) async fn add_automatically() -> Option<Added> {
    let options = start_addition(true).await.ok()?;
    let end = set_timeout_with_handle(browser::end_pending, PATIENCE);
    let created = browser::create(&options.public_key, true).await;
    if let Ok(end) = end {
        end.clear();
    }
    let created = created.ok()?;
    match finish_addition(created.json, false).await {
        Ok(added) => Some(tell(added)),
        Err(error) => {
            not_registered(error, &options, created.id).await;
            None
        }
    }
}

fn tell(added: Added) -> Added {
    if let Some(signals) = added.signals.clone() {
        leptos::task::spawn_local(signal(signals));
    }
    added
}

/// "Not now". If the server does not hear it, the person is asked again some day.
pub(super) async fn dismiss() {
    let _ = dismiss_offer().await;
}

/// Tells the password manager about the account's passkeys, then the server that this was
/// done: without an answer, the next page tells it again.
pub(super) async fn signal(signals: Signals) {
    browser::signal_account(&signals).await;
    let _ = signalled(signals.version).await;
}

pub(super) fn go(path: &str) {
    browser::go(path);
}

/// What this browser says of itself.
pub(super) async fn support() -> Vec<(&'static str, ladder::Support)> {
    browser::support().await
}

/// What this browser can do; asked once.
pub(super) async fn capabilities() -> Browser {
    CAPABILITIES.with(Clone::clone).await
}
