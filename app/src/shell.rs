//! The document around every page, and the list of the pages.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::{
    components::{Route, Router, Routes},
    path,
};

use crate::{
    api::PublicError,
    components::{NoticeBar, PasskeyUpkeep, SiteFooter, SiteHeader},
    pages::{self, ErrorPage, account},
};

/// A whole HTML document. The server resolves it before the response starts, so
/// that redirects and statuses that depend on data still can be sent.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let package = format!("/{}/{}", options.site_pkg_dir, options.output_name);
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="description" content="Hooks, lanterns, knockers and mats for the entrance of a home."/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href=format!("{package}.css")/>
                // The one of Leptos has no nonce, and the policy refuses it.
                <link rel="modulepreload" href=format!("{package}.js") nonce=use_nonce()/>
                <AutoReload options=options.clone()/>
                <HydrationScripts options islands=true/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

#[component]
fn App() -> impl IntoView {
    provide_meta_context();
    let refusal = use_context::<PublicError>();
    view! {
        <Router>
            <a class="skip-link" href="#main">"Skip to content"</a>
            <SiteHeader/>
            <main id="main" tabindex="-1">
                <NoticeBar/>
                {match refusal {
                    Some(error) => view! { <ErrorPage error/> }.into_any(),
                    None => view! { <Pages/> }.into_any(),
                }}
            </main>
            <SiteFooter/>
            <PasskeyUpkeep/>
        </Router>
    }
}

#[component]
fn Pages() -> impl IntoView {
    view! {
        <Routes fallback=pages::NotFound>
            <Route path=path!("/") view=pages::Catalogue/>
            <Route path=path!("/products/:slug") view=pages::Product/>
            <Route path=path!("/cart") view=pages::Cart/>
            <Route path=path!("/checkout") view=pages::Checkout/>
            <Route path=path!("/orders/:number") view=pages::Order/>
            <Route path=path!("/account") view=account::Overview/>
            <Route path=path!("/account/passkeys/new") view=account::NewPasskey/>
            <Route path=path!("/account/passkeys/:id/delete") view=account::DeletePasskey/>
            <Route path=path!("/account/password") view=account::Password/>
            <Route path=path!("/account/second-factor") view=account::SecondFactor/>
            <Route path=path!("/account/recovery-codes") view=account::RecoveryCodes/>
            <Route path=path!("/account/identities/:id/unlink") view=account::Unlink/>
            <Route path=path!("/account/events/:id") view=account::Event/>
            <Route path=path!("/account/delete") view=account::Delete/>
            <Route path=path!("/sign-in") view=pages::SignIn/>
            <Route path=path!("/sign-up") view=pages::SignUp/>
            <Route path=path!("/sign-up/provider") view=pages::SignUpWithProvider/>
            <Route path=path!("/leaving") view=pages::Leaving/>
            <Route path=path!("/one-button") view=pages::OneButton/>
            <Route path=path!("/browser-support") view=pages::BrowserSupportPage/>
            <Route path=path!("/second-factor") view=pages::SecondFactor/>
            <Route path=path!("/confirm") view=pages::Confirm/>
            <Route path=path!("/recover") view=pages::Recover/>
            <Route path=path!("/goodbye") view=pages::Goodbye/>
        </Routes>
    }
}
