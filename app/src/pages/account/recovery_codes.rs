//! `/account/recovery-codes`: ten new recovery codes are made here, and shown this once.

use leptos::prelude::*;
use leptos_meta::Title;

use super::back;
use crate::{
    api::{self, Account, Path},
    components::FormAlert,
    pages::load,
    request::form_outcome,
};

#[component]
pub fn RecoveryCodes() -> impl IntoView {
    // Made a moment ago, with a proof: nothing else is to be known.
    if let Some(codes) = form_outcome().value("codes") {
        return show(made(codes)).into_any();
    }
    let account = api::account();
    load(async move { account.account_to_change().await }, |account| show(offer(&account)))
        .into_any()
}

fn show(content: impl IntoView) -> impl IntoView {
    view! {
        <Title text="Recovery codes – Latchkey"/>
        <div class="narrow">
            <h1>"Recovery codes"</h1>
            <FormAlert/>
            {content}
            {back("recovery-codes")}
        </div>
    }
}

fn made(codes: &str) -> impl IntoView + use<> {
    let codes: Vec<_> = codes.lines().map(str::to_owned).collect();
    view! {
        <p class="warning">
            <strong>"Shown only this once:"</strong>
            " print them or keep them in a safe place. Each works once, with your username."
        </p>
        <ul class="codes" aria-label="Recovery codes">
            {codes.into_iter().map(|code| view! { <li><code>{code}</code></li> }).collect_view()}
        </ul>
    }
}

fn offer(account: &Account) -> impl IntoView + use<> {
    let (left, use_) = (account.recovery_codes, use_of(account));
    let left = (left > 0).then(|| {
        view! {
            <p class="note">{format!("You have {left} of 10 left. New ones replace them.")}</p>
        }
    });
    view! {
        <p>{use_}</p>
        {left}
        <form class="form" method="post" action=Path::RecoveryCodes.to_string()>
            <button class="button">"Make ten recovery codes"</button>
        </form>
    }
}

/// What a code is good for.
fn use_of(account: &Account) -> &'static str {
    match account.second_factor {
        true => {
            "A recovery code stands in for your passkeys when they are lost, after your password \
             or your provider. You get ten, and each works once. Keep them in another place than \
             the password: whoever has both can open this account."
        }
        false => {
            "A recovery code signs you in when your passkeys and your password are lost. You get \
             ten, and each works once. Whoever has one can open this account, so keep them as you \
             would keep a spare key."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fake, outcome, samples::account};

    #[tokio::test]
    async fn the_first_ones_are_made() {
        let page = Fake::of(account()).shows(Path::RecoveryCodes).await;
        page.posts("Make ten recovery codes", Path::RecoveryCodes);
        page.never_says("left.");
    }

    #[tokio::test]
    async fn new_ones_replace_those_that_are_left() {
        let fake = Fake::of(Account { recovery_codes: 4, ..account() });
        let page = fake.shows(Path::RecoveryCodes).await;
        page.says("You have 4 of 10 left. New ones replace them.");
    }

    #[tokio::test]
    async fn with_a_second_factor_they_are_half_of_a_sign_in() {
        let page = Fake::of(account()).shows(Path::RecoveryCodes).await;
        page.says("Whoever has one can open this account");
        let fake = Fake::of(Account { second_factor: true, ..account() });
        let page = fake.shows(Path::RecoveryCodes).await;
        page.says("stands in for your passkeys when they are lost, after your password");
        page.says("whoever has both can open this account.");
    }

    #[tokio::test]
    async fn they_are_shown_once_each() {
        let outcome = outcome(&[("codes", "abcd-1234\nefgh-5678")], &[]);
        let page = Fake::of(account()).posted(Path::RecoveryCodes, outcome).await.main();
        page.says("Shown only this once:");
        let codes: Vec<_> = page.all("li").iter().map(|code| code.text()).collect();
        assert_eq!(codes, ["abcd-1234", "efgh-5678"]);
        page.never_says("Make ten recovery codes");
    }

    #[tokio::test]
    async fn the_owner_confirms_first_and_comes_back() {
        let fake = Fake { reauthenticated: false, ..Fake::of(account()) };
        let answer = fake.get(Path::RecoveryCodes).await;
        answer.leads_to(Path::Confirm.with_next(&Path::RecoveryCodes.into()));
    }
}
