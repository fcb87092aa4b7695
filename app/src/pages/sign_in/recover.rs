//! `/recover`: one signs in here with a recovery code.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::Path,
    components::{Control, Field, FormAlert, Providers},
    request::next,
};

#[component]
pub fn Recover() -> impl IntoView {
    let next = next();
    let sign_in = Path::SignIn.with_next(&next);
    view! {
        <Title text="Sign in with a recovery code – Latchkey"/>
        <div class="narrow">
            <h1>"Sign in with a recovery code"</h1>
            <p>
                "A code signs you in once. Next, you will be asked to make a new passkey, "
                "so that you do not need another code."
            </p>
            <FormAlert/>
            <form class="form" method="post" action=Path::Recover.to_string()>
                <input type="hidden" name="next" value=next.to_string()/>
                <Field
                    name="username"
                    label="Username"
                    control=Control::Username
                    autocomplete="username"
                    required=true
                />
                <Field
                    name="password"
                    label="Password, if your account asks for a passkey after it"
                    control=Control::Password
                    hint="The code then stands in for the passkey only. Otherwise it is all you need."
                    autocomplete="current-password"
                />
                <Field
                    name="code"
                    label="Recovery code"
                    control=Control::Username
                    hint="One of the ten you made in your account. It works once."
                    autocomplete="off"
                    required=true
                />
                <button class="button">"Sign in"</button>
            </form>
            <Providers next=next.clone()/>
            <p class="aside"><a href=sign_in>"Sign in another way"</a></p>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        api::Path,
        testing::{Fake, outcome, samples::provider},
    };

    #[tokio::test]
    async fn a_wrong_code_is_said_to_be_wrong_and_the_username_stays() {
        let sentence = "That is not a recovery code of this account, or it was used before.";
        let outcome = outcome(
            &[("username", "ada"), ("next", &*Path::Cart.to_string())],
            &[("code", sentence)],
        );
        let page = Fake::default().posted(Path::Recover, outcome).await.main();
        page.says(sentence);
        page.posts("Sign in", Path::Recover);
        assert_eq!(page.holds("username"), "ada");
        assert_eq!(page.holds("next"), Path::Cart.to_string());
        page.leads("Sign in another way", Path::SignIn.with_next(&Path::Cart.into()));
    }

    #[tokio::test]
    async fn what_a_code_is_worth_and_what_comes_next_is_said_to_everybody() {
        let mut fake = Fake::default();
        let page = fake.shows(Path::Recover).await;
        page.says("A code signs you in once. Next, you will be asked to make a new passkey");
        page.says("Password, if your account asks for a passkey after it");
        assert!(!page.field("password").has("required"));
        // A provider may be the first of two factors, too.
        fake.visitor.providers = vec![provider("Gate")];
        fake.shows(Path::Recover).await.one("a", "Continue with Gate");
    }
}
