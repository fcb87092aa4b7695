//! The controls. Each is wrapped around plain links and forms, which do their
//! work until the wasm has arrived, and without it.

use leptos::{
    ev::{MouseEvent, SubmitEvent},
    prelude::*,
    wasm_bindgen::JsCast,
};
use web_sys::{HtmlButtonElement, HtmlFormElement, HtmlInputElement};

use super::{
    Place,
    control::Control,
    flow,
    ladder::{self, Step, UNSUPPORTED},
    prefetch,
};
use crate::api::{AccountName, Code, with_next};

/// A press that tries passkeys first. `next`: where to go once signed in. The
/// children hold the link that is followed without JavaScript.
#[island]
pub fn PasskeyPress(place: Place, next: String, children: Children) -> impl IntoView {
    let control = Control::new();
    let wrapper = NodeRef::<leptos::html::Div>::new();
    Effect::new(move |_| check_support(place, control));

    let form = with_next("/sign-in", &next);
    let intend = move || prefetch_while_wanted(place, wrapper);
    let press = move |event: MouseEvent| {
        if is_plain(&event) {
            event.prevent_default();
            control.run(flow::press(place, next.clone(), control));
        }
    };
    view! {
        <div
            class="passkey"
            data-busy=move || control.busy.get().then_some("")
        >
            <div
                class="passkey-control"
                node_ref=wrapper
                hidden=move || control.unsupported.get()
                on:pointerenter=move |_| intend()
                on:focusin=move |_| intend()
                on:touchstart=move |_| intend()
                on:click=press
            >
                {children()}
            </div>
            <Status control form=place.is_passing().then_some(form)/>
        </div>
    }
}

/// Offers passkeys in the autofill of the username field, from the moment the
/// page has loaded.
#[island]
pub fn PasskeyAutofill(next: String) -> impl IntoView {
    let control = Control::new();
    Effect::new(move |_| flow::arm_autofill(next.clone(), control));
    view! {
        <div class="passkey">
            <Status control form=None/>
        </div>
    }
}

/// Wraps the form of `/sign-up`: its button "… with a passkey" creates one.
#[island]
pub fn PasskeySignUp(next: String, children: Children) -> impl IntoView {
    let control = Control::new();
    Effect::new(move |_| check_support(Place::OtherDevice, control));
    let submit = move |event: SubmitEvent| {
        let Some((form, name)) = passkey_form(&event) else {
            return;
        };
        event.prevent_default();
        let next = next.clone();
        control.run(async move {
            let refused = flow::sign_up(name, next, control).await;
            // The server says what is wrong with the names, next to each of them.
            if refused.is_some_and(Code::is_about_names) {
                let _ = form.submit();
            }
        });
    };
    view! {
        <div
            class="passkey"
            data-busy=move || control.busy.get().then_some("")
            data-unsupported=move || control.unsupported.get().then_some("")
            on:submit=submit
        >
            {children()}
            <Status control form=None/>
        </div>
    }
}

/// What the ceremony has to say, for eyes and screen readers.
#[component]
fn Status(control: Control, form: Option<String>) -> impl IntoView {
    let link = move || {
        let form = form.clone().filter(|_| !control.message.get().is_empty());
        form.map(|form| view! { " " <a href=form>"Sign in with a form"</a> })
    };
    view! {
        <p class="passkey-status" role="status" aria-live="polite">
            {move || control.message.get()} {link}
        </p>
    }
}

/// Says so when the place has nothing to offer in this browser.
fn check_support(place: Place, control: Control) {
    leptos::task::spawn_local(async move {
        if ladder::first(flow::capabilities().await, place) == Step::Say(UNSUPPORTED) {
            control.unsupported.set(true);
            control.say(UNSUPPORTED);
        }
    });
}

/// Fetches options where a press would ask for something, and renews them for as
/// long as the pointer or the focus stays.
fn prefetch_while_wanted(place: Place, wrapper: NodeRef<leptos::html::Div>) {
    leptos::task::spawn_local(async move {
        if let Step::Ask(_) = ladder::first(flow::capabilities().await, place)
            && prefetch::begin()
        {
            let renew = move || {
                if is_wanted(wrapper) {
                    prefetch_while_wanted(place, wrapper);
                }
            };
            set_timeout(renew, prefetch::FRESH);
        }
    });
}

fn is_wanted(wrapper: NodeRef<leptos::html::Div>) -> bool {
    let wrapper = wrapper.get_untracked();
    wrapper.is_some_and(|wrapper| wrapper.matches(":hover, :focus-within") == Ok(true))
}

/// A press that would follow the link here: not one that opens a new tab.
fn is_plain(event: &MouseEvent) -> bool {
    let changed = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
    event.button() == 0 && !changed && !event.default_prevented()
}

/// The form and the names in it, if it was submitted for a passkey.
fn passkey_form(event: &SubmitEvent) -> Option<(HtmlFormElement, AccountName)> {
    let form: HtmlFormElement = event.target()?.dyn_into().ok()?;
    let button: HtmlButtonElement = event.submitter()?.dyn_into().ok()?;
    let entered = |name| {
        let input = form.elements().named_item(name)?.dyn_into::<HtmlInputElement>().ok()?;
        Some(input.value())
    };
    // Enter in any field presses the first button; a password says what was meant.
    if button.value() != "passkey" || !entered("password")?.is_empty() {
        return None;
    }
    let name =
        AccountName { username: entered("username")?, display_name: entered("display_name")? };
    Some((form.clone(), name))
}
