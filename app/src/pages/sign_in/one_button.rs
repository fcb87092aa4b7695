//! `/one-button`: a page with nothing but one button, which asks for a passkey.

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

#[cfg(test)]
mod tests {
    use crate::{api::Path, testing::Fake};

    #[tokio::test]
    async fn without_a_script_the_button_leads_to_the_form() {
        let page = Fake::default().shows(Path::OneButton.with_next(&Path::Cart.into())).await;
        let form = Path::SignIn.with_next(&Path::Cart.into());
        page.leads("Sign in with a passkey", &form);
        page.leads("Sign in with a form instead", &form);
    }
}
