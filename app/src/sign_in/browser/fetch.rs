//! `fetch`, and the forms that it posts.

use std::time::Duration;

use js_sys::{Object, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, FormData, HtmlFormElement, HtmlInputElement, RequestInit, Response};

use super::{Js, call, member};

/// How long an answer is waited for. The server itself may have to ask a provider, and does not
/// wait as long.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Sends JSON to a path of this shop. Gives back whether the answer's status was a good one, and
/// its text; nothing where there was no answer.
pub(in crate::sign_in) async fn send_json(path: &str, json: &str) -> Option<(bool, String)> {
    send(path, "content-type", "application/json", &json.into()).await.ok()
}

/// Posts a form to a path of this shop, as `multipart/form-data`. The header says who asks, and
/// proves that it is this shop: no other site can send it. Gives back what [`send_json`] does.
pub(in crate::sign_in) async fn post_form(path: &str, form: &FormData) -> Option<(bool, String)> {
    send(path, "latchkey-script", "1", form).await.ok()
}

async fn send(path: &str, header: &str, value: &str, body: &JsValue) -> Js<(bool, String)> {
    let headers = Object::new();
    Reflect::set(&headers, &header.into(), &value.into())?;
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_headers(&headers);
    request.set_body(body);
    request.set_signal(timeout(ANSWER_TIMEOUT).as_ref());
    let answer = window().fetch_with_str_and_init(path, &request);
    let answer: Response = JsFuture::from(answer).await?.dyn_into()?;
    let text = JsFuture::from(answer.text()?).await?;
    Ok((answer.ok(), text.as_string().unwrap_or_default()))
}

/// A signal that aborts after this long; an older browser waits for as long as it likes.
fn timeout(after: Duration) -> Option<AbortSignal> {
    let class = member(&window(), "AbortSignal").ok()?;
    call(&class, "timeout", &(after.as_secs_f64() * 1000.0).into())
        .ok()
        .map(JsValue::unchecked_into)
}

/// A form with these fields.
pub(in crate::sign_in) fn form(fields: &[(&str, &str)]) -> FormData {
    let form = FormData::new().unwrap_or_else(|_| unreachable!("a form without an element"));
    for (name, value) in fields {
        let _ = form.append_with_str(name, value);
    }
    form
}

/// What was entered into a form.
pub(in crate::sign_in) fn entries(form: &HtmlFormElement) -> FormData {
    FormData::new_with_form(form).unwrap_or_else(|_| self::form(&[]))
}

/// What was entered into one of its fields; nothing where it has no such field.
pub(in crate::sign_in) fn entry(form: &HtmlFormElement, name: &str) -> Option<String> {
    let input = form.elements().named_item(name)?.dyn_into::<HtmlInputElement>().ok()?;
    Some(input.value())
}
