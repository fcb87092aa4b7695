//! What the account is linked with, on `/account`.

use leptos::prelude::*;

use crate::{
    api::{IdentityCard, IdentityProvider, Path},
    components::{ProviderIcon, When},
};

/// Nothing in a store without providers.
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

/// A form, so that no other page can begin it; see `federated::start` in the server.
fn link(provider: IdentityProvider) -> impl IntoView {
    let words = format!("Link {}", provider.name);
    view! {
        <form method="post" action={Path::LinkProvider { provider: provider.id }.to_string()}>
            <button class="button secondary provider"><ProviderIcon icon=provider.icon/> {words}</button>
        </form>
    }
}
