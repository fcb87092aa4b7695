//! What a page tells and asks the browser by itself.

use leptos::prelude::*;

use crate::{api::Upkeep, sign_in::flows};

/// Nothing to see: what a page tells and asks the browser by itself, once it has loaded.
#[island]
pub fn BrowserUpkeep(upkeep: Upkeep) -> impl IntoView {
    Effect::new(move |_| leptos::task::spawn_local(flows::keep_up(upkeep.clone())));
}
