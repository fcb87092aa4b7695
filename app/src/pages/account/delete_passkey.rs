//! `/account/passkeys/{id}/delete`

use leptos::prelude::*;
use leptos_meta::Title;

use super::{back, passkeys::facts};
use crate::{
    api::{self, Account, Code, PasskeyCard, Path, Result},
    components::FormAlert,
    pages::load,
};

#[component]
pub fn DeletePasskey(id: String) -> impl IntoView {
    load(find(id), |(account, passkey)| {
        let choice = match account.must_keep() {
            Some(why) => keep(why, &account).into_any(),
            None => delete(&account, &passkey).into_any(),
        };
        view! {
            <Title text="Delete a passkey – Latchkey"/>
            <div class="narrow">
                <h1>"Delete a passkey"</h1>
                <FormAlert/>
                <h2 class="subject">{passkey.title().to_owned()}</h2>
                {facts(&passkey)}
                {choice}
                {back("passkeys")}
            </div>
        }
    })
}

async fn find(id: String) -> Result<(Account, PasskeyCard)> {
    let account = api::account().account_to_change().await?;
    let passkey = account.passkey(&id).cloned().ok_or(Code::NotFound)?;
    Ok((account, passkey))
}

fn keep(why: &'static str, account: &Account) -> impl IntoView + use<> {
    let other = if account.second_factor {
        view! { <a class="way" href=Path::AccountSecondFactor.to_string()>"Second factor"</a> }
    } else {
        view! { <a class="way" href=Path::Password.to_string()>"Set a password"</a> }
    };
    view! {
        <p>"This passkey cannot be deleted now. " {why}</p>
        <p class="onward">
            <a class="button" href=Path::NewPasskey.to_string()>"Add a passkey"</a>
            {other}
        </p>
    }
}

fn delete(account: &Account, passkey: &PasskeyCard) -> impl IntoView + use<> {
    let last = (account.passkeys.len() == 1).then(|| last(account));
    view! {
        {last}
        <p>"It will not sign in to this account any more. This cannot be undone."</p>
        <p>
            "Where your browser supports it, its password manager is told to forget this passkey. "
            "A copy elsewhere, on a security key or with another provider, stays until you delete "
            "it there. It opens nothing any more."
        </p>
        <form class="form" method="post" action={Path::DeletePasskey { id: passkey.id.clone() }.to_string()}>
            <button class="button danger">"Delete this passkey"</button>
        </form>
    }
}

fn last(account: &Account) -> impl IntoView + use<> {
    let providers = account.identities.iter().filter(|identity| identity.works);
    let ways: Vec<_> = account
        .has_password
        .then(|| "your password".to_owned())
        .into_iter()
        .chain(providers.map(|identity| identity.provider.clone()))
        .chain((account.recovery_codes > 0).then(|| "your recovery codes".to_owned()))
        .collect();
    view! {
        <p class="warning">
            <strong>"This is your last passkey."</strong>
            {format!(" Without it, this account opens only with {}.", one_of(&ways))}
        </p>
    }
}

/// "one, another or a third"
fn one_of(ways: &[String]) -> String {
    match ways {
        [ways @ .., last] if !ways.is_empty() => format!("{} or {last}", ways.join(", ")),
        ways => ways.concat(),
    }
}
