//! `/account/passkeys/new`

use leptos::prelude::*;
use leptos_meta::Title;

use super::back;
use crate::{
    api::backend,
    pages::{load, next_path},
    passkey::PasskeyAddition,
};

#[component]
pub fn NewPasskey() -> impl IntoView {
    let backend = backend();
    // After a recovery code there is somewhere to go on to, also without a passkey.
    let (next, without) = match next_path() {
        next if next == "/" => ("/account".to_owned(), None),
        next => (next.clone(), Some(next)),
    };
    load(async move { backend.account_to_change().await }, move |_| {
        view! {
            <Title text="Add a passkey – Latchkey"/>
            <div class="narrow">
                <h1>"Add a passkey"</h1>
                <p>
                    "Your browser will ask where to keep the new passkey: on this device, in your "
                    "password manager, on a phone or on a security key. Then it asks you to "
                    "confirm with your fingerprint, your face or a PIN."
                </p>
                <PasskeyAddition next>
                    <button type="button" class="button">"Create a passkey"</button>
                </PasskeyAddition>
                <noscript><p class="note">"Passkeys need JavaScript."</p></noscript>
                {without.clone().map(|next| {
                    view! { <p><a class="way" href=next>"Continue without one"</a></p> }
                })}
                {back("passkeys")}
            </div>
        }
    })
}
