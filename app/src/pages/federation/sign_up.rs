//! `/sign-up/provider`: the rest of an account that begins with a provider.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::{self, Next, Path, Route, SignUpSuggestion, paths::PROVIDERS},
    components::{Control, Field, FormAlert},
    pages::load,
    request::next,
};

#[component]
pub fn SignUpWithProvider() -> impl IntoView {
    let federation = api::federation();
    let next = next();
    load(async move { federation.pending_sign_up().await }, move |pending| show(pending, next))
}

fn show(pending: SignUpSuggestion, next: Next) -> impl IntoView {
    let sign_in = Path::SignIn.with_next(&Next::parse(&Route::Account.part(PROVIDERS)));
    let SignUpSuggestion { provider, label, username, display_name } = pending;
    let who = match label.as_str() {
        "" => provider.clone(),
        label => format!("{provider} ({label})"),
    };
    view! {
        <Title text="Choose a username – Latchkey"/>
        <div class="narrow">
            <h1>"Choose a username"</h1>
            <p>{format!("{who} says that it is you. There is no account here for that yet: this makes one.")}</p>
            <FormAlert/>
            <form class="form" method="post" action=Path::SignUpWithProvider.to_string()>
                <input type="hidden" name="next" value=next.to_string()/>
                <Field
                    name="username"
                    label="Username"
                    control=Control::Username
                    hint="3 to 64 letters, digits or @ . _ - will do. An e-mail address is fine."
                    autocomplete="username"
                    value=username
                    required=true
                />
                <Field
                    name="display_name"
                    label="Your name"
                    hint="What the store calls you."
                    autocomplete="name"
                    value=display_name
                    required=true
                />
                <button class="button">"Create account"</button>
            </form>
            <p class="aside">
                "Do you have an account here already? "
                <a href=sign_in>"Sign in"</a>
                {format!(" as you always do, and link {provider} on your account page.")}
            </p>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        api::{Path, SignUpSuggestion},
        testing::{Fake, outcome},
    };

    fn pending(label: &str) -> Fake {
        let pending = SignUpSuggestion {
            provider: "Gate".to_owned(),
            label: label.to_owned(),
            username: "ada".to_owned(),
            display_name: "Ada Lovelace".to_owned(),
        };
        Fake { pending_sign_up: Some(pending), ..Fake::default() }
    }

    #[tokio::test]
    async fn what_the_provider_suggests_can_be_taken_or_changed() {
        let page = pending("ada@gate.example").shows(Path::SignUpWithProvider).await;
        page.says("Gate (ada@gate.example) says that it is you.");
        page.posts("Create account", Path::SignUpWithProvider);
        assert_eq!(
            (page.holds("username"), page.holds("display_name")),
            ("ada".into(), "Ada Lovelace".into())
        );
    }

    #[tokio::test]
    async fn a_provider_that_calls_people_nothing_is_named_alone() {
        pending("").shows(Path::SignUpWithProvider).await.says("Gate says that it is you.");
    }

    #[tokio::test]
    async fn a_taken_username_is_said_to_be_taken() {
        let sentence = "That username is taken. Please choose another.";
        let outcome = outcome(&[("username", "babbage")], &[("username", sentence)]);
        let page = pending("").posted(Path::SignUpWithProvider, outcome).await.main();
        page.says(sentence);
        assert_eq!(page.holds("username"), "babbage");
    }

    #[tokio::test]
    async fn nobody_is_here_whom_no_provider_vouches_for() {
        let answer =
            Fake::default().get(Path::SignUpWithProvider.with_next(&Path::Cart.into())).await;
        answer.leads_to(Path::SignIn.with_next(&Path::Cart.into()));
    }
}
