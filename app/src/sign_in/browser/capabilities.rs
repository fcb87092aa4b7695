//! What the browser can do.

use std::{cell::Cell, rc::Rc};

use js_sys::{Object, Promise};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::Element;

use super::{call, credentials, credentials::ignore, each, member, public_key_credential, set};
use crate::sign_in::mediation::{Browser, Spelling, Support};

/// Asks the browser what it can do, by its capabilities (WebAuthn L3 §5.1.7).
pub(in crate::sign_in) async fn capabilities() -> Browser {
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

/// Finds out whether the browser reads the member `uiMode`: a request that asks for nothing reads
/// its options and is refused without any dialog.
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

/// Whether the browser has an interface of this name.
pub(in crate::sign_in) fn has(class: &str) -> bool {
    member(&window(), class).is_ok_and(|class| class.is_function())
}

/// Writes into every element within this one that names a capability or an interface what the
/// browser says of it: see `pages::browser_support`.
pub(in crate::sign_in) async fn fill_in_support(within: &Element) {
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
