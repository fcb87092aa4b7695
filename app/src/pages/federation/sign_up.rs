//! `/sign-up/provider`: the rest of an account that begins with a provider.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::{self, Next, Path, PendingSignUp},
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

fn show(pending: PendingSignUp, next: Next) -> impl IntoView {
    let sign_in = Path::SignIn.with_next(&Next::parse(&format!("{}#providers", Path::Account)));
    let PendingSignUp { provider, label, username, display_name } = pending;
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
