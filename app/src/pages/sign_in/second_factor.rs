//! `/second-factor`

use leptos::prelude::*;
use leptos_meta::Title;

use super::confirm::with_passkey;
use crate::{
    api::{self, Next, Path},
    components::{Control, Field, FormAlert},
    pages::load,
    request::{form_outcome, next},
};

#[component]
pub fn SecondFactor() -> impl IntoView {
    let sign_in = api::sign_in();
    let next = next();
    load(async move { sign_in.awaits_second_factor().await }, move |()| show(next))
}

fn show(next: Next) -> impl IntoView {
    view! {
        <Title text="One more step – Latchkey"/>
        <div class="narrow">
            <h1>"One more step"</h1>
            <p>"So far, so good. This account also asks for one of its passkeys."</p>
            <FormAlert/>
            {with_passkey(next.clone())}
            {with_code(next)}
        </div>
    }
}

fn with_code(next: Next) -> impl IntoView {
    let outcome = form_outcome();
    let open = ["code", ""].iter().any(|field| outcome.error(field).is_some());
    view! {
        <details class="aside" open=open>
            <summary class="way">"Use a recovery code instead"</summary>
            <form class="form" method="post" action=Path::SecondFactor.to_string()>
                <input type="hidden" name="next" value=next.to_string()/>
                <Field
                    name="code"
                    label="Recovery code"
                    control=Control::Username
                    hint="One of your ten. It works once."
                    autocomplete="one-time-code"
                    required=true
                />
                <button class="button secondary">"Sign in"</button>
            </form>
        </details>
    }
}
