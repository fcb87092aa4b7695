//! The buttons of the providers that people can sign in with.

use leptos::prelude::*;

use crate::{
    api::{IdentityProvider, Next, Path},
    request::visitor,
    sign_in::ProviderPress,
};

/// A button "Continue with …" for every provider. `next` is where to go once signed in.
#[component]
pub fn Providers(next: Next) -> impl IntoView {
    let providers = visitor().providers;
    (!providers.is_empty()).then(|| {
        let buttons = providers.into_iter().map(|provider| button(provider, next.clone()));
        view! {
            <section class="other-way providers" aria-label="With another account">
                <p>"Or with an account that you have elsewhere. You will be back in a moment."</p>
                {buttons.collect_view()}
            </section>
        }
    })
}

/// A link to a provider, which the page's script takes over where the browser can ask for the
/// account itself (FedCM).
fn button(provider: IdentityProvider, next: Next) -> impl IntoView {
    let IdentityProvider { id, name, icon, fedcm, .. } = provider;
    let to = Path::FederationStart { provider: id.clone() }.with_next(&next);
    let link = {
        let (to, words) = (to.clone(), format!("Continue with {name}"));
        move || {
            view! {
                <a class="button secondary provider" href=to rel="nofollow">
                    <ProviderIcon icon/> {words}
                </a>
            }
        }
    };
    match fedcm {
        Some(fedcm) => {
            let nonce = Path::FederationNonce { provider: id.clone() }.to_string();
            let token = Path::FederationToken { provider: id }.to_string();
            let elsewhere = (to, format!("To {name}’s own page"));
            view! {
                <ProviderPress nonce token fedcm next link=elsewhere>{link()}</ProviderPress>
            }
            .into_any()
        }
        None => view! { <p>{link()}</p> }.into_any(),
    }
}

/// The icon of a provider, where it has one. The provider's name is beside it.
#[component]
pub fn ProviderIcon(icon: Option<String>) -> impl IntoView {
    icon.map(|icon| view! { <img src=icon width="20" height="20" alt=""/> })
}
