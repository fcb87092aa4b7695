//! `/account/passkeys/{id}/delete`: a passkey is deleted here, unless it is the last way in.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{back, passkeys::facts};
use crate::{
    api::{self, Account, Code, PasskeyCard, Path, Result, paths::PASSKEYS},
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
                {back(PASSKEYS)}
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

/// Several ways in words: "one, another or a third".
fn one_of(ways: &[String]) -> String {
    match ways {
        [ways @ .., last] if !ways.is_empty() => format!("{} or {last}", ways.join(", ")),
        ways => ways.concat(),
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
        Path::DeletePasskey { id: id.to_owned() }
    }

    async fn shown(account: Account) -> Html {
        Fake::of(account).shows(page("a")).await
    }

    fn one_passkey() -> Account {
        Account { passkeys: vec![passkey("a")], ..account() }
    }

    #[tokio::test]
    async fn one_of_several_just_goes() {
        let desk = PasskeyCard { own_name: Some("Desk".to_owned()), ..passkey("a") };
        let passkeys = vec![desk, passkey("b")];
        let shown = shown(Account { passkeys, has_password: false, ..account() }).await;
        assert_eq!(shown.first("h2").text(), "Desk");
        shown.posts("Delete this passkey", page("a"));
        shown.never_says("This is your last passkey.");
    }

    #[tokio::test]
    async fn the_last_one_goes_with_a_warning_of_what_is_left() {
        let page = shown(one_passkey()).await;
        page.says(
            "This is your last passkey. Without it, this account opens only with your password.",
        );
        page.one("button", "Delete this passkey");
        let identities = vec![identity("Gate")];
        let account = Account { identities, recovery_codes: 3, ..one_passkey() };
        shown(account).await.says("only with your password, Gate or your recovery codes.");
    }

    #[tokio::test]
    async fn the_last_way_in_stays() {
        let page = shown(Account { has_password: false, ..one_passkey() }).await;
        page.says("This passkey cannot be deleted now. It is the only way to sign in");
        page.leads("Add a passkey", Path::NewPasskey);
        page.leads("Set a password", Path::Password);
        page.never_says("Delete this passkey");
    }

    #[tokio::test]
    async fn a_provider_that_is_gone_is_no_way_in() {
        let gone = api::IdentityCard { works: false, ..identity("Gate") };
        let account = Account { has_password: false, identities: vec![gone], ..one_passkey() };
        shown(account).await.says("It is the only way to sign in to this account.");
    }

    #[tokio::test]
    async fn what_the_second_factor_needs_stays() {
        let page = shown(Account { second_factor: true, ..one_passkey() }).await;
        page.says("It is asked for as the second factor.");
        page.leads("Second factor", Path::AccountSecondFactor);
        page.never_says("Delete this passkey");
    }

    #[tokio::test]
    async fn somebody_elses_is_not_found() {
        assert_eq!(Fake::of(one_passkey()).get(page("b")).await.status, 404);
    }

    #[tokio::test]
    async fn its_owner_confirms_first_and_comes_back() {
        let fake = Fake { reauthenticated: false, ..Fake::of(one_passkey()) };
        fake.get(page("a")).await.leads_to(Path::Confirm.with_next(&page("a").into()));
    }
}
