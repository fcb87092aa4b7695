//! `/confirm`: the owner of the account proves here to be there, before it is changed.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::{self, IdentityProvider, Next, Path, ReauthenticationWays},
    components::{Control, Field, FormAlert, ProviderIcon},
    pages::load,
    request::next,
    sign_in::PasskeyProof,
};

#[component]
pub fn Confirm() -> impl IntoView {
    let sign_in = api::sign_in();
    let next = next();
    load(async move { sign_in.ways_to_reauthenticate().await }, move |ways| show(ways, next))
}

fn show(ways: ReauthenticationWays, next: Next) -> impl IntoView {
    let recover = Path::Recover.with_next(&next);
    let aside = aside(&ways);
    let providers = ways.providers.into_iter();
    let providers = providers.map(|provider| with_provider(provider, next.clone())).collect_view();
    view! {
        <Title text="Confirm that it is you – Latchkey"/>
        <div class="narrow">
            <h1>"Confirm that it is you"</h1>
            <p>
                "What comes next changes how this account is signed in to, or deletes it, "
                "so the store asks once more. This holds for five minutes."
            </p>
            <FormAlert/>
            {ways.passkey.then(|| with_passkey(next.clone()))}
            {ways.password.then(|| with_password(next.clone(), ways.passkey))}
            {providers}
            <p class="aside">{aside} " " <a href=recover>"Use a recovery code"</a></p>
        </div>
    }
}

/// A button for a modal request that names this account's passkeys, not an immediate one. An
/// immediate request refuses `allowCredentials`, so another account's passkey could answer it; it
/// leaves out roaming authenticators; and Chrome's guidance is not to use it for asking again.
pub(super) fn with_passkey(next: Next) -> impl IntoView {
    view! {
        <PasskeyProof next>
            <button type="button" class="button">"Use a passkey"</button>
        </PasskeyProof>
        <noscript>
            <p class="note">"Passkeys need JavaScript. If you have recovery codes, those work without it."</p>
        </noscript>
    }
}

fn with_password(next: Next, second: bool) -> impl IntoView {
    view! {
        <form class="form" method="post" action=Path::Confirm.to_string()>
            <input type="hidden" name="next" value=next.to_string()/>
            <Field
                name="password"
                label="Password"
                control=Control::Password
                autocomplete="current-password"
                required=true
            />
            <button class="button" class:secondary=second>"Use the password"</button>
        </form>
    }
}

/// A button that leads on to a provider. The server asks the provider to have the person sign in
/// there now, and believes only a token that says so.
fn with_provider(provider: IdentityProvider, next: Next) -> impl IntoView {
    let words = format!("Sign in with {} again", provider.name);
    view! {
        <form class="form" method="post" action={Path::ConfirmWithProvider { provider: provider.id }.to_string()}>
            <input type="hidden" name="next" value=next.to_string()/>
            <button class="button secondary provider"><ProviderIcon icon=provider.icon/> {words}</button>
        </form>
    }
}

fn aside(ways: &ReauthenticationWays) -> &'static str {
    match usize::from(ways.passkey) + usize::from(ways.password) + ways.providers.len() {
        0 => "This account has neither a passkey nor a password.",
        1 => "Not at hand?",
        2 => "Neither at hand?",
        _ => "None of these at hand?",
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        api::{Account, Path},
        testing::{
            Fake, Html, outcome,
            samples::{account, identity, passkey, provider},
        },
    };

    async fn shown(account: Account) -> Html {
        let mut fake = Fake::of(account);
        fake.visitor.providers = vec![provider("Gate"), provider("Moat")];
        fake.shows(Path::Confirm.with_next(&Path::Password.into())).await
    }

    #[tokio::test]
    async fn a_passkey_alone() {
        let account = Account { passkeys: vec![passkey("a")], has_password: false, ..account() };
        let page = shown(account).await;
        page.one("button", "Use a passkey");
        page.never_says("Use the password");
        page.says("Not at hand? Use a recovery code");
        page.leads("Use a recovery code", Path::Recover.with_next(&Path::Password.into()));
    }

    #[tokio::test]
    async fn a_password_alone() {
        let page = shown(account()).await;
        page.posts("Use the password", Path::Confirm);
        let next = page.form("Use the password").holds("next");
        assert_eq!(next, Path::Password.to_string());
        page.never_says("Use a passkey");
        page.says("Not at hand?");
    }

    #[tokio::test]
    async fn a_provider_alone() {
        let identities = vec![identity("Gate")];
        let page = shown(Account { has_password: false, identities, ..account() }).await;
        let gate = Path::ConfirmWithProvider { provider: "gate".to_owned() };
        page.posts("Sign in with Gate again", gate);
        page.never_says("Moat");
        page.never_says("Use the password");
    }

    #[tokio::test]
    async fn each_way_that_there_is() {
        let passkeys = vec![passkey("a")];
        let page = shown(Account { passkeys: passkeys.clone(), ..account() }).await;
        page.says("Neither at hand?");
        let identities = vec![identity("Gate")];
        let page = shown(Account { passkeys, identities, ..account() }).await;
        page.one("button", "Use a passkey");
        page.one("button", "Use the password");
        page.one("button", "Sign in with Gate again");
        page.says("None of these at hand?");
    }

    #[tokio::test]
    async fn no_way_but_a_recovery_code() {
        let page = shown(Account { has_password: false, ..account() }).await;
        page.says("This account has neither a passkey nor a password. Use a recovery code");
        assert!(page.all("button").is_empty());
    }

    #[tokio::test]
    async fn a_wrong_password_is_said_to_be_wrong() {
        let sentence = "That username and password do not go together.";
        let outcome =
            outcome(&[("next", &*Path::DeleteAccount.to_string())], &[("password", sentence)]);
        let page = Fake::of(account()).posted(Path::Confirm, outcome).await.main();
        page.says(sentence);
        assert_eq!(page.holds("next"), Path::DeleteAccount.to_string());
    }

    #[tokio::test]
    async fn a_stranger_signs_in_instead() {
        let answer = Fake::default().get(Path::Confirm.with_next(&Path::Password.into())).await;
        answer.leads_to(Path::SignIn.with_next(&Path::Password.into()));
    }
}
