//! What a press does, from top to bottom.

use std::{cell::RefCell, rc::Rc};

use futures::future::{FutureExt, LocalBoxFuture, Shared};
use leptos::prelude::set_timeout_with_handle;

use super::{
    Place,
    browser::{self, Credential},
    control::Control,
    ladder::{self, Ask, Browser, Step},
    prefetch,
};
use crate::api::{
    AccountName, Code, Options, PublicError,
    ceremonies::{
        finish_sign_in, finish_sign_up, sign_in_with_password, start_sign_in, start_sign_up,
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
            return finish(credential, &next, control).await;
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
async fn finish(credential: Credential, next: &str, control: Control) {
    prefetch::pause();
    let signed_in = match credential {
        Credential::Passkey(json) => finish_sign_in(json).await,
        Credential::Password { username, password } => {
            sign_in_with_password(username, password).await
        }
        Credential::None(_) => return,
    };
    match signed_in {
        Ok(_) => browser::go(next),
        Err(error) => {
            prefetch::resume();
            say_refusal(&error, control).await;
            rearm_autofill();
        }
    }
}

async fn say_refusal(error: &PublicError, control: Control) {
    let (sentence, signal) = ladder::refused(error, browser::can_signal_unknown());
    if let Some(id) = error.credential_id.as_deref().filter(|_| signal) {
        browser::signal_unknown(id).await;
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
    let Ok(Options { public_key }) = start_sign_in().await else {
        return;
    };
    let renewal = set_timeout_with_handle(rearm_autofill, prefetch::FRESH);
    let credential = browser::get(ask, &public_key).await;
    if let Ok(renewal) = renewal {
        renewal.clear();
    }
    if ladder::next(ask, credential.answer(), false) == Step::VerifyPasskey {
        finish(credential, &next, control).await;
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
    let created = match browser::create(&options.public_key).await {
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
            if ladder::is_useless(error.code) {
                browser::signal_unknown(&created.id).await;
            }
            prefetch::resume();
            control.say(error.message);
        }
    }
    None
}

/// What this browser can do; asked once.
pub(super) async fn capabilities() -> Browser {
    CAPABILITIES.with(Clone::clone).await
}
