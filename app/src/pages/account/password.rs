//! `/account/password`: the password is set, changed or removed here.

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{
        Fake, Html, outcome,
        samples::{account, identity, passkey},
    };

    async fn shown(account: Account) -> Html {
        Fake::of(account).shows(Path::Password).await
    }

    #[tokio::test]
    async fn one_is_set() {
        let passkeys = vec![passkey("a")];
        let page = shown(Account { has_password: false, passkeys, ..account() }).await;
        assert_eq!(page.first("h1").text(), "Set a password");
        page.posts("Set password", Path::Password);
        // Password managers are told whose it is.
        assert_eq!(page.form("Set password").holds("username"), "ada");
        page.never_says("Remove the password");
    }

    #[tokio::test]
    async fn with_a_passkey_it_is_changed_or_removed() {
        let page = shown(Account { passkeys: vec![passkey("a")], ..account() }).await;
        page.says("All other sessions of this account will end.");
        page.posts("Change password", Path::Password);
        assert_eq!(page.form("Change password").holds("action"), "set");
        page.posts("Remove password", Path::Password);
        assert_eq!(page.form("Remove password").holds("action"), "remove");
    }

    #[tokio::test]
    async fn the_last_way_in_stays() {
        let part = shown(account()).await.part("Remove the password");
        part.says("It is the only way to sign in to this account. Add a passkey first.");
        part.leads("Add a passkey", Path::NewPasskey);
        assert!(part.all("form").is_empty());
    }

    #[tokio::test]
    async fn a_provider_alone_would_be_too_little() {
        let page = shown(Account { identities: vec![identity("Gate")], ..account() }).await;
        page.says("An account is better kept with a passkey before its password goes.");
        page.never_says("Remove password");
    }

    #[tokio::test]
    async fn a_refused_password_is_said_to_be_refused_and_not_shown() {
        let sentence = "That password is easily guessed. Please choose another.";
        let outcome = outcome(&[], &[("password", sentence)]);
        let page = Fake::of(account()).posted(Path::Password, outcome).await.main();
        page.says(sentence);
        assert!(!page.field("password").has("value"));
    }

    #[tokio::test]
    async fn its_owner_confirms_first_and_comes_back() {
        let fake = Fake { reauthenticated: false, ..Fake::of(account()) };
        let answer = fake.get(Path::Password).await;
        answer.leads_to(Path::Confirm.with_next(&Path::Password.into()));
    }
}
