//! `/one-button`

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::Path,
    request::next,
    sign_in::{PasskeyPress, Place},
};

#[component]
pub fn OneButton() -> impl IntoView {
    let next = next();
    let form = Path::SignIn.with_next(&next);
    let link = form.clone();
    view! {
        <Title text="Choose your passkey to sign in – Latchkey"/>
        <div class="narrow">
            <h1>"Choose your passkey to sign in"</h1>
            <p>
                "Your browser will show the passkeys you have for this store. "
                "Choose one, and confirm that it is you."
            </p>
            <PasskeyPress place=Place::OneButton origins=vec![] next>
                <a class="button" href=link>"Sign in with a passkey"</a>
            </PasskeyPress>
            <noscript><p class="note">"Passkeys need JavaScript."</p></noscript>
            <p class="aside"><a href=form>"Sign in with a form instead"</a></p>
        </div>
    }
}
