//! `navigator.credentials` and `PublicKeyCredential`, typed. The one file of the
//! ceremonies that touches JavaScript values.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::{Array, Function, JSON, Object, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, AbortSignal, CredentialsContainer, Element, FocusOptions, HtmlElement,
    HtmlInputElement,
};

use crate::api::{AccountName, FedCm, Federated, Signals, same_origin_path};

use super::ladder::{Answer, Ask, Browser, Failure, Spelling, Support};

type Js<T = JsValue> = Result<T, JsValue>;

/// What `get` brought, with what the server needs of it.
pub(super) enum Credential {
    /// `PublicKeyCredential.toJSON()`, as text.
    Passkey(String),
    Password {
        username: String,
        password: String,
    },
    /// A provider by its origin, and what it calls the person.
    Federated {
        origin: String,
        id: String,
    },
    None(Answer),
}

impl Credential {
    pub(super) fn answer(&self) -> Answer {
        match self {
            Self::Passkey(_) => Answer::Passkey,
            Self::Password { .. } => Answer::Password,
            Self::Federated { .. } => Answer::Federated,
            Self::None(answer) => *answer,
        }
    }
}

/// A credential that was created.
pub(super) struct Created {
    pub(super) id: String,
    /// `PublicKeyCredential.toJSON()`, as text.
    pub(super) json: String,
}

/// Asks the browser what it can do.
pub(super) async fn capabilities() -> Browser {
    let said = client_capabilities().await;
    let can = |name: &str| member(&said, name).is_ok_and(|value| value == true);
    Browser {
        webauthn: public_key_credential().is_ok(),
        immediate: can("immediateGet").then(spelling),
        conditional: can("conditionalGet"),
        conditional_create: can("conditionalCreate"),
        passwords: has("PasswordCredential"),
        platform: can("passkeyPlatformAuthenticator") || can("userVerifyingPlatformAuthenticator"),
    }
}

/// What `getClientCapabilities` says. An older browser says nothing: then nothing is known.
async fn client_capabilities() -> JsValue {
    // Also of a browser without the helpers that a ceremony needs.
    let promise = member(&window(), "PublicKeyCredential")
        .and_then(|class| call(&class, "getClientCapabilities", &JsValue::UNDEFINED));
    match promise {
        Ok(promise) => JsFuture::from(Promise::resolve(&promise)).await.unwrap_or_default(),
        Err(_) => JsValue::UNDEFINED,
    }
}

/// Writes into every element that names a capability or an interface what the browser says
/// of it.
pub(super) async fn fill_in_support(within: &Element) {
    let said = client_capabilities().await;
    each(within, "data-capability", |name| {
        in_word(match member(&said, name).ok().and_then(|value| value.as_bool()) {
            Some(true) => Support::Available,
            Some(false) => Support::Absent,
            None => Support::Unknown,
        })
    });
    each(within, "data-interface", |name| {
        in_word(if has(name) { Support::Available } else { Support::Absent })
    });
}

fn in_word(support: Support) -> &'static str {
    match support {
        Support::Available => "available",
        Support::Absent => "absent",
        Support::Unknown => "unknown",
    }
}

/// Writes into every element with this attribute what its value stands for, also as another
/// attribute for the stylesheet.
pub(super) fn each(within: &Element, attribute: &str, text: impl Fn(&str) -> &'static str) {
    let Ok(found) = within.query_selector_all(&format!("[{attribute}]")) else {
        return;
    };
    for n in 0..found.length() {
        if let Some(element) = found.get(n).and_then(|node| node.dyn_into::<Element>().ok()) {
            let words = text(&element.get_attribute(attribute).unwrap_or_default());
            element.set_text_content(Some(words));
            let _ = element.set_attribute("data-is", words);
        }
    }
}

/// Whether the browser reads the member `uiMode`: a request that asks for
/// nothing reads its options and is refused without any dialog.
fn spelling() -> Spelling {
    let read = Rc::new(Cell::new(false));
    let getter = {
        let read = read.clone();
        Closure::<dyn FnMut()>::new(move || read.set(true))
    };
    let (options, property) = (Object::new(), Object::new());
    set(&property, "get", getter.as_ref());
    set(&property, "enumerable", &JsValue::TRUE);
    Object::define_property(&options, &"uiMode".into(), &property);
    ignore(credentials().get_with_options(options.unchecked_ref()));
    if read.get() { Spelling::UiMode } else { Spelling::Mediation }
}

