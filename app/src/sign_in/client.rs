//! The way to the server, from a page's script: typed calls, and the one error that comes back.

use leptos::server_fn::ServerFn;
use serde::{Serialize, de::DeserializeOwned};
use web_sys::FormData;

use super::browser;
use crate::api::{Code, PublicError, Result};

/// Calls a server function. [`Code::Unreachable`] where no answer came. Leptos could do it too, in
/// several times as much wasm.
pub(super) async fn call<F>(function: F) -> Result<F::Output>
where
    F: ServerFn + Serialize,
    F::Output: DeserializeOwned,
{
    let arguments = serde_json::to_string(&function).unwrap_or_default();
    read(answer(browser::send_json(F::PATH, &arguments).await))
}

/// Posts a form to an address that answers a page's script with JSON. [`Code::Unreachable`] where
/// no answer came.
pub(super) async fn post<T: DeserializeOwned>(path: &str, form: &FormData) -> Result<T> {
    read(answer(browser::post_form(path, form).await))
}

/// The text of a good answer; of any other the error that it holds.
fn answer(answer: Option<(bool, String)>) -> Result<String> {
    let (done, text) = answer.ok_or_else(|| PublicError::from(Code::Unreachable))?;
    if done {
        return Ok(text);
    }
    Err(serde_json::from_str(&text).unwrap_or_else(|_| Code::Internal.into()))
}

fn read<T: DeserializeOwned>(answer: Result<String>) -> Result<T> {
    serde_json::from_str(&answer?).map_err(|_| Code::Internal.into())
}
