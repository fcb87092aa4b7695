//! The page: where the visitor is, and what they have begun to do.

use leptos::prelude::window;
use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, HtmlElement, HtmlInputElement};

use crate::api::Next;

/// Path and query of this page.
pub(in crate::sign_in) fn here() -> Next {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    Next::parse(&(path + &location.search().unwrap_or_default()))
}

/// Goes to a path and query of this shop, and to no other place.
pub(in crate::sign_in) fn go(path: &str) {
    let _ = window().location().assign(Next::local(path));
}

/// Goes to the address of a provider, as the server gave it.
pub(in crate::sign_in) fn leave(url: &str) {
    if url.starts_with("http") {
        let _ = window().location().assign(url);
    }
}

/// Whether nobody has begun to use the page. One that has the focus somewhere, was scrolled or
/// filled in is not to be replaced.
pub(in crate::sign_in) fn is_untouched() -> bool {
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

/// Moves the focus to the element with this id, and nothing else: the page is not scrolled.
pub(in crate::sign_in) fn focus(id: &str) {
    let element = window().document().and_then(|document| document.get_element_by_id(id));
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = element.focus_with_options(&options);
    }
}

/// Writes into every element within this one that has an attribute what the attribute's value
/// stands for, and the same into `data-is` for the stylesheet.
pub(in crate::sign_in) fn each(
    within: &Element,
    attribute: &str,
    text: impl Fn(&str) -> &'static str,
) {
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

/// The time, in milliseconds since 1970.
pub(in crate::sign_in) fn now() -> f64 {
    js_sys::Date::now()
}
