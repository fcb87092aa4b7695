//! `/account/delete`: the whole account is deleted here, after what goes and what stays was said.

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

#[cfg(test)]
mod tests {
    use crate::{
        api::Path,
        testing::{Fake, samples::account},
    };

    #[tokio::test]
    async fn what_goes_and_what_stays_is_said_first() {
        let page = Fake::of(account()).shows(Path::DeleteAccount).await;
        page.says("This deletes the account of ada at once and for good.");
        page.says("What goes Your names, passkeys");
        page.says("What stays Your orders, without your name and address.");
        page.posts("Delete my account", Path::DeleteAccount);
    }

    #[tokio::test]
    async fn its_owner_confirms_first_and_comes_back() {
        let fake = Fake { reauthenticated: false, ..Fake::of(account()) };
        let answer = fake.get(Path::DeleteAccount).await;
        answer.leads_to(Path::Confirm.with_next(&Path::DeleteAccount.into()));
    }

    #[tokio::test]
    async fn whoever_has_gone_hears_what_is_left() {
        let page = Fake::default().shows(Path::Goodbye).await;
        page.says("the orders are kept without name and address. Everything else is gone.");
        page.leads("To the catalogue", Path::Catalogue);
    }
}
