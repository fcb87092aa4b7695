//! The wasm entry point.

// Linked for its islands, which the page's script looks up by name.
use app as _;
use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
    // The islands are hydrated in microtasks that follow this call; the next
    // task finds them all alive.
    set_timeout(mark_hydrated, std::time::Duration::ZERO);
}

/// `<html data-hydrated>`, which tests and style sheets can wait for.
fn mark_hydrated() {
    if let Some(html) = document().document_element() {
        let _ = html.set_attribute("data-hydrated", "");
    }
}
