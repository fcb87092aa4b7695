//! `/sign-up`

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::Path,
    components::{Control, Field, FormAlert, Providers},
    request::{form_outcome, next},
    sign_in::{CredentialForm, Purpose},
};

#[component]
pub fn SignUp() -> impl IntoView {
    let next = next();
    let posted = next.clone();
    let sign_in = Path::SignIn.with_next(&next);
    view! {
        <Title text="Create an account – Latchkey"/>
        <div class="narrow">
            <h1>"Create an account"</h1>
            <FormAlert/>
            <noscript>
                <p class="note">"Passkeys need JavaScript. A password works without it."</p>
            </noscript>
            <CredentialForm purpose=Purpose::SignUp next=next.clone()>
                <form class="form" method="post" action=Path::SignUp.to_string()>
                    <input type="hidden" name="next" value=posted.to_string()/>
                    <Field
                        name="username"
                        label="Username"
                        control=Control::Username
                        hint="3 to 64 letters, digits or @ . _ - will do. An e-mail address is fine."
                        autocomplete="username"
                        required=true
                    />
                    <Field
                        name="display_name"
                        label="Your name"
                        hint="What the store calls you."
                        autocomplete="name"
                        required=true
                    />
                    <div class="with-passkey">
                        <p>
                            "Your device will ask you to save a passkey for this store and to "
                            "confirm with your fingerprint, your face or its PIN. "
                            "There is nothing to remember."
                        </p>
                        <button class="button" name="way" value="passkey">
                            "Create account with a passkey"
                        </button>
                    </div>
                    {with_password()}
                </form>
            </CredentialForm>
            <Providers next/>
            <p class="aside">
                "Already have an account? " <a href=sign_in>"Sign in"</a>
            </p>
        </div>
    }
}

fn with_password() -> impl IntoView {
    let outcome = form_outcome();
    let open = outcome.error("password").is_some() || outcome.value("way") == Some("password");
    view! {
        <details class="with-password" open=open>
            <summary>"Use a password instead"</summary>
            <Field
                name="password"
                label="Password"
                control=Control::Password
                hint="At least 12 characters, and not easily guessed."
                autocomplete="new-password"
            />
            <button class="button secondary" name="way" value="password">
                "Create account with a password"
            </button>
        </details>
    }
}
