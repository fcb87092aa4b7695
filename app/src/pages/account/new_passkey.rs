//! `/account/passkeys/new`

use leptos::prelude::*;
use leptos_meta::Title;

use super::back;
use crate::{
    api::{self, Next, Path},
    pages::load,
    request::next,
    sign_in::PasskeyAddition,
};

#[component]
pub fn NewPasskey() -> impl IntoView {
    let account = api::account();
    // After a recovery code there is somewhere to go on to, also without a passkey.
    let (next, without) = match next() {
        next if next == Next::default() => (Path::Account.into(), None),
        next => (next.clone(), Some(next)),
    };
    load(async move { account.account_to_change().await }, move |_| {
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
                    view! { <p><a class="way" href=next.to_string()>"Continue without one"</a></p> }
                })}
                {back("passkeys")}
            </div>
        }
    })
}
