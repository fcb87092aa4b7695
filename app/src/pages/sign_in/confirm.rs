//! `/confirm`

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::{self, IdentityProvider, Next, Path, ReauthenticationWays},
    components::{Control, Field, FormAlert, ProviderIcon},
    pages::load,
    request::next,
    sign_in::PasskeyProof,
};

#[component]
pub fn Confirm() -> impl IntoView {
    let sign_in = api::sign_in();
    let next = next();
    load(async move { sign_in.ways_to_reauthenticate().await }, move |ways| show(ways, next))
}

fn show(ways: ReauthenticationWays, next: Next) -> impl IntoView {
    let recover = Path::Recover.with_next(&next);
    let aside = aside(&ways);
    let providers = ways.providers.into_iter();
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
            {ways.passkey.then(|| with_passkey(next.clone()))}
            {ways.password.then(|| with_password(next.clone(), ways.passkey))}
            {providers}
            <p class="aside">{aside} " " <a href=recover>"Use a recovery code"</a></p>
        </div>
    }
}

/// A modal request that names this account's passkeys, not an immediate one. An
/// immediate request refuses `allowCredentials`, so another account's passkey could
/// answer it; it leaves out security keys and other devices; and Chrome's guidance
/// is not to use it for asking again.
pub(super) fn with_passkey(next: Next) -> impl IntoView {
    view! {
        <PasskeyProof next>
            <button type="button" class="button">"Use a passkey"</button>
        </PasskeyProof>
        <noscript>
            <p class="note">"Passkeys need JavaScript. If you have recovery codes, those work without it."</p>
        </noscript>
    }
}

fn with_password(next: Next, second: bool) -> impl IntoView {
    view! {
        <form class="form" method="post" action=Path::Confirm.to_string()>
            <input type="hidden" name="next" value=next.to_string()/>
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
fn with_provider(provider: IdentityProvider, next: Next) -> impl IntoView {
    let words = format!("Sign in with {} again", provider.name);
    view! {
        <form class="form" method="post" action={Path::ConfirmWithProvider { provider: provider.id }.to_string()}>
            <input type="hidden" name="next" value=next.to_string()/>
            <button class="button secondary provider"><ProviderIcon icon=provider.icon/> {words}</button>
        </form>
    }
}

fn aside(ways: &ReauthenticationWays) -> &'static str {
    match usize::from(ways.passkey) + usize::from(ways.password) + ways.providers.len() {
        0 => "This account has neither a passkey nor a password.",
        1 => "Not at hand?",
        2 => "Neither at hand?",
        _ => "None of these at hand?",
    }
}
