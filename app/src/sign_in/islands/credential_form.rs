//! A form with a password, for signing in, signing up or a new password.

use leptos::{ev::SubmitEvent, prelude::*, wasm_bindgen::JsCast};
use serde::{Deserialize, Serialize};
use web_sys::{HtmlButtonElement, HtmlFormElement};

use super::{Progress, check_support, progress::Status};
use crate::{
    api::{AccountName, Code, Next},
    sign_in::{Place, flows},
};

/// What a form with a password is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// Signing in. Passkeys are offered in the autofill of the username field, from the moment the
    /// page has loaded.
    SignIn,
    /// A new account. The button "… with a passkey" creates one instead of posting the form.
    SignUp,
    /// A new password of an account.
    NewPassword,
}

/// A form with a password, which the browser may save once it was right. The children hold the
/// form; `next` is where to go once a passkey was used instead.
#[island]
pub fn CredentialForm(purpose: Purpose, next: Next, children: Children) -> impl IntoView {
    let progress = Progress::new();
    let onward = next.clone();
    Effect::new(move |_| match purpose {
        Purpose::SignIn => flows::arm_autofill(onward.clone(), progress),
        Purpose::SignUp => check_support(Place::OtherDevice, progress),
        Purpose::NewPassword => {}
    });
    let submit = move |event: SubmitEvent| {
        let Some((form, name)) = passkey_form(&event) else {
            return submit_password(&event, progress);
        };
        event.prevent_default();
        let next = next.clone();
        progress.run(async move {
            let refused = flows::sign_up(name, next, progress).await;
            // The server says what is wrong with the names, next to each of them.
            if refused.is_some_and(Code::is_about_names) {
                let _ = form.submit();
            }
        });
    };
    view! {
        <div
            class="passkey"
            data-busy=move || progress.busy.get().then_some("")
            data-unsupported=move || progress.unsupported.get().then_some("")
            on:submit=submit
        >
            {children()}
            <Status progress link=None/>
        </div>
    }
}

/// Posts a form with a password in it, where the browser could save that.
fn submit_password(event: &SubmitEvent, progress: Progress) {
    let form = event.target().and_then(|form| form.dyn_into::<HtmlFormElement>().ok());
    let entered = |form: &HtmlFormElement| flows::entry(form, "password");
    let Some(form) = form.filter(|form| entered(form).is_some_and(|typed| !typed.is_empty()))
    else {
        return;
    };
    if flows::saves_passwords() {
        event.prevent_default();
        progress.run(flows::submit(form, progress));
    }
}

/// The form that was submitted and the names in it, if it was submitted for a passkey.
fn passkey_form(event: &SubmitEvent) -> Option<(HtmlFormElement, AccountName)> {
    let form: HtmlFormElement = event.target()?.dyn_into().ok()?;
    let button: HtmlButtonElement = event.submitter()?.dyn_into().ok()?;
    let entered = |name| flows::entry(&form, name);
    // Enter in any field presses the first button; a password says what was meant.
    if button.value() != "passkey" || !entered("password")?.is_empty() {
        return None;
    }
    let name =
        AccountName { username: entered("username")?, display_name: entered("display_name")? };
    Some((form.clone(), name))
}
