//! `/account/password`

use leptos::prelude::*;
use leptos_meta::Title;

use super::back;
use crate::{
    api::{self, Account, Next, Path},
    components::{Control, Field, FormAlert},
    pages::load,
    sign_in::{CredentialForm, Purpose},
};

#[component]
pub fn Password() -> impl IntoView {
    let account = api::account();
    load(async move { account.account_to_change().await }, show)
}

fn show(account: Account) -> impl IntoView {
    let heading = if account.has_password { "Change the password" } else { "Set a password" };
    let removal = account.has_password.then(|| removal(&account));
    view! {
        <Title text=format!("{heading} – Latchkey")/>
        <div class="narrow">
            <h1>{heading}</h1>
            <FormAlert/>
            {setting(account)}
            {removal}
            {back("password")}
        </div>
    }
}

fn setting(account: Account) -> impl IntoView {
    let (consequence, button) = if account.has_password {
        ("All other sessions of this account will end.", "Change password")
    } else {
        ("It will be one more way to sign in to this account.", "Set password")
    };
    view! {
        <CredentialForm purpose=Purpose::NewPassword next=Next::from(Path::Account)>
        <form class="form" method="post" action=Path::Password.to_string()>
            <input type="hidden" name="action" value="set"/>
            // Tells password managers whose password it is.
            <input
                class="unseen"
                type="text"
                name="username"
                autocomplete="username"
                readonly=true
                tabindex="-1"
                aria-hidden="true"
                value=account.name.username
            />
            <Field
                name="password"
                label="New password"
                control=Control::Password
                hint="At least 12 characters, and not easily guessed."
                autocomplete="new-password"
                required=true
            />
            <p class="note">{consequence}</p>
            <button class="button">{button}</button>
        </form>
        </CredentialForm>
    }
}

fn removal(account: &Account) -> impl IntoView + use<> {
    let choice = if account.passkeys.is_empty() {
        let why = match account.identities.iter().any(|identity| identity.works) {
            true => "An account is better kept with a passkey before its password goes. ",
            false => "It is the only way to sign in to this account. ",
        };
        view! { <p>{why} <a href=Path::NewPasskey.to_string()>"Add a passkey"</a> " first."</p> }
            .into_any()
    } else {
        remove().into_any()
    };
    view! {
        <section class="another" aria-labelledby="remove">
            <h2 id="remove">"Remove the password"</h2>
            {choice}
        </section>
    }
}

fn remove() -> impl IntoView {
    view! {
        <p>"You will not be able to sign in with it any more."</p>
        <form class="form" method="post" action=Path::Password.to_string()>
            <input type="hidden" name="action" value="remove"/>
            <button class="button danger">"Remove password"</button>
        </form>
    }
}
