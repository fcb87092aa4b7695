//! The controls. They are wrapped around plain links and forms, which do their work until the
//! wasm has arrived, and without it. Where there is no plain way, a button waits for the wasm.

use std::{cell::RefCell, rc::Rc};

use leptos::{
    ev::{MouseEvent, SubmitEvent},
    prelude::*,
    wasm_bindgen::JsCast,
};
use serde::{Deserialize, Serialize};
use web_sys::{HtmlButtonElement, HtmlFormElement};

use super::{
    Place,
    control::Control,
    flow,
    ladder::{self, Bringing, Step, UNSUPPORTED},
    prefetch::{self, Prefetched},
};
use crate::api::{AccountName, Added, Code, FedCm, Offer, Upkeep, with_next};

/// A press that tries passkeys first. `next`: where to go once signed in; `origins`: of the
/// providers that the browser may remember. The children hold the link that is followed
/// without JavaScript.
#[island]
pub fn PasskeyPress(
    place: Place,
    origins: Vec<String>,
    next: String,
    children: Children,
) -> impl IntoView {
    let control = Control::new();
    let wrapper = NodeRef::<leptos::html::Div>::new();
    Effect::new(move |_| check_support(place, control));

    let form = with_next("/sign-in", &next);
    let intend = move || prefetch_while_wanted(place, wrapper);
    let press = move |event: MouseEvent| {
        if is_plain(&event) {
            event.prevent_default();
            control.run(flow::press(place, origins.clone(), next.clone(), control));
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
            <Status control link=place.is_passing().then_some((form, "Sign in with a form".to_owned()))/>
        </div>
    }
}

/// A press on a provider's button, where the browser can ask for the provider's token itself
/// (FedCM). The children hold the link that is followed where it cannot.
#[island]
pub fn ProviderPress(
    provider: String,
    fedcm: FedCm,
    next: String,
    /// Where the link leads, and to whom.
    link: (String, String),
    children: Children,
) -> impl IntoView {
    let control = Control::new();
    // Fetched before the press, which is good for a few seconds only. Nothing that Leptos
    // keeps for this thread: the server ends a page on whatever thread is free.
    let nonce = Rc::new(RefCell::new(None::<Prefetched<String>>));
    let (id, fetched) = (provider.clone(), nonce.clone());
    let intend = move || {
        let fresh = fetched.borrow().as_ref().is_some_and(Prefetched::is_fresh);
        if !fresh && flow::has_fedcm() {
            fetched.replace(Some(Prefetched::begin(flow::nonce(id.clone()))));
        }
    };
    let (hover, focus, touch, fetch) = (intend.clone(), intend.clone(), intend.clone(), intend);
    let press = move |event: MouseEvent| {
        if !is_plain(&event) || !flow::has_fedcm() {
            return;
        }
        event.prevent_default();
        fetch();
        // Good for one token.
        let Some(fetched) = nonce.take() else {
            return;
        };
        let (provider, fedcm, next) = (provider.clone(), fedcm.clone(), next.clone());
        control.run(flow::federate(provider, fedcm, fetched.fetch, next, control));
    };
    view! {
        <div class="passkey" data-busy=move || control.busy.get().then_some("")>
            <div
                class="passkey-control"
                on:pointerenter=move |_| hover()
                on:focusin=move |_| focus()
                on:touchstart=move |_| touch()
                on:click=press
            >
                {children()}
            </div>
            <Status control link=Some(link)/>
        </div>
    }
}

/// What a form with a password is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// Passkeys are offered in the autofill of its username field, from the moment the page
    /// has loaded.
    SignIn,
    /// Its button "… with a passkey" creates one instead.
    SignUp,
    NewPassword,
}

