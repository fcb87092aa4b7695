//! Passkeys in the autofill of the form on `/sign-in`.

use std::{cell::RefCell, rc::Rc};

use leptos::prelude::set_timeout_with_handle;

use super::{capabilities, press::finish};
use crate::{
    api::{Next, StartSignIn},
    sign_in::{
        Place, browser, client,
        islands::Progress,
        mediation::{self, Ask, Step},
        prefetch,
    },
};

/// Asks for a passkey in the background of the form on `/sign-in` (WebAuthn L3 §5.1.4, conditional
/// mediation), until the page is left.
pub(in crate::sign_in) fn arm_autofill(next: Next, progress: Progress) {
    let arm = move || leptos::task::spawn_local(autofill(next.clone(), progress));
    arm();
    AUTOFILL.set(Some(Rc::new(arm)));
}

thread_local! {
    /// Arms the autofill again: after another request ended without leading away,
    /// and before its challenge ends.
    static AUTOFILL: RefCell<Option<Rc<dyn Fn()>>> = const { RefCell::new(None) };
}

/// Asks for a passkey in the background again, where the page does.
pub(super) fn rearm_autofill() {
    if let Some(arm) = AUTOFILL.with_borrow(Clone::clone) {
        arm();
    }
}

async fn autofill(next: Next, progress: Progress) {
    let Step::Ask(ask @ Ask::Conditional) = mediation::first(capabilities().await, Place::Autofill)
    else {
        return;
    };
    // Without an answer from the server there is no autofill, and the form is
    // none the worse for it.
    let Ok(options) = client::call(StartSignIn {}).await else {
        return;
    };
    let renewal = set_timeout_with_handle(rearm_autofill, prefetch::FRESH);
    let credential = browser::get(ask, &options.public_key, &[]).await;
    if let Ok(renewal) = renewal {
        renewal.clear();
    }
    if mediation::next(ask, credential.answer(), false) == Step::VerifyPasskey {
        finish(credential, &options, &next, progress).await;
    }
}
