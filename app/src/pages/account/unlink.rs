//! `/account/identities/{id}/unlink`: a provider is unlinked here, unless it is the last way in.

use leptos::prelude::*;
use leptos_meta::Title;

use super::back;
use crate::{
    api::{self, Account, Code, IdentityCard, Path, Result, paths::PROVIDERS},
    components::FormAlert,
    pages::load,
};

#[component]
pub fn Unlink(id: String) -> impl IntoView {
    load(find(id), |(account, identity)| {
        let heading = format!("Unlink {}", identity.provider);
        let choice = if account.needs_identity(&identity.id) {
            keep().into_any()
        } else {
            unlink(identity).into_any()
        };
        view! {
            <Title text=format!("{heading} – Latchkey")/>
            <div class="narrow">
                <h1>{heading.clone()}</h1>
                <FormAlert/>
                {choice}
                {back(PROVIDERS)}
            </div>
        }
    })
}

async fn find(id: String) -> Result<(Account, IdentityCard)> {
    let account = api::account().account_to_change().await?;
    let identity = account.identities.iter().find(|identity| identity.id == id).cloned();
    Ok((account, identity.ok_or(Code::NotFound)?))
}

fn keep() -> impl IntoView {
    view! {
        <p>
            "This cannot be done now. It is the only way to sign in to this account. Add a passkey "
            "or set a password first."
        </p>
        <p class="onward">
            <a class="button" href=Path::NewPasskey.to_string()>"Add a passkey"</a>
            <a class="way" href=Path::Password.to_string()>"Set a password"</a>
        </p>
    }
}

fn unlink(identity: IdentityCard) -> impl IntoView {
    let IdentityCard { id, provider, label, .. } = identity;
    let who = if label.is_empty() { provider.clone() } else { format!("{provider} ({label})") };
    view! {
        <p>
            {format!("{who} will not sign in to this account any more. ")}
            {format!("Nothing changes at {provider} itself: if it lists this store, you can remove it there.")}
        </p>
        <form class="form" method="post" action={Path::UnlinkIdentity { id }.to_string()}>
            <button class="button danger">{format!("Unlink {provider}")}</button>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{
        Fake, Html,
        samples::{account, identity, passkey},
    };

    fn page(id: &str) -> Path {
        Path::UnlinkIdentity { id: id.to_owned() }
    }

    async fn shown(account: Account) -> Html {
        Fake::of(account).shows(page("gate")).await
    }

    fn linked() -> Account {
        Account { identities: vec![identity("Gate")], ..account() }
    }

    #[tokio::test]
    async fn an_identity_goes_where_there_is_another_way_in() {
        let page_shown = shown(linked()).await;
        assert_eq!(page_shown.first("h1").text(), "Unlink Gate");
        page_shown.says("Gate (ada@mail.example) will not sign in to this account any more.");
        page_shown.posts("Unlink Gate", page("gate"));
        let passkeys = vec![passkey("a")];
        shown(Account { has_password: false, passkeys, ..linked() }).await.form("Unlink Gate");
    }

    #[tokio::test]
    async fn the_last_way_in_stays() {
        let page = shown(Account { has_password: false, ..linked() }).await;
        page.says("This cannot be done now. It is the only way to sign in to this account.");
        page.leads("Add a passkey", Path::NewPasskey);
        page.leads("Set a password", Path::Password);
        assert!(page.all("form").is_empty());
    }

    #[tokio::test]
    async fn a_provider_that_is_gone_is_no_other_way_in() {
        let gone = IdentityCard { works: false, ..identity("Moat") };
        let identities = vec![identity("Gate"), gone];
        let account = Account { has_password: false, identities, ..account() };
        shown(account).await.says("This cannot be done now.");
    }

    #[tokio::test]
    async fn somebody_elses_is_not_found() {
        assert_eq!(Fake::of(linked()).get(page("moat")).await.status, 404);
    }
}
