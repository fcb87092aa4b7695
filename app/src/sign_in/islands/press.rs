//! "Sign in", "Check out" and their like.

use leptos::{ev::MouseEvent, prelude::*};

use super::{Progress, check_support, is_plain, progress::Status};
use crate::{
    api::{Next, Route},
    sign_in::{
        Place, flows,
        mediation::{self, Step},
        prefetch,
    },
};

/// A press that signs in, passkeys first. `next` is where to go once signed in; `origins` are those
/// of the providers that the browser may remember. The children hold the link that is followed
/// without JavaScript.
#[island]
pub fn PasskeyPress(
    place: Place,
    origins: Vec<String>,
    next: Next,
    children: Children,
) -> impl IntoView {
    let progress = Progress::new();
    let wrapper = NodeRef::<leptos::html::Div>::new();
    Effect::new(move |_| check_support(place, progress));

    let form = Route::SignIn.with_next(&next);
    let intend = move || prefetch_while_wanted(place, wrapper);
    let press = move |event: MouseEvent| {
        if is_plain(&event) {
            event.prevent_default();
            progress.run(flows::press(place, origins.clone(), next.clone(), progress));
        }
    };
    view! {
        <div
            class="passkey"
            data-busy=move || progress.busy.get().then_some("")
        >
            <div
                class="passkey-control"
                node_ref=wrapper
                hidden=move || progress.unsupported.get()
                on:pointerenter=move |_| intend()
                on:focusin=move |_| intend()
                on:touchstart=move |_| intend()
                on:click=press
            >
                {children()}
            </div>
            <Status progress link=place.is_passing().then_some((form, "Sign in with a form".to_owned()))/>
        </div>
    }
}

/// Fetches options where a press would ask for something, and renews them for as
/// long as the pointer or the focus stays.
fn prefetch_while_wanted(place: Place, wrapper: NodeRef<leptos::html::Div>) {
    leptos::task::spawn_local(async move {
        if let Step::Ask(ask) = mediation::first(flows::capabilities().await, place)
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
