//! The way to the server, from a page's script.

use std::time::Duration;

use js_sys::{Object, Reflect};
use leptos::{prelude::window, server_fn::ServerFn};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{FormData, HtmlFormElement, HtmlInputElement, RequestInit, Response};

use super::browser;
use crate::api::{Code, PublicError, Result};

/// How long an answer is waited for. The server itself may have to ask a provider, and does not
/// wait as long.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Calls a server function. Leptos could do it too, in several times as much wasm.
pub(super) async fn call<F>(function: F) -> Result<F::Output>
where
    F: ServerFn + Serialize,
    F::Output: DeserializeOwned,
{
    let arguments = serde_json::to_string(&function).unwrap_or_default();
    read(send(F::PATH, "content-type", "application/json", &arguments.into()).await)
}

/// Posts a form, as `multipart/form-data`. The header says who asks, and proves that it is
/// this shop: no other site can send it.
pub(super) async fn post<T: DeserializeOwned>(path: &str, form: &FormData) -> Result<T> {
    read(send(path, "latchkey-script", "1", form).await)
}

fn read<T: DeserializeOwned>(answer: Result<String>) -> Result<T> {
    serde_json::from_str(&answer?).map_err(|_| Code::Internal.into())
}

async fn send(path: &str, header: &str, value: &str, body: &JsValue) -> Result<String> {
    let answer = fetch(path, header, value, body).await;
    let (done, text) = answer.map_err(|_| PublicError::from(Code::Unreachable))?;
    if done {
        return Ok(text);
    }
    Err(serde_json::from_str(&text).unwrap_or_else(|_| Code::Internal.into()))
}

async fn fetch(
    path: &str,
    header: &str,
    value: &str,
    body: &JsValue,
) -> std::result::Result<(bool, String), JsValue> {
    let headers = Object::new();
    Reflect::set(&headers, &header.into(), &value.into())?;
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_headers(&headers);
    request.set_body(body);
    request.set_signal(browser::timeout(ANSWER_TIMEOUT).as_ref());
    let answer = window().fetch_with_str_and_init(path, &request);
    let answer: Response = JsFuture::from(answer).await?.dyn_into()?;
    let text = JsFuture::from(answer.text()?).await?;
    Ok((answer.ok(), text.as_string().unwrap_or_default()))
}

/// A form with these fields.
pub(super) fn form(fields: &[(&str, &str)]) -> FormData {
    let form = FormData::new().unwrap_or_else(|_| unreachable!("a form without an element"));
    for (name, value) in fields {
        let _ = form.append_with_str(name, value);
    }
    form
}

/// What was entered into a form.
pub(super) fn entries(form: &HtmlFormElement) -> FormData {
    FormData::new_with_form(form).unwrap_or_else(|_| self::form(&[]))
}

/// What was entered into one of its fields.
pub(super) fn entry(form: &HtmlFormElement, name: &str) -> Option<String> {
    let input = form.elements().named_item(name)?.dyn_into::<HtmlInputElement>().ok()?;
    Some(input.value())
}
