//! `navigator.credentials`, typed.

use std::cell::RefCell;

use js_sys::{Array, Function, Object, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortController;

use super::{Js, credentials, member, parse, set, to_json};
use crate::{
    api::{FedCm, Federated, paths},
    sign_in::mediation::{Answer, Ask, Failure, Spelling},
};

/// What `navigator.credentials.get` brought, with what the server needs of it.
pub(in crate::sign_in) enum Credential {
    /// An assertion: what `PublicKeyCredential.toJSON()` gives, as text.
    Passkey(String),
    /// A password that the browser had saved.
    Password { username: String, password: String },
    /// A provider by its origin, and what it calls the person.
    Federated { origin: String, id: String },
    /// No credential, and why there is none.
    None(Answer),
}

impl Credential {
    /// The browser's answer, as the ladder takes it.
    pub(in crate::sign_in) fn answer(&self) -> Answer {
        match self {
            Self::Passkey(_) => Answer::Passkey,
            Self::Password { .. } => Answer::Password,
            Self::Federated { .. } => Answer::Federated,
            Self::None(answer) => *answer,
        }
    }
}

/// A passkey that was created.
pub(in crate::sign_in) struct Created {
    /// The credential id, as unpadded base64url.
    pub(in crate::sign_in) id: String,
    /// What `PublicKeyCredential.toJSON()` gives, as text.
    pub(in crate::sign_in) json: String,
}

/// Calls `navigator.credentials.get`. `public_key` holds the options, as JSON, where passkeys are
/// asked for; `origins` are those of the providers, where providers are.
///
/// Nothing is awaited before the browser is called: the press that led here is
/// good for a few seconds only.
pub(in crate::sign_in) async fn get(ask: Ask, public_key: &str, origins: &[String]) -> Credential {
    let outcome = match request(ask, public_key, origins) {
        Ok(promise) => JsFuture::from(promise).await,
        Err(error) => Err(error),
    };
    outcome
        .and_then(|credential| read(&credential))
        .unwrap_or_else(|error| Credential::None(Answer::Failed(failure(&error))))
}

fn request(ask: Ask, public_key: &str, origins: &[String]) -> Js<Promise> {
    let options = Object::new();
    if ask.is_for_passkeys() {
        set(&options, "publicKey", &parse("parseRequestOptionsFromJSON", public_key)?);
    } else {
        set(&options, "password", &JsValue::TRUE);
        set(&options, "federated", &providers(origins));
    }
    match ask {
        Ask::Immediate { spelling, passwords } => {
            let member = match spelling {
                Spelling::UiMode => "uiMode",
                Spelling::Mediation => "mediation",
            };
            set(&options, member, &"immediate".into());
            if passwords {
                set(&options, "password", &JsValue::TRUE);
            }
        }
        Ask::Modal => {}
        Ask::Conditional => {
            set(&options, "mediation", &"conditional".into());
            set(&options, "signal", &new_pending()?);
        }
        Ask::Chooser => set(&options, "mediation", &"optional".into()),
        Ask::Silent => set(&options, "mediation", &"silent".into()),
    }
    credentials().get_with_options(options.unchecked_ref())
}

fn providers(origins: &[String]) -> Object {
    let federated = Object::new();
    set(&federated, "providers", &origins.iter().map(JsValue::from).collect::<Array>());
    federated
}

fn read(credential: &JsValue) -> Js<Credential> {
    if credential.is_null() || credential.is_undefined() {
        return Ok(Credential::None(Answer::Nothing));
    }
    let text = |name| Ok::<_, JsValue>(member(credential, name)?.as_string().unwrap_or_default());
    match text("type")?.as_str() {
        "password" => {
            Ok(Credential::Password { username: text("id")?, password: text("password")? })
        }
        "federated" => Ok(Credential::Federated { origin: text("provider")?, id: text("id")? }),
        _ => to_json(credential).map(Credential::Passkey),
    }
}

/// Calls `navigator.credentials.get` for a token of a provider (FedCM §2.5), which browsers allow
/// after a press only.
pub(in crate::sign_in) async fn get_token(provider: &FedCm, nonce: &str) -> Option<String> {
    let (options, identity, one, params) =
        (Object::new(), Object::new(), Object::new(), Object::new());
    set(&params, "nonce", &nonce.into());
    set(&one, "configURL", &(&provider.config_url).into());
    set(&one, "clientId", &(&provider.client_id).into());
    set(&one, "params", &params);
    set(&identity, "mode", &"active".into());
    set(&identity, "providers", &Array::of1(&one));
    set(&options, "identity", &identity);
    let promise = credentials().get_with_options(options.unchecked_ref()).ok()?;
    let credential = JsFuture::from(promise).await.ok()?;
    member(&credential, "token").ok()?.as_string()
}

/// Calls `navigator.credentials.create`. `public_key` holds the options, as JSON. `conditional`:
/// without asking the person, if the browser finds that it may (WebAuthn L3 §5.1.3).
pub(in crate::sign_in) async fn create(
    public_key: &str,
    conditional: bool,
) -> Result<Created, Failure> {
    let created = async {
        let options = Object::new();
        set(&options, "publicKey", &parse("parseCreationOptionsFromJSON", public_key)?);
        if conditional {
            set(&options, "mediation", &"conditional".into());
            set(&options, "signal", &new_pending()?);
        }
        let promise = credentials().create_with_options(options.unchecked_ref())?;
        let credential = JsFuture::from(promise).await?;
        let id = member(&credential, "id")?.as_string().unwrap_or_default();
        Ok(Created { id, json: to_json(&credential)? })
    };
    created.await.map_err(|error: JsValue| failure(&error))
}

thread_local! {
    /// What ends the conditional request or creation that is pending.
    static PENDING: RefCell<Option<AbortController>> = const { RefCell::new(None) };
}

/// The signal for a conditional request or creation that begins now, in place of any other.
fn new_pending() -> Js {
    end_pending();
    let controller = AbortController::new()?;
    let signal = controller.signal().into();
    PENDING.with_borrow_mut(|pending| *pending = Some(controller));
    Ok(signal)
}

/// Ends a pending conditional request or creation: while there is one, every other request
/// fails with an `OperationError`.
pub(in crate::sign_in) fn end_pending() {
    if let Some(controller) = PENDING.with_borrow_mut(Option::take) {
        controller.abort();
    }
}

/// Saves a password that was right, in the browser's password manager, which may ask.
pub(in crate::sign_in) fn save_password(id: &str, password: &str, name: &str) {
    let details = Object::new();
    set(&details, "password", &password.into());
    save("PasswordCredential", details, id, name);
}

/// Has the browser remember which provider was signed in with.
pub(in crate::sign_in) fn save_federated(federated: &Federated) {
    let details = Object::new();
    set(&details, "provider", &(&federated.origin).into());
    save("FederatedCredential", details, &federated.id, &federated.name);
}

/// Calls `navigator.credentials.store`. This is a courtesy: nothing waits for what comes of it, or
/// depends on whether there is such a class. The browser's question outlives the page.
fn save(class: &str, details: Object, id: &str, name: &str) {
    let icon = window().location().origin().unwrap_or_default() + paths::ICON;
    set(&details, "id", &id.into());
    set(&details, "name", &name.into());
    set(&details, "iconURL", &icon.into());
    let stored = || -> Js<Promise> {
        let class: Function = member(&window(), class)?.dyn_into()?;
        let credential = Reflect::construct(&class, &Array::of1(&details))?;
        credentials().store(credential.unchecked_ref())
    };
    ignore(stored());
}

/// Takes whatever comes of a promise, also a refusal, so that nobody reports it as unhandled.
pub(super) fn ignore(promise: Js<Promise>) {
    if let Ok(promise) = promise {
        leptos::task::spawn_local(async move {
            let _ = JsFuture::from(promise).await;
        });
    }
}

/// Ends silent access (Credential Management L1 §2.3.4): nobody is signed in silently until the
/// person has chosen a credential again.
pub(in crate::sign_in) fn prevent_silent_access() {
    ignore(credentials().prevent_silent_access());
}

fn failure(error: &JsValue) -> Failure {
    match member(error, "name").ok().and_then(|name| name.as_string()).as_deref() {
        Some("NotAllowedError") => Failure::NotAllowed,
        Some("OperationError") => Failure::Pending,
        Some("NotSupportedError") => Failure::NotSupported,
        Some("SecurityError") => Failure::Security,
        Some("AbortError") => Failure::Abort,
        Some("InvalidStateError") => Failure::InvalidState,
        _ => Failure::Other,
    }
}
