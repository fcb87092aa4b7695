//! `/browser-support`

use leptos::prelude::*;
use leptos_meta::Title;

use crate::sign_in::{
    BrowserSupport, Place,
    mediation::{self, Browser},
};

/// What this store makes use of, by the names that browsers give it: interfaces, then the
/// capabilities of `getClientCapabilities` (WebAuthn L3 §5.8.7).
const INTERFACES: [&str; 4] =
    ["PublicKeyCredential", "PasswordCredential", "FederatedCredential", "IdentityCredential"];
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

/// As long as nobody has asked the browser, a press follows its link.
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
