//! `/second-factor`

use leptos::prelude::*;
use leptos_meta::Title;

use super::{confirm::with_passkey, form_outcome, load, next_path};
use crate::{
    api::backend,
    components::{Control, Field, FormAlert},
};

#[component]
pub fn SecondFactor() -> impl IntoView {
    let backend = backend();
    let next = next_path();
    load(async move { backend.awaits_second_factor().await }, move |()| show(next))
}

fn show(next: String) -> impl IntoView {
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

fn with_code(next: String) -> impl IntoView {
    let outcome = form_outcome();
    let open = ["code", ""].iter().any(|field| outcome.error(field).is_some());
    view! {
        <details class="aside" open=open>
            <summary class="way">"Use a recovery code instead"</summary>
            <form class="form" method="post" action="/second-factor">
                <input type="hidden" name="next" value=next/>
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
