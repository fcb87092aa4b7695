//! The document around every page, and which page it is.

use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};

use crate::{
    PageRequest,
    api::{Path, paths},
    components::{NoticeBar, PasskeyUpkeep, SiteFooter, SiteHeader},
    pages::{
        BrowserSupportPage, account,
        errors::{ErrorPage, NotFound},
        federation, shop, sign_in,
    },
    request::{AssetAddresses, asset, page_request},
};

/// The path that the stylesheet, the script and the wasm are below.
#[must_use]
pub fn package(options: &LeptosOptions) -> String {
    format!("/{}", options.site_pkg_dir)
}

/// What brings a page's islands to life, for its head; a page without any does without it. It begins
/// once the browser has nothing better to do. `<html data-hydrated>` is for tests, which wait for it.
///
/// Leptos' own is for all pages, names the files as they were built, and preloads the module without
/// the nonce that the policy asks for.
#[must_use]
pub fn script(options: &LeptosOptions, addresses: &AssetAddresses, nonce: &str) -> String {
    let package = format!("{}/{}", package(options), options.output_name);
    let module = addresses.of(&format!("{package}.js"));
    let wasm = addresses.of(&format!("{package}.wasm"));
    format!(
        r#"<link rel="modulepreload" href="{module}" nonce="{nonce}">
<link rel="preload" as="fetch" type="application/wasm" href="{wasm}" crossorigin>
<script type="module" nonce="{nonce}">
const begin = async () => {{
  const module = await import("{module}");
  await module.default({{ module_or_path: "{wasm}" }});
  module.hydrate();
  for (const island of document.querySelectorAll("leptos-island")) module[island.dataset.component](island);
  setTimeout(() => document.documentElement.dataset.hydrated = "");
}};
self.requestIdleCallback ? requestIdleCallback(begin) : begin();
</script>"#
    )
}

/// A whole HTML document, but for its [`script`]. The server resolves it before the response starts, so that redirects and
/// statuses that depend on data can still be sent.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let package = format!("{}/{}", package(&options), options.output_name);
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="description" content="Hooks, lanterns, knockers and mats for the entrance of a home."/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href=paths::ICON type="image/svg+xml"/>
                <link rel="stylesheet" href=asset(format!("{package}.css"))/>
                <AutoReload options=options.clone()/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// What surrounds every page, and the page, or the refusal in its place.
#[component]
fn App() -> impl IntoView {
    provide_meta_context();
    let PageRequest { path, refusal, .. } = page_request();
    view! {
        <a class="skip-link" href="#main">"Skip to content"</a>
        <SiteHeader/>
        <main id="main" tabindex="-1">
            <NoticeBar/>
            {match refusal {
                Some(error) => view! { <ErrorPage error/> }.into_any(),
                None => page(path),
            }}
        </main>
        <SiteFooter/>
        <PasskeyUpkeep/>
    }
}

/// The page at an address. Every [`Path`] is here, or this does not compile.
fn page(path: Option<Path>) -> AnyView {
    let Some(path) = path else { return view! { <NotFound/> }.into_any() };
    match path {
        Path::Catalogue => view! { <shop::Catalogue/> }.into_any(),
        Path::Product { slug } => view! { <shop::Product slug/> }.into_any(),
        Path::Cart => view! { <shop::Cart/> }.into_any(),
        Path::Checkout => view! { <shop::Checkout/> }.into_any(),
        Path::Order { number } => view! { <shop::Order number/> }.into_any(),

        Path::SignIn => view! { <sign_in::SignIn/> }.into_any(),
        Path::SignUp => view! { <sign_in::SignUp/> }.into_any(),
        Path::OneButton => view! { <sign_in::OneButton/> }.into_any(),
        Path::SecondFactor => view! { <sign_in::SecondFactor/> }.into_any(),
        Path::Recover => view! { <sign_in::Recover/> }.into_any(),
        Path::Confirm => view! { <sign_in::Confirm/> }.into_any(),
        Path::BrowserSupport => view! { <BrowserSupportPage/> }.into_any(),

        Path::SignUpWithProvider => view! { <federation::SignUpWithProvider/> }.into_any(),
        Path::Leaving => view! { <federation::Leaving/> }.into_any(),

        Path::Account => view! { <account::Overview/> }.into_any(),
        Path::NewPasskey => view! { <account::NewPasskey/> }.into_any(),
        Path::DeletePasskey { id } => view! { <account::DeletePasskey id/> }.into_any(),
        Path::Password => view! { <account::Password/> }.into_any(),
        Path::AccountSecondFactor => view! { <account::SecondFactor/> }.into_any(),
        Path::RecoveryCodes => view! { <account::RecoveryCodes/> }.into_any(),
        Path::Review => view! { <account::Review/> }.into_any(),
        Path::UnlinkIdentity { id } => view! { <account::Unlink id/> }.into_any(),
        Path::SecurityEvent { id } => view! { <account::Event id/> }.into_any(),
        Path::DeleteAccount => view! { <account::Delete/> }.into_any(),
        Path::Goodbye => view! { <account::Goodbye/> }.into_any(),

        // Where forms and programs go: nothing to look at.
        Path::SignOut
        | Path::UndoSignIn
        | Path::FederationAt
        | Path::FederationStart { .. }
        | Path::FederationCallback { .. }
        | Path::FederationNonce { .. }
        | Path::FederationToken { .. }
        | Path::ConfirmWithProvider { .. }
        | Path::AccountName
        | Path::PasskeyName { .. }
        | Path::EndOtherSessions
        | Path::EndSession { .. }
        | Path::AutomaticSignIn
        | Path::LinkProvider { .. }
        | Path::DismissOffer
        | Path::ChangePassword
        | Path::PasskeyEndpoints
        | Path::PolicyReports
        | Path::RelatedOrigins => view! { <NotFound/> }.into_any(),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        api::{Path, Route},
        testing::{Fake, samples::account},
    };

    fn address(route: Route) -> Path {
        let text = route.pattern().replace(['{', '}'], "");
        Path::parse(&text).expect(&text)
    }

    #[tokio::test]
    async fn whatever_is_at_an_address_has_a_title_and_one_heading() {
        for route in Route::ALL {
            let answer = Fake::of(account()).get(address(*route)).await;
            // Three lead on: nobody waits for a second factor, no provider vouches for anybody, and
            // nothing opens the account but its password.
            if answer.status == 303 {
                assert!(matches!(
                    route,
                    Route::SecondFactor | Route::SignUpWithProvider | Route::Review
                ));
                continue;
            }
            let title = answer.document.first("title").text();
            assert!(title.contains("Latchkey"), "{}: {title}", route.pattern());
            assert_eq!(answer.document.all("h1").len(), 1, "{}", route.pattern());
        }
    }

    #[tokio::test]
    async fn forms_and_programs_find_no_page_at_their_addresses() {
        for route in [Route::SignOut, Route::AccountName, Route::EndSession, Route::RelatedOrigins]
        {
            let answer = Fake::of(account()).get(address(route)).await;
            assert_eq!(answer.status, 404, "{}", route.pattern());
        }
    }
}
