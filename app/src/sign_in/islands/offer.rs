//! The offer of a passkey, after a sign-in without one of this device.

use leptos::{
    ev::{MouseEvent, SubmitEvent},
    prelude::*,
};

use super::{Progress, progress::Status};
use crate::{
    api::{Added, Next, Offer, Route, paths::PASSKEYS},
    sign_in::{
        flows,
        mediation::{self, Bringing},
    },
};

/// The offer of a passkey, after a sign-in without one of this device: lets the browser create one
/// by itself, or asks. It lies over the page, so that nothing moves. `here` is the page, which the
/// form in it comes back to.
#[island]
pub fn PasskeyOffer(offer: Offer, here: Next) -> impl IntoView {
    let progress = Progress::new();
    let asking = RwSignal::new(false);
    let added = RwSignal::new(None::<Added>);
    let link = NodeRef::<leptos::html::A>::new();
    Effect::new(move |_| {
        leptos::task::spawn_local(async move {
            match mediation::bring_up(flows::capabilities().await, offer) {
                Bringing::Automatically => match flows::add_automatically().await {
                    Some(new) => added.set(Some(new)),
                    None => asking.set(offer == Offer::Automatic),
                },
                Bringing::Ask => asking.set(true),
                Bringing::Nothing => {}
            }
        });
    });
    let press = move |_: MouseEvent| {
        progress.run(async move {
            if let Some(new) = flows::add(false, offer == Offer::ThisDevice, progress).await {
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
        flows::focus_page();
        leptos::task::spawn_local(flows::dismiss());
    };
    let passkeys = Route::Account.part(PASSKEYS);
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
                data-busy=move || progress.busy.get().then_some("")
            >
                <p class="offer-title">{title}</p>
                <p class="offer-why">{why}</p>
                <div class="offer-ways">
                    <button type="button" class="button" on:click=press>"Create a passkey"</button>
                    <form method="post" action=Route::DismissOffer.pattern() on:submit=dismiss>
                        <input type="hidden" name="next" value=here.to_string()/>
                        <button class="quiet">"Not now"</button>
                    </form>
                </div>
                <Status progress link=Some((Route::NewPasskey.pattern().to_owned(), "Add it on your account page".to_owned()))/>
            </div>
            {move || added.get().map(|added| view! {
                <p class="offer offer-done">
                    {saved(added)}
                    <a href=passkeys.clone() node_ref=link>"See your passkeys"</a>
                </p>
            })}
        </aside>
    }
}

fn saved(Added { manager, .. }: Added) -> String {
    match manager {
        Some(manager) => format!("A passkey was saved in {manager}. "),
        None => "A passkey was saved. ".to_owned(),
    }
}
