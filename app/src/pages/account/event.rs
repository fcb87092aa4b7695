//! `/account/events/{id}`

use leptos::prelude::*;
use leptos_meta::Title;

use super::back;
use crate::{
    api::{self, Path, SecurityEvent},
    components::When,
    pages::load,
    request::visitor,
};

#[component]
pub fn Event(id: String) -> impl IntoView {
    let account = api::account();
    load(async move { account.security_event(&id).await }, show)
}

fn show(event: SecurityEvent) -> impl IntoView {
    let refused = event.failed.then(|| {
        view! { <p>"It was refused, and opened nothing."</p> }
    });
    view! {
        <Title text="Security event – Latchkey"/>
        <div class="narrow">
            <h1>{event.what}</h1>
            <dl class="facts">
                <div><dt>"When"</dt> <dd><When at=event.at/></dd></div>
                <div><dt>"Browser"</dt> <dd>{event.browser}</dd></div>
            </dl>
            {refused}
            {not_you()}
            {back("events")}
        </div>
    }
}

fn not_you() -> impl IntoView {
    let unlink = (!visitor().providers.is_empty()).then(|| {
        view! { <li><a href=format!("{}#providers", Path::Account)>"Unlink the accounts you do not know"</a></li> }
    });
    view! {
        <section class="another" aria-labelledby="not-you">
            <h2 id="not-you">"This was not you?"</h2>
            <p>"Then shut others out, in this order:"</p>
            <ol class="steps">
                <li><a href=format!("{}#passkeys", Path::Account)>"Delete the passkeys you do not know"</a></li>
                {unlink}
                <li><a href=Path::Password.to_string()>"Change or remove the password"</a></li>
                <li><a href=Path::RecoveryCodes.to_string()>"Make new recovery codes"</a></li>
                <li><a href=format!("{}#sessions", Path::Account)>"End all other sessions"</a></li>
            </ol>
        </section>
    }
}
