//! `/account/passkeys/new`: a passkey is added to the account here.

use leptos::prelude::*;
use leptos_meta::Title;

use super::back;
use crate::{
    api::{self, Next, Path, paths::PASSKEYS},
    pages::load,
    request::next,
    sign_in::PasskeyAddition,
};

#[component]
pub fn NewPasskey() -> impl IntoView {
    let account = api::account();
    // After a recovery code there is somewhere to go on to, also without a passkey.
    let (next, without) = match next() {
        next if next == Next::default() => (Path::Account.into(), None),
        next => (next.clone(), Some(next)),
    };
    load(async move { account.account_to_change().await }, move |_| {
        view! {
            <Title text="Add a passkey – Latchkey"/>
            <div class="narrow">
                <h1>"Add a passkey"</h1>
                <p>
                    "Your browser will ask where to keep the new passkey: on this device, in your "
                    "password manager, on a phone or on a security key. Then it asks you to "
                    "confirm with your fingerprint, your face or a PIN."
                </p>
                <PasskeyAddition next>
                    <button type="button" class="button">"Create a passkey"</button>
                </PasskeyAddition>
                <noscript><p class="note">"Passkeys need JavaScript."</p></noscript>
                {without.clone().map(|next| {
                    view! { <p><a class="way" href=next.to_string()>"Continue without one"</a></p> }
                })}
                {back(PASSKEYS)}
            </div>
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::{
        api::Path,
        testing::{Fake, samples::account},
    };

    #[tokio::test]
    async fn it_says_what_will_happen_and_waits_for_a_press() {
        let page = Fake::of(account()).shows(Path::NewPasskey).await;
        page.says("Your browser will ask where to keep the new passkey");
        page.one("button", "Create a passkey");
        // Nothing would hear a press before the script has come.
        assert!(page.first("fieldset").has("disabled"));
        page.never_says("Continue without one");
        page.leads("Back to your account", format!("{}#passkeys", Path::Account));
    }

    #[tokio::test]
    async fn after_a_recovery_code_there_is_a_way_on_without_one() {
        let address = Path::NewPasskey.with_next(&Path::Checkout.into());
        let page = Fake::of(account()).shows(address).await;
        page.leads("Continue without one", Path::Checkout);
    }

    #[tokio::test]
    async fn the_owner_confirms_first_and_comes_back_with_where_they_were_going() {
        let here = Path::NewPasskey.with_next(&Path::Checkout.into());
        let fake = Fake { reauthenticated: false, ..Fake::of(account()) };
        let answer = fake.get(&here).await;
        answer.leads_to(Path::Confirm.with_next(&crate::api::Next::parse(&here)));
    }
}
