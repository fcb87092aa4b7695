//! `/goodbye`: this is shown once the account is deleted.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::Path;

#[component]
pub fn Goodbye() -> impl IntoView {
    view! {
        <Title text="Goodbye – Latchkey"/>
        <div class="narrow">
            <h1>"Goodbye"</h1>
            <p>
                "Of a deleted account, the orders are kept without name and address. "
                "Everything else is gone."
            </p>
            <p>
                "Where your browser supports it, its password manager is told to forget the "
                "passkeys. If one is still offered to you, delete it there: "
                "it opens nothing any more."
            </p>
            <p><a class="button secondary" href=Path::Catalogue.to_string()>"To the catalogue"</a></p>
        </div>
    }
}
