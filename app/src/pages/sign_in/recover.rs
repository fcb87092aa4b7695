//! `/recover`

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::Path,
    components::{Control, Field, FormAlert},
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
                    name="code"
                    label="Recovery code"
                    control=Control::Username
                    hint="One of the ten you made in your account. It works once."
                    autocomplete="off"
                    required=true
                />
                <button class="button">"Sign in"</button>
            </form>
            <p class="aside"><a href=sign_in>"Sign in another way"</a></p>
        </div>
    }
}
