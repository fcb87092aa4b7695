//! `/sign-in`

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::{Next, Path},
    components::{Control, Field, FormAlert, Providers},
    request::next,
    sign_in::{CredentialForm, PasskeyPress, Place, Purpose},
};

#[component]
pub fn SignIn() -> impl IntoView {
    let next = next();
    let heading = heading(&next);
    let posted = next.clone();
    view! {
        <Title text=format!("{heading} – Latchkey")/>
        <div class="narrow">
            <h1>{heading}</h1>
            <FormAlert/>
            <CredentialForm purpose=Purpose::SignIn next=next.clone()>
            <form class="form" method="post" action=Path::SignIn.to_string()>
                <input type="hidden" name="next" value=posted.to_string()/>
                <Field
                    name="username"
                    label="Username"
                    control=Control::Username
                    hint="If you have a passkey, your browser can offer it here."
                    autocomplete="username webauthn"
                    required=true
                />
                <Field
                    name="password"
                    label="Password"
                    control=Control::Password
                    autocomplete="current-password"
                    required=true
                />
                <button class="button">"Sign in"</button>
            </form>
            </CredentialForm>
            <noscript>
                <p class="note">"Passkeys need JavaScript. A password works without it."</p>
            </noscript>
            <Providers next=next.clone()/>
            {other_device(next.clone())}
            <p class="aside">
                "New here? " <a href=Path::SignUp.with_next(&next)>"Create an account"</a>
            </p>
            <p>
                "Lost your passkey or password? "
                <a href=Path::Recover.with_next(&next)>"Use a recovery code"</a>
            </p>
        </div>
    }
}

fn heading(next: &Next) -> &'static str {
    match next.page() {
        Some(Path::Checkout) => "Sign in to check out",
        Some(Path::Order { .. }) => "Sign in to see your order",
        Some(page) if page.is_account() => "Sign in to see your account",
        _ => "Sign in",
    }
}

fn other_device(next: Next) -> impl IntoView {
    let link = Path::OneButton.with_next(&next);
    view! {
        <section class="other-way">
            <p>
                "Is your passkey on a phone or a security key? Your browser will show "
                "a QR code to scan with the phone, or ask you to touch the key."
            </p>
            <PasskeyPress place=Place::OtherDevice origins=vec![] next>
                <a class="button secondary" href=link>"Use a passkey from another device"</a>
            </PasskeyPress>
        </section>
    }
}
