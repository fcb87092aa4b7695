//! The one place of the ceremonies that touches JavaScript values.
//!
//! * [`capabilities`]: what the browser can do;
//! * [`credentials`]: `navigator.credentials`, typed;
//! * [`signals`]: what passkey managers are told;
//! * [`fetch`]: the way to the server, and the forms that are posted;
//! * [`page`]: where the visitor is, and what they have begun to do.

mod capabilities;
mod credentials;
mod fetch;
mod page;
mod signals;

use js_sys::{Function, JSON, Object, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::CredentialsContainer;

pub(super) use self::{
    capabilities::{capabilities, fill_in_support, has},
    credentials::{
        Credential, create, end_pending, get, get_token, prevent_silent_access, save_federated,
        save_password,
    },
    fetch::{entries, entry, form, post_form, send_json},
    page::{each, focus, go, here, is_untouched, leave, now},
    signals::{can_signal_unknown, signal_account, signal_unknown},
};

/// What JavaScript returned, or threw.
type Js<T = JsValue> = Result<T, JsValue>;

fn credentials() -> CredentialsContainer {
    window().navigator().credentials()
}

/// The class `PublicKeyCredential`, where it has the helpers that the ceremonies rely on.
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

/// Sets a member of a plain object, which does not fail.
fn set(object: &Object, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &name.into(), value);
}
