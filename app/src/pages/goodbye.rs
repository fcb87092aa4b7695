//! `/goodbye`

use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub fn Goodbye() -> impl IntoView {
    view! {
        <Title text="Your account is deleted – Latchkey"/>
        <div class="narrow">
            <h1>"Your account is deleted"</h1>
            <p>"Your orders are kept without your name and address. Everything else is gone."</p>
            <p>
                "Where your browser supports it, its password manager is told to forget your "
                "passkeys for this store. If one is still offered to you, delete it there: "
                "it opens nothing any more."
            </p>
            <p><a class="button secondary" href="/">"To the catalogue"</a></p>
        </div>
    }
}
