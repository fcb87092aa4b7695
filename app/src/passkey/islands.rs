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
    ladder::{self, Bringing, Browser, Step, Support, UNSUPPORTED},
    prefetch,
};
use crate::api::{AccountName, Added, Code, Offer, Signals, with_next};

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
            if flow::add(true, control).await.is_some() {
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
    view! {
        <div class="passkey" data-busy=move || control.busy.get().then_some("")>
            <div
                class="passkey-control"
                hidden=move || control.unsupported.get()
                on:click=on_press
            >
                {children()}
            </div>
            <Status control form=None/>
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
            if let Some(new) = flow::add(false, control).await {
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
                <Status control form=None/>
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

/// What this browser can do, and what a press would do in it. Until it has been asked, and
/// without JavaScript: nothing is known, and a press follows its link.
#[island]
pub fn BrowserSupport() -> impl IntoView {
    let rung = |browser| PRESSES.map(|(press, place)| (press, ladder::first(browser, place)));
    let rungs = RwSignal::new(rung(Browser::default()));
    let support = RwSignal::new(ladder::unknown_support());
    Effect::new(move |_| {
        leptos::task::spawn_local(async move {
            rungs.set(rung(flow::capabilities().await));
            support.set(flow::support().await);
        });
    });
    let press = |(press, step)| view! { <li><strong>{press}</strong> " " {ladder::in_words(step)} "."</li> };
    let row = |(name, support)| {
        let word = match support {
            Support::Available => "available",
            Support::Absent => "absent",
            Support::Unknown => "unknown",
        };
        view! { <tr data-support=word><th scope="row"><code>{name}</code></th><td>{word}</td></tr> }
    };
    view! {
        <ul class="rungs">{move || rungs.get().map(press).collect_view()}</ul>
        <table class="support">
            <caption>"What this browser says of itself"</caption>
            <tbody>{move || support.get().into_iter().map(row).collect_view()}</tbody>
        </table>
    }
}

const PRESSES: [(&str, Place); 4] = [
    ("“Sign in” and “Check out”", Place::Header),
    ("“Sign in with a passkey”", Place::OneButton),
    ("“Use a passkey from another device”", Place::OtherDevice),
    ("The username field", Place::Autofill),
];

/// Tells the browser's password manager about the account's passkeys.
#[island]
pub fn PasskeySignals(signals: Signals) -> impl IntoView {
    Effect::new(move |_| leptos::task::spawn_local(flow::signal(signals.clone())));
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
