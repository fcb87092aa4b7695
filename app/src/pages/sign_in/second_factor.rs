//! `/second-factor`: after a password or a provider, a passkey is asked for here.

use leptos::prelude::*;
use leptos_meta::Title;

use super::confirm::with_passkey;
use crate::{
    api::{self, Next, Path},
    components::{Control, Field, FormAlert},
    pages::load,
    request::{form_outcome, next},
};

#[component]
pub fn SecondFactor() -> impl IntoView {
    let sign_in = api::sign_in();
    let next = next();
    load(async move { sign_in.awaits_second_factor().await }, move |()| show(next))
}

fn show(next: Next) -> impl IntoView {
    view! {
        <Title text="One more step – Latchkey"/>
        <div class="narrow">
            <h1>"One more step"</h1>
            <p>"So far, so good. This account also asks for one of its passkeys."</p>
            <FormAlert/>
            {with_passkey(next.clone())}
            {with_code(next)}
        </div>
    }
}

fn with_code(next: Next) -> impl IntoView {
    let outcome = form_outcome();
    let open = ["code", ""].iter().any(|field| outcome.error(field).is_some());
    view! {
        <details class="aside" open=open>
            <summary class="way">"Use a recovery code instead"</summary>
            <form class="form" method="post" action=Path::SecondFactor.to_string()>
                <input type="hidden" name="next" value=next.to_string()/>
                <Field
                    name="code"
                    label="Recovery code"
                    control=Control::Username
                    hint="One of your ten. It works once."
                    autocomplete="one-time-code"
                    required=true
                />
                <button class="button secondary">"Sign in"</button>
            </form>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        api::Path,
        testing::{Fake, outcome, samples::account},
    };

    fn awaiting() -> Fake {
        Fake { awaits_second_factor: true, ..Fake::default() }
    }

    #[tokio::test]
    async fn it_asks_for_a_passkey_and_folds_the_code_away() {
        let page = awaiting().shows(Path::SecondFactor.with_next(&Path::Cart.into())).await;
        page.says("This account also asks for one of its passkeys.");
        page.one("button", "Use a passkey");
        page.posts("Sign in", Path::SecondFactor);
        assert_eq!(page.form("Sign in").holds("next"), Path::Cart.to_string());
        assert!(!page.is_open("Use a recovery code instead"));
    }

    #[tokio::test]
    async fn a_wrong_code_is_not_folded_away() {
        let outcome = outcome(&[], &[("code", "That is not a recovery code of this account.")]);
        let page = awaiting().posted(Path::SecondFactor, outcome).await.main();
        assert!(page.is_open("Use a recovery code instead"));
        page.says("That is not a recovery code of this account.");
    }

    #[tokio::test]
    async fn whoever_has_not_begun_begins_with_signing_in() {
        let answer = Fake::default().get(Path::SecondFactor.with_next(&Path::Cart.into())).await;
        answer.leads_to(Path::SignIn.with_next(&Path::Cart.into()));
    }

    #[tokio::test]
    async fn whoever_comes_back_to_it_signed_in_goes_on() {
        let answer =
            Fake::of(account()).get(Path::SecondFactor.with_next(&Path::Cart.into())).await;
        answer.leads_to(Path::Cart);
    }
}
