//! `/account/second-factor`: the second factor is switched on and off here.

use leptos::prelude::*;
use leptos_meta::Title;

use super::back;
use crate::{
    api::{self, Account, Path},
    components::FormAlert,
    pages::load,
};

#[component]
pub fn SecondFactor() -> impl IntoView {
    let account = api::account();
    load(async move { account.account_to_change().await }, show)
}

fn show(account: Account) -> impl IntoView {
    let choice = match missing(&account) {
        Some(sentence) => unavailable(sentence, &account).into_any(),
        None => switch(account.second_factor).into_any(),
    };
    view! {
        <Title text="Second factor – Latchkey"/>
        <div class="narrow">
            <h1>"Ask for a passkey after my password"</h1>
            <FormAlert/>
            <p>
                "Your password alone then does not sign in, whether you type it or your browser "
                "has saved it: the store asks for one of your passkeys as well. "
                "A recovery code will do in its place. "
                "The same goes for a provider that you sign in with."
            </p>
            <p>"A passkey alone still signs in. It is two factors already."</p>
            {choice}
            {back("second-factor")}
        </div>
    }
}

/// What the account lacks for a second factor, in words; nothing where it lacks nothing.
pub(super) fn missing(account: &Account) -> Option<&'static str> {
    match account {
        // Whatever has become of the password since: it can be switched off.
        Account { second_factor: true, .. } => None,
        Account { has_password: false, .. } => {
            Some("There is no password that could need one. A passkey is two factors already.")
        }
        Account { passkeys, .. } if passkeys.is_empty() => {
            Some("Your password can have a passkey as its second factor once you have added one.")
        }
        _ => None,
    }
}

fn unavailable(sentence: &'static str, account: &Account) -> impl IntoView + use<> {
    let add = account.passkeys.is_empty().then(|| {
        view! { <p><a class="button" href=Path::NewPasskey.to_string()>"Add a passkey"</a></p> }
    });
    view! {
        <p class="note">{sentence}</p>
        {add}
    }
}

fn switch(on: bool) -> impl IntoView {
    let (state, value, button) =
        if on { ("It is on.", "no", "Switch off") } else { ("It is off.", "yes", "Switch on") };
    view! {
        <form class="form" method="post" action=Path::AccountSecondFactor.to_string()>
            <input type="hidden" name="on" value=value/>
            <p class="state"><strong>{state}</strong></p>
            <button class="button" class:secondary=on>{button}</button>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        api::{Account, Path},
        testing::{
            Fake, Html, outcome,
            samples::{account, passkey},
        },
    };

    async fn shown(account: Account) -> Html {
        Fake::of(account).shows(Path::AccountSecondFactor).await
    }

    fn ready() -> Account {
        Account { passkeys: vec![passkey("a")], ..account() }
    }

    #[tokio::test]
    async fn it_can_be_switched_on() {
        let page = shown(ready()).await;
        page.says("It is off.");
        page.posts("Switch on", Path::AccountSecondFactor);
        assert_eq!(page.holds("on"), "yes");
    }

    #[tokio::test]
    async fn it_can_be_switched_off_whatever_has_become_of_the_password() {
        let account = Account { second_factor: true, has_password: false, ..ready() };
        let page = shown(account).await;
        page.says("It is on.");
        page.posts("Switch off", Path::AccountSecondFactor);
        assert_eq!(page.holds("on"), "no");
    }

    #[tokio::test]
    async fn without_a_passkey_one_can_be_added_first() {
        let page = shown(account()).await;
        page.says("once you have added one.");
        page.leads("Add a passkey", Path::NewPasskey);
        assert!(page.all("form").is_empty());
    }

    #[tokio::test]
    async fn without_a_password_there_is_nothing_to_switch() {
        let page = shown(Account { has_password: false, ..ready() }).await;
        page.says("There is no password that could need one.");
        page.never_says("Add a passkey");
        assert!(page.all("form").is_empty());
    }

    #[tokio::test]
    async fn a_refusal_is_said() {
        let outcome = outcome(&[], &[("", "A second factor needs a password and a passkey.")]);
        let page = Fake::of(account()).posted(Path::AccountSecondFactor, outcome).await.main();
        page.says("A second factor needs a password and a passkey.");
    }
}
