//! `/sign-up`: a new account is made here, with a passkey or a password.

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

#[cfg(test)]
mod tests {
    use crate::{
        api::Path,
        testing::{Fake, outcome},
    };

    #[tokio::test]
    async fn a_passkey_comes_first_and_a_password_is_folded_away() {
        let page = Fake::default().shows(Path::SignUp.with_next(&Path::Cart.into())).await;
        page.posts("Create account with a passkey", Path::SignUp);
        assert_eq!(
            page.form("Create account with a passkey").holds("next"),
            Path::Cart.to_string()
        );
        assert!(!page.is_open("Use a password instead"));
        page.leads("Sign in", Path::SignIn.with_next(&Path::Cart.into()));
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_name_is_said_next_to_it() {
        let sentence = "That username is taken. Please choose another.";
        let entered = [("username", "ada"), ("display_name", "Ada"), ("way", "passkey")];
        let outcome = outcome(&entered, &[("username", sentence)]);
        let page = Fake::default().posted(Path::SignUp, outcome).await.main();
        page.says(sentence);
        let field = page.field("username");
        assert_eq!(field.attribute("aria-invalid").as_deref(), Some("true"));
        assert!(
            field.attribute("aria-describedby").is_some_and(|by| by.contains("username-error"))
        );
        assert!(field.has("autofocus"));
        assert_eq!(
            (page.holds("username"), page.holds("display_name")),
            ("ada".into(), "Ada".into())
        );
        assert!(!page.is_open("Use a password instead"));
    }

    #[tokio::test]
    async fn a_refused_password_is_not_folded_away() {
        let sentence = "Please use at least 12 characters.";
        let outcome = outcome(&[("way", "password")], &[("password", sentence)]);
        let page = Fake::default().posted(Path::SignUp, outcome).await.main();
        assert!(page.is_open("Use a password instead"));
        page.says(sentence);
    }
}
