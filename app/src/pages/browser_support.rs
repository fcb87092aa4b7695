//! `/browser-support`: this says what the browser at hand can do, and what a press does in it.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::sign_in::{
    BrowserSupport, Place,
    mediation::{self, Browser},
};

/// The interfaces that this shop makes use of.
const INTERFACES: [&str; 4] =
    ["PublicKeyCredential", "PasswordCredential", "FederatedCredential", "IdentityCredential"];
/// The capabilities that this shop makes use of, as `getClientCapabilities` names them (WebAuthn L3
/// §5.8.7).
const CAPABILITIES: [&str; 10] = [
    "immediateGet",
    "conditionalGet",
    "conditionalCreate",
    "passkeyPlatformAuthenticator",
    "userVerifyingPlatformAuthenticator",
    "hybridTransport",
    "relatedOrigins",
    "signalUnknownCredential",
    "signalAllAcceptedCredentials",
    "signalCurrentUserDetails",
];
/// What can be pressed, and where that would be.
const PRESSES: [(&str, Place); 4] = [
    ("“Sign in” and “Check out”", Place::Header),
    ("“Sign in with a passkey”", Place::OneButton),
    ("“Use a passkey from another device”", Place::OtherDevice),
    ("The username field", Place::Autofill),
];

#[component]
pub fn BrowserSupportPage() -> impl IntoView {
    let interfaces = INTERFACES.map(|name| row(name, true)).collect_view();
    let capabilities = CAPABILITIES.map(|name| row(name, false)).collect_view();
    view! {
        <Title text="What this browser can do – Latchkey"/>
        <div class="browser-support">
            <h1>"What this browser can do"</h1>
            <p class="lead">
                "This store asks the browser what it can do, and guesses nothing from its name. "
                "With what this one answers:"
            </p>
            <BrowserSupport>
                <ul class="rungs">{PRESSES.map(press).collect_view()}</ul>
                <table class="support">
                    <caption>"What this browser says of itself"</caption>
                    <tbody>{interfaces} {capabilities}</tbody>
                </table>
            </BrowserSupport>
            <noscript><p class="note">"Without JavaScript there is nobody to ask."</p></noscript>
        </div>
    }
}

/// What a press does as long as nobody has asked the browser: it follows its link.
fn press((press, place): (&'static str, Place)) -> impl IntoView {
    let step = mediation::in_words(mediation::first(Browser::default(), place));
    view! {
        <li><strong>{press}</strong> " " <span data-press=place.name()>{step}</span> "."</li>
    }
}

fn row(name: &'static str, interface: bool) -> impl IntoView {
    let (interface, capability) = if interface { (Some(name), None) } else { (None, Some(name)) };
    view! {
        <tr>
            <th scope="row"><code>{name}</code></th>
            <td data-interface=interface data-capability=capability>"unknown"</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use crate::{api::Path, testing::Fake};

    #[tokio::test]
    async fn before_the_browser_was_asked_nothing_is_claimed() {
        let page = Fake::default().shows(Path::BrowserSupport).await;
        page.says("“Sign in” and “Check out” leads to the form.");
        page.says("“Sign in with a passkey” says that there are no passkeys here.");
        page.says("The username field is an ordinary field.");
        let rows = page.all("tr");
        assert_eq!(rows.len(), 14);
        assert!(rows.iter().all(|row| row.text().ends_with("unknown")));
    }
}
