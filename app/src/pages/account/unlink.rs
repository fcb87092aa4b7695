//! `/account/identities/{id}/unlink`

use leptos::prelude::*;
use leptos_meta::Title;

use super::back;
use crate::{
    api::{self, Account, Code, IdentityCard, Path, Result},
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
                {back("providers")}
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
