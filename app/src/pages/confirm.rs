//! `/confirm`

use leptos::prelude::*;
use leptos_meta::Title;

use super::{load, next_path};
use crate::{
    api::{IdentityProvider, Proofs, backend, with_next},
    components::{Control, Field, FormAlert, ProviderIcon},
    passkey::PasskeyProof,
};

#[component]
pub fn Confirm() -> impl IntoView {
    let backend = backend();
    let next = next_path();
    load(async move { backend.proofs().await }, move |proofs| show(proofs, next))
}

fn show(proofs: Proofs, next: String) -> impl IntoView {
    let recover = with_next("/recover", &next);
    let aside = aside(&proofs);
    let providers = proofs.providers.into_iter();
    let providers = providers.map(|provider| with_provider(provider, next.clone())).collect_view();
    view! {
        <Title text="Confirm that it is you – Latchkey"/>
        <div class="narrow">
            <h1>"Confirm that it is you"</h1>
            <p>
                "What comes next changes how this account is signed in to, or deletes it, "
                "so the store asks once more. This holds for five minutes."
            </p>
            <FormAlert/>
            {proofs.passkey.then(|| with_passkey(next.clone()))}
            {proofs.password.then(|| with_password(next.clone(), proofs.passkey))}
            {providers}
            <p class="aside">{aside} " " <a href=recover>"Use a recovery code"</a></p>
        </div>
    }
}

/// A modal request that names this account's passkeys, not an immediate one. An
/// immediate request refuses `allowCredentials`, so another account's passkey could
/// answer it; it leaves out security keys and other devices; and Chrome's guidance
/// is not to use it for asking again.
pub(super) fn with_passkey(next: String) -> impl IntoView {
    view! {
        <PasskeyProof next>
            <button type="button" class="button">"Use a passkey"</button>
        </PasskeyProof>
        <noscript>
            <p class="note">"Passkeys need JavaScript. If you have recovery codes, those work without it."</p>
        </noscript>
    }
}

fn with_password(next: String, second: bool) -> impl IntoView {
    view! {
        <form class="form" method="post" action="/confirm">
            <input type="hidden" name="next" value=next/>
            <Field
                name="password"
                label="Password"
                control=Control::Password
                autocomplete="current-password"
                required=true
            />
            <button class="button" class:secondary=second>"Use the password"</button>
        </form>
    }
}

/// It asks the provider to have the person sign in there now, and believes only a token that
/// says so.
fn with_provider(provider: IdentityProvider, next: String) -> impl IntoView {
    let words = format!("Sign in with {} again", provider.name);
    view! {
        <form class="form" method="post" action=format!("/confirm/{}", provider.id)>
            <input type="hidden" name="next" value=next/>
            <button class="button secondary provider"><ProviderIcon icon=provider.icon/> {words}</button>
        </form>
    }
}

fn aside(proofs: &Proofs) -> &'static str {
    match usize::from(proofs.passkey) + usize::from(proofs.password) + proofs.providers.len() {
        0 => "This account has neither a passkey nor a password.",
        1 => "Not at hand?",
        2 => "Neither at hand?",
        _ => "None of these at hand?",
    }
}
