//! `/account/delete`

use leptos::prelude::*;
use leptos_meta::Title;

use super::back;
use crate::{
    api::{self, Path},
    components::FormAlert,
    pages::load,
};

#[component]
pub fn Delete() -> impl IntoView {
    let account = api::account();
    load(async move { account.account_to_change().await }, |account| {
        view! {
            <Title text="Delete your account – Latchkey"/>
            <div class="narrow">
                <h1>"Delete your account"</h1>
                <FormAlert/>
                <p>
                    "This deletes the account of "
                    <strong class="username">{account.name.username}</strong>
                    " at once and for good."
                </p>
                {consequences()}
                <form class="form" method="post" action=Path::DeleteAccount.to_string()>
                    <button class="button danger">"Delete my account"</button>
                </form>
                {back("delete")}
            </div>
        }
    })
}

fn consequences() -> impl IntoView {
    view! {
        <dl class="consequences">
            <div>
                <dt>"What goes"</dt>
                <dd>
                    "Your names, passkeys, password, linked providers and recovery codes, "
                    "all sessions, the security events and your cart."
                </dd>
            </div>
            <div>
                <dt>"What stays"</dt>
                <dd>"Your orders, without your name and address."</dd>
            </div>
        </dl>
    }
}
