//! What a page tells and asks the browser by itself.

use leptos::prelude::*;

use crate::{api::Upkeep, sign_in::flows};

/// What a page tells and asks the browser by itself.
#[island]
pub fn BrowserUpkeep(upkeep: Upkeep) -> impl IntoView {
    Effect::new(move |_| leptos::task::spawn_local(flows::keep_up(upkeep.clone())));
}
