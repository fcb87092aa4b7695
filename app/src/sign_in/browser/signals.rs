//! What passkey managers are told (WebAuthn L3 §5.1.10).

use js_sys::{Array, JSON, Object, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::{Js, call, member, public_key_credential, set};
use crate::api::{AccountName, Signals};

/// Whether the browser can tell passkey managers of an unknown credential.
pub(in crate::sign_in) fn can_signal_unknown() -> bool {
    public_key_credential()
        .and_then(|class| member(&class, "signalUnknownCredential"))
        .is_ok_and(|method| method.is_function())
}

/// Tells the passkey manager that it may forget a credential (WebAuthn L3 §5.1.10.2). `options`
/// are those of the ceremony that it was used or created in, as JSON. Nothing waits for it.
pub(in crate::sign_in) fn signal_unknown(options: &str, credential_id: &str) {
    let details = Object::new();
    set(&details, "rpId", &rp_id(options).unwrap_or_default());
    set(&details, "credentialId", &credential_id.into());
    leptos::task::spawn_local(signal("signalUnknownCredential", &details));
}

/// The relying party ID, which an assertion's options have at the top and a
/// registration's in `rp`. It need not be the host of this page.
fn rp_id(options: &str) -> Js {
    let options = JSON::parse(options)?;
    let rp = member(&options, "rp")?;
    if rp.is_object() { member(&rp, "id") } else { member(&options, "rpId") }
}

/// Tells the passkey manager what it may forget of an account, and what the account is called
/// (WebAuthn L3 §5.1.10.3 and §5.1.10.4).
pub(in crate::sign_in) async fn signal_account(signals: &Signals) {
    let accepted: Array = signals.accepted.iter().map(JsValue::from).collect();
    let details = account_details(signals);
    set(&details, "allAcceptedCredentialIds", &accepted);
    let accepted = signal("signalAllAcceptedCredentials", &details);
    if let Some(AccountName { username, display_name }) = &signals.name {
        let details = account_details(signals);
        set(&details, "name", &username.into());
        set(&details, "displayName", &display_name.into());
        signal("signalCurrentUserDetails", &details).await;
    }
    accepted.await;
}

fn account_details(signals: &Signals) -> Object {
    let details = Object::new();
    set(&details, "rpId", &(&signals.rp_id).into());
    set(&details, "userId", &(&signals.user_id).into());
    details
}

/// Gives a signal at once, and lets its end be waited for. A signal is a courtesy: nothing
/// depends on its outcome, or on whether there is such a signal.
fn signal(method: &str, details: &Object) -> impl Future<Output = ()> + use<> {
    let signal = public_key_credential().and_then(|class| call(&class, method, details));
    async {
        if let Ok(done) = signal {
            let _ = JsFuture::from(Promise::resolve(&done)).await;
        }
    }
}
