//! `/account/events/{id}`

use leptos::prelude::*;
use leptos_meta::Title;

use super::back;
use crate::{
    api::{SecurityEvent, backend},
    components::When,
    pages::{load, path_part, visitor},
};

#[component]
pub fn Event() -> impl IntoView {
    let backend = backend();
    let id = path_part("id");
    load(async move { backend.security_event(&id).await }, show)
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
        view! { <li><a href="/account#providers">"Unlink the accounts you do not know"</a></li> }
    });
    view! {
        <section class="another" aria-labelledby="not-you">
            <h2 id="not-you">"This was not you?"</h2>
            <p>"Then shut others out, in this order:"</p>
            <ol class="steps">
                <li><a href="/account#passkeys">"Delete the passkeys you do not know"</a></li>
                {unlink}
                <li><a href="/account/password">"Change or remove the password"</a></li>
                <li><a href="/account/recovery-codes">"Make new recovery codes"</a></li>
                <li><a href="/account#sessions">"End all other sessions"</a></li>
            </ol>
        </section>
    }
}
