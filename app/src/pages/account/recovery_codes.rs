//! `/account/recovery-codes`

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
    let account = api::account();
    load(async move { account.account_to_change().await }, show)
}

fn show(account: Account) -> impl IntoView {
    let content = match form_outcome().value("codes") {
        Some(codes) => made(codes).into_any(),
        None => offer(account.recovery_codes).into_any(),
    };
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

fn offer(left: i64) -> impl IntoView {
    let left = (left > 0).then(|| {
        view! {
            <p class="note">{format!("You have {left} of 10 left. New ones replace them.")}</p>
        }
    });
    view! {
        <p>
            "A recovery code signs you in when your passkeys and your password are lost. "
            "You get ten, and each works once. Whoever has one can open this account, "
            "so keep them as you would keep a spare key."
        </p>
        {left}
        <form class="form" method="post" action=Path::RecoveryCodes.to_string()>
            <button class="button">"Make ten recovery codes"</button>
        </form>
    }
}
