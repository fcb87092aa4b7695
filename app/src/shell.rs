//! The document around every page, and the list of the pages.

use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::{
    components::{Route, Router, Routes},
    path,
};

use crate::{
    api::PublicError,
    components::{SiteFooter, SiteHeader},
    pages::{self, ErrorPage},
};

/// A whole HTML document. The server resolves it before the response starts, so
/// that redirects and statuses that depend on data still can be sent.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let stylesheet = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="description" content="Hooks, lanterns, knockers and mats for the entrance of a home."/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href=stylesheet/>
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
                {match refusal {
                    Some(error) => view! { <ErrorPage error/> }.into_any(),
                    None => view! { <Pages/> }.into_any(),
                }}
            </main>
            <SiteFooter/>
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
            <Route path=path!("/account") view=pages::Account/>
            <Route path=path!("/sign-in") view=pages::SignIn/>
            <Route path=path!("/sign-up") view=pages::SignUp/>
            <Route path=path!("/one-button") view=pages::OneButton/>
        </Routes>
    }
}
