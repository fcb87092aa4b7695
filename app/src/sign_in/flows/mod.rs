//! What a press does, one flow a file.

mod addition;
mod autofill;
mod automatic;
mod federation;
mod password_form;
pub(super) mod press;
mod reauthentication;
mod sign_up;
mod upkeep;

use futures::future::{FutureExt, LocalBoxFuture, Shared};
use web_sys::HtmlFormElement;

pub(super) use self::{
    addition::{add, add_automatically, dismiss},
    autofill::arm_autofill,
    federation::{federate, has_fedcm, nonce},
    password_form::{saves_passwords, submit},
    press::press,
    reauthentication::reauthenticate,
    sign_up::sign_up,
    upkeep::{fill_in_support, keep_up},
};
use super::{browser, mediation::Browser};

thread_local! {
    static CAPABILITIES: Shared<LocalBoxFuture<'static, Browser>> =
        browser::capabilities().boxed_local().shared();
}

/// What this browser can do, which it is asked once.
pub(in crate::sign_in) async fn capabilities() -> Browser {
    CAPABILITIES.with(Clone::clone).await
}

/// Moves the focus to the page's content, when what had it is gone.
pub(in crate::sign_in) fn focus_page() {
    browser::focus("main");
}

/// What was entered into a field of a form.
pub(in crate::sign_in) fn entry(form: &HtmlFormElement, name: &str) -> Option<String> {
    browser::entry(form, name)
}

/// Goes to a path and query of this shop.
pub(in crate::sign_in) fn go(path: &str) {
    browser::go(path);
}
