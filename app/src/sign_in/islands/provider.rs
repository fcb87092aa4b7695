//! A provider's button.

use std::{cell::RefCell, rc::Rc};

use leptos::{ev::MouseEvent, prelude::*};

use super::{Progress, is_plain, progress::Status};
use crate::{
    api::{FedCm, Next},
    sign_in::{flows, prefetch::Prefetched},
};

/// A press on a provider's button, where the browser can ask for the provider's token itself
/// (FedCM). The children hold the link that is followed where it cannot.
#[island]
pub fn ProviderPress(
    /// The path where a nonce is asked for.
    nonce: String,
    /// The path where the token goes.
    token: String,
    fedcm: FedCm,
    next: Next,
    /// Where else to go if no token comes, and in what words.
    link: (String, String),
    children: Children,
) -> impl IntoView {
    let progress = Progress::new();
    // Fetched before the press, which is good for a few seconds only. Nothing that Leptos
    // keeps for this thread: the server ends a page on whatever thread is free.
    let prefetched = Rc::new(RefCell::new(None::<Prefetched<String>>));
    let fetched = prefetched.clone();
    let intend = move || {
        let fresh = fetched.borrow().as_ref().is_some_and(Prefetched::is_fresh);
        if !fresh && flows::has_fedcm() {
            fetched.replace(Some(Prefetched::begin(flows::nonce(nonce.clone()))));
        }
    };
    let (hover, focus, touch, fetch) = (intend.clone(), intend.clone(), intend.clone(), intend);
    let press = move |event: MouseEvent| {
        if !is_plain(&event) || !flows::has_fedcm() {
            return;
        }
        event.prevent_default();
        fetch();
        // Good for one token.
        let Some(fetched) = prefetched.take() else {
            return;
        };
        let (token, fedcm, next) = (token.clone(), fedcm.clone(), next.clone());
        progress.run(flows::federate(token, fedcm, fetched.fetch, next, progress));
    };
    view! {
        <div class="passkey" data-busy=move || progress.busy.get().then_some("")>
            <div
                class="passkey-control"
                on:pointerenter=move |_| hover()
                on:focusin=move |_| focus()
                on:touchstart=move |_| touch()
                on:click=press
            >
                {children()}
            </div>
            <Status progress link=Some(link)/>
        </div>
    }
}
