//! `/browser-support`

use leptos::prelude::*;
use leptos_meta::Title;

use crate::passkey::BrowserSupport;

#[component]
pub fn BrowserSupportPage() -> impl IntoView {
    view! {
        <Title text="What this browser can do – Latchkey"/>
        <div class="browser-support">
            <h1>"What this browser can do"</h1>
            <p class="lead">
                "This store asks the browser what it can do, and guesses nothing from its name. "
                "With what this one answers:"
            </p>
            <BrowserSupport/>
            <noscript><p class="note">"Without JavaScript there is nobody to ask."</p></noscript>
        </div>
    }
}