/// `navigator.credentials.get`. `public_key`: the options, as JSON, where passkeys are asked
/// for; `origins`: of the providers, where those are.
///
/// Nothing is awaited before the browser is called: the press that led here is
/// good for a few seconds only.
pub(super) async fn get(ask: Ask, public_key: &str, origins: &[String]) -> Credential {
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

/// `navigator.credentials.get` for a token of a provider (FedCM §2.5). From a press only.
pub(super) async fn get_token(provider: &FedCm, nonce: &str) -> Option<String> {
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

/// Saves a password that was right, in the browser's password manager, which may ask.
pub(super) fn save_password(id: &str, password: &str, name: &str) {
    let details = Object::new();
    set(&details, "password", &password.into());
    save("PasswordCredential", details, id, name);
}

/// Has the browser remember which provider was signed in with.
pub(super) fn save_federated(federated: &Federated) {
    let details = Object::new();
    set(&details, "provider", &(&federated.origin).into());
    save("FederatedCredential", details, &federated.id, &federated.name);
}

/// `navigator.credentials.store`. A courtesy: nothing waits for what comes of it, or depends
/// on whether there is such a class. The browser's question outlives the page.
fn save(class: &str, details: Object, id: &str, name: &str) {
    let icon = format!("{}/favicon.svg", window().location().origin().unwrap_or_default());
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

/// Whatever comes of it, also a refusal.
fn ignore(promise: Js<Promise>) {
    if let Ok(promise) = promise {
        leptos::task::spawn_local(async move {
            let _ = JsFuture::from(promise).await;
        });
    }
}

/// Credential Management L1 §2.3.4: nobody is signed in silently until the person has chosen
/// a credential again.
pub(super) fn prevent_silent_access() {
    ignore(credentials().prevent_silent_access());
}

/// Whether nobody has begun to use the page: one that has the focus somewhere, was scrolled
/// or filled in is not to be replaced.
pub(super) fn is_untouched() -> bool {
    let Some(document) = window().document() else {
        return false;
    };
    let focus = document.active_element().filter(|focus| focus.tag_name() != "BODY");
    let scrolled = window().scroll_y().is_ok_and(|pixels| pixels > 0.0);
    let filled_in = document.query_selector_all("input").is_ok_and(|inputs| {
        let inputs = (0..inputs.length()).filter_map(|n| inputs.get(n)?.dyn_into().ok());
        inputs.into_iter().any(|input: HtmlInputElement| input.value() != input.default_value())
    });
    focus.is_none() && !scrolled && !filled_in
}

/// Path and query of this page.
pub(super) fn here() -> String {
    let location = window().location();
    location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
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

/// `navigator.credentials.create`. `public_key`: the options, as JSON. `conditional`:
/// without asking the person, if the browser finds that it may (WebAuthn L3 §5.1.3).
pub(super) async fn create(public_key: &str, conditional: bool) -> Result<Created, Failure> {
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
    /// Ends the conditional request or creation that is pending.
    static PENDING: RefCell<Option<AbortController>> = const { RefCell::new(None) };
}

fn new_pending() -> Js {
    end_pending();
    let controller = AbortController::new()?;
    let signal = controller.signal().into();
    PENDING.with_borrow_mut(|pending| *pending = Some(controller));
    Ok(signal)
}

/// Ends a pending conditional request or creation: while there is one, every other request
/// fails with an `OperationError`.
pub(super) fn end_pending() {
    if let Some(controller) = PENDING.with_borrow_mut(Option::take) {
        controller.abort();
    }
}

pub(super) fn can_signal_unknown() -> bool {
    public_key_credential()
        .and_then(|class| member(&class, "signalUnknownCredential"))
        .is_ok_and(|method| method.is_function())
}

/// WebAuthn L3 §5.1.10.2: the password manager may forget this credential. `options`: of
/// the ceremony that it was used or created in, as JSON. Nothing waits for it.
pub(super) fn signal_unknown(options: &str, credential_id: &str) {
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

/// WebAuthn L3 §5.1.10.3 and §5.1.10.4: the password manager may forget what is not
/// accepted, and learns new names.
pub(super) async fn signal_account(signals: &Signals) {
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

/// Goes to a path of this store, and to no other place.
pub(super) fn go(path: &str) {
    let _ = window().location().assign(same_origin_path(path));
}

/// Moves the focus, and nothing else: the page is not scrolled.
pub(super) fn focus(id: &str) {
    let element = window().document().and_then(|document| document.get_element_by_id(id));
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = element.focus_with_options(&options);
    }
}

/// Aborts after this many milliseconds; an older browser waits for as long as it likes.
pub(super) fn timeout(milliseconds: u32) -> Option<AbortSignal> {
    let class = member(&window(), "AbortSignal").ok()?;
    call(&class, "timeout", &milliseconds.into()).ok().map(JsValue::unchecked_into)
}

/// Milliseconds since 1970.
pub(super) fn now() -> f64 {
    js_sys::Date::now()
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

fn credentials() -> CredentialsContainer {
    window().navigator().credentials()
}

pub(super) fn has(class: &str) -> bool {
    member(&window(), class).is_ok_and(|class| class.is_function())
}

/// The class, where it has the helpers that this file relies on.
fn public_key_credential() -> Js {
    let class = member(&window(), "PublicKeyCredential")?;
    let helper = member(&class, "parseRequestOptionsFromJSON")?;
    if helper.is_function() { Ok(class) } else { Err(JsValue::UNDEFINED) }
}

fn parse(helper: &str, json: &str) -> Js {
    call(&public_key_credential()?, helper, &JSON::parse(json)?)
}

fn to_json(credential: &JsValue) -> Js<String> {
    let plain = call(credential, "toJSON", &JsValue::UNDEFINED)?;
    Ok(JSON::stringify(&plain)?.into())
}

fn call(this: &JsValue, method: &str, argument: &JsValue) -> Js {
    member(this, method)?.dyn_into::<Function>()?.call1(this, argument)
}

fn member(of: &JsValue, name: &str) -> Js {
    Reflect::get(of, &name.into())
}

/// Setting a member of a plain object does not fail.
fn set(object: &Object, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &name.into(), value);
}