/// Wraps a form with a password, which the browser may save once it was right.
#[island]
pub fn CredentialForm(purpose: Purpose, next: String, children: Children) -> impl IntoView {
    let control = Control::new();
    let onward = next.clone();
    Effect::new(move |_| match purpose {
        Purpose::SignIn => flow::arm_autofill(onward.clone(), control),
        Purpose::SignUp => check_support(Place::OtherDevice, control),
        Purpose::NewPassword => {}
    });
    let submit = move |event: SubmitEvent| {
        let Some((form, name)) = passkey_form(&event) else {
            return submit_password(&event, control);
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
            <Status control link=None/>
        </div>
    }
}

/// A press that asks for a passkey of this account and goes to `next`: a fresh proof, or
/// the second factor. The children hold the button.
#[island]
pub fn PasskeyProof(next: String, children: Children) -> impl IntoView {
    let control = Control::new();
    Effect::new(move |_| check_support(Place::OtherDevice, control));
    let press = move |_: MouseEvent| control.run(flow::prove(next.clone(), control));
    view! { <Ceremony control on_press=press>{children()}</Ceremony> }
}

/// A press that adds a passkey to the account and goes to `next`. The children hold the
/// button.
#[island]
pub fn PasskeyAddition(next: String, children: Children) -> impl IntoView {
    let control = Control::new();
    Effect::new(move |_| check_support(Place::OtherDevice, control));
    let press = move |_: MouseEvent| {
        let next = next.clone();
        control.run(async move {
            if flow::add(true, false, control).await.is_some() {
                flow::go(&next);
            }
        });
    };
    view! { <Ceremony control on_press=press>{children()}</Ceremony> }
}

/// A button's ceremony, and what it has to say.
#[component]
fn Ceremony(
    control: Control,
    on_press: impl Fn(MouseEvent) + 'static,
    children: Children,
) -> impl IntoView {
    // There is nothing to fall back on: a press before anything listens would be lost.
    let ready = RwSignal::new(false);
    Effect::new(move |_| ready.set(true));
    view! {
        <div class="passkey" data-busy=move || control.busy.get().then_some("")>
            <fieldset
                class="passkey-control"
                role="presentation"
                disabled=move || !ready.get()
                hidden=move || control.unsupported.get()
                on:click=on_press
            >
                {children()}
            </fieldset>
            <Status control link=None/>
        </div>
    }
}

/// After a sign-in without a passkey of this device: lets the browser create one by
/// itself, or asks. Lies over the page, so that nothing moves.
#[island]
pub fn PasskeyOffer(offer: Offer, here: String) -> impl IntoView {
    let control = Control::new();
    let asking = RwSignal::new(false);
    let added = RwSignal::new(None::<Added>);
    let link = NodeRef::<leptos::html::A>::new();
    Effect::new(move |_| {
        leptos::task::spawn_local(async move {
            match ladder::bring_up(flow::capabilities().await, offer) {
                Bringing::Automatically => match flow::add_automatically().await {
                    Some(new) => added.set(Some(new)),
                    None => asking.set(offer == Offer::Automatic),
                },
                Bringing::Ask => asking.set(true),
                Bringing::Nothing => {}
            }
        });
    });
    let press = move |_: MouseEvent| {
        control.run(async move {
            if let Some(new) = flow::add(false, offer == Offer::ThisDevice, control).await {
                asking.set(false);
                added.set(Some(new));
                // The button that had the focus is gone.
                request_animation_frame(move || {
                    let _ = link.get_untracked().map(|link| link.focus());
                });
            }
        });
    };
    // Without leaving the page, where something may have been typed.
    let dismiss = move |event: SubmitEvent| {
        event.prevent_default();
        asking.set(false);
        // The button that had the focus is gone.
        flow::focus_page();
        leptos::task::spawn_local(flow::dismiss());
    };
    let (title, why) = match offer {
        Offer::ThisDevice => (
            "Create a passkey on this device",
            "Next time you sign in here without reaching for your other device.",
        ),
        _ => (
            "Create a passkey",
            "Sign in with your fingerprint, your face or your PIN next time, and nothing to type.",
        ),
    };
    view! {
        <aside class="offers" aria-label="Passkey" aria-live="polite">
            <div
                class="offer"
                hidden=move || !asking.get()
                data-busy=move || control.busy.get().then_some("")
            >
                <p class="offer-title">{title}</p>
                <p class="offer-why">{why}</p>
                <div class="offer-ways">
                    <button type="button" class="button" on:click=press>"Create a passkey"</button>
                    <form method="post" action="/account/offer/dismiss" on:submit=dismiss>
                        <input type="hidden" name="next" value=here/>
                        <button class="quiet">"Not now"</button>
                    </form>
                </div>
                <Status control link=Some(("/account/passkeys/new".to_owned(), "Add it on your account page".to_owned()))/>
            </div>
            {move || added.get().map(|added| view! {
                <p class="offer offer-done">
                    {saved(added)}
                    <a href="/account#passkeys" node_ref=link>"See your passkeys"</a>
                </p>
            })}
        </aside>
    }
}

fn saved(Added { provider, .. }: Added) -> String {
    match provider {
        Some(provider) => format!("A passkey was saved in {provider}. "),
        None => "A passkey was saved. ".to_owned(),
    }
}

/// Fills in what this browser can do, and what a press would do in it. The children hold it
/// as it is before the browser has been asked, and without JavaScript.
#[island]
pub fn BrowserSupport(children: Children) -> impl IntoView {
    let wrapper = NodeRef::<leptos::html::Div>::new();
    Effect::new(move |_| {
        leptos::task::spawn_local(async move {
            if let Some(wrapper) = wrapper.get_untracked() {
                flow::fill_in_support(&wrapper).await;
            }
        });
    });
    view! { <div node_ref=wrapper>{children()}</div> }
}

/// What a page tells and asks the browser by itself.
#[island]
pub fn BrowserUpkeep(upkeep: Upkeep) -> impl IntoView {
    Effect::new(move |_| leptos::task::spawn_local(flow::keep_up(upkeep.clone())));
}

/// What the ceremony has to say, for eyes and screen readers.
#[component]
fn Status(control: Control, link: Option<(String, String)>) -> impl IntoView {
    let link = move || {
        let link = link.clone().filter(|_| !control.message.get().is_empty());
        link.map(|(to, words)| view! { " " <a href=to>{words}</a> })
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
        if let Step::Ask(ask) = ladder::first(flow::capabilities().await, place)
            && ask.is_for_passkeys()
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

/// Posts a form with a password in it, where the browser could save that.
fn submit_password(event: &SubmitEvent, control: Control) {
    let form = event.target().and_then(|form| form.dyn_into::<HtmlFormElement>().ok());
    let entered = |form: &HtmlFormElement| flow::entry(form, "password");
    let Some(form) = form.filter(|form| entered(form).is_some_and(|typed| !typed.is_empty()))
    else {
        return;
    };
    if flow::saves_passwords() {
        event.prevent_default();
        control.run(flow::submit(form, control));
    }
}

/// The form and the names in it, if it was submitted for a passkey.
fn passkey_form(event: &SubmitEvent) -> Option<(HtmlFormElement, AccountName)> {
    let form: HtmlFormElement = event.target()?.dyn_into().ok()?;
    let button: HtmlButtonElement = event.submitter()?.dyn_into().ok()?;
    let entered = |name| flow::entry(&form, name);
    // Enter in any field presses the first button; a password says what was meant.
    if button.value() != "passkey" || !entered("password")?.is_empty() {
        return None;
    }
    let name =
        AccountName { username: entered("username")?, display_name: entered("display_name")? };
    Some((form.clone(), name))
}
