//! What the account is linked with, on `/account`.

use leptos::prelude::*;

use crate::{
    api::{IdentityCard, IdentityProvider, Path},
    components::{ProviderIcon, When},
};

/// The identities of the account, and the providers that it could be linked with; nothing in a shop
/// without providers.
pub(super) fn list(
    identities: Vec<IdentityCard>,
    others: Vec<IdentityProvider>,
) -> Option<impl IntoView> {
    if identities.is_empty() && others.is_empty() {
        return None;
    }
    let linked = (!identities.is_empty()).then(|| {
        view! { <ul class="entries">{identities.into_iter().map(identity).collect_view()}</ul> }
    });
    Some(view! {
        <p>"Accounts elsewhere that sign in to this one."</p>
        {linked}
        {others.into_iter().map(link).collect_view()}
    })
}

fn identity(identity: IdentityCard) -> impl IntoView {
    let unlink = Path::UnlinkIdentity { id: identity.id.clone() }.to_string();
    let name = identity.provider.clone();
    let state = if identity.works {
        "Linked "
    } else {
        "This store does not work with it any more. Linked "
    };
    let label = (!identity.label.is_empty()).then(|| format!("{} · ", identity.label));
    view! {
        <li class="entry">
            <p class="provider"><ProviderIcon icon=identity.icon/> <strong>{identity.provider}</strong></p>
            <p class="hint">{label} {state} <When at=identity.linked/></p>
            <p class="entry-way">
                <a class="way" href=unlink>"Unlink" <span class="unseen">" " {name}</span></a>
            </p>
        </li>
    }
}

/// A form that links the account with a provider. It is a form, not a link, so that no other site
/// can begin it: see `federation::link` in the server.
fn link(provider: IdentityProvider) -> impl IntoView {
    let words = format!("Link {}", provider.name);
    view! {
        <form method="post" action={Path::LinkProvider { provider: provider.id }.to_string()}>
            <button class="button secondary provider"><ProviderIcon icon=provider.icon/> {words}</button>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        api::{Account, IdentityCard, Path},
        testing::{
            Fake, Html,
            samples::{account, identity, provider},
        },
    };

    async fn shown(account: Account) -> Html {
        Fake::of(account).shows(Path::Account).await
    }

    #[tokio::test]
    async fn a_shop_without_providers_does_not_speak_of_any() {
        shown(account()).await.never_says("Other accounts");
    }

    #[tokio::test]
    async fn a_provider_can_be_linked() {
        let other_providers = vec![provider("Gate")];
        let page = shown(Account { other_providers, ..account() }).await;
        let gate = Path::LinkProvider { provider: "gate".to_owned() };
        page.part("Other accounts").posts("Link Gate", gate);
    }

    #[tokio::test]
    async fn an_identity_says_who_and_since_when() {
        let identities = vec![identity("Gate")];
        let part = shown(Account { identities, ..account() }).await.part("Other accounts");
        part.says("Gate ada@mail.example · Linked 21 November 2026, 20:15 UTC");
        part.leads("Unlink Gate", Path::UnlinkIdentity { id: "gate".to_owned() });
    }

    #[tokio::test]
    async fn of_a_provider_that_is_gone_it_says_so() {
        let gone = IdentityCard { works: false, label: String::new(), ..identity("Gate") };
        let page = shown(Account { identities: vec![gone], ..account() }).await;
        page.says("Gate This store does not work with it any more. Linked 21 November");
        page.leads("Unlink Gate", Path::UnlinkIdentity { id: "gate".to_owned() });
    }

    #[tokio::test]
    async fn linked_and_other_providers_stand_side_by_side() {
        let identities = vec![identity("Gate"), identity("Moat")];
        let other_providers = vec![provider("Wall")];
        let page = shown(Account { identities, other_providers, ..account() }).await;
        let part = page.part("Other accounts");
        assert_eq!(part.all("li").len(), 2);
        part.one("button", "Link Wall");
    }
}
