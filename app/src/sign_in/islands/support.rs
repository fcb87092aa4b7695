//! What this browser can do, on `/browser-support`.

use leptos::prelude::*;

use crate::sign_in::flows;

/// Fills in what this browser can do, and what a press would do in it. The children hold it
/// as it is before the browser has been asked, and without JavaScript.
#[island]
pub fn BrowserSupport(children: Children) -> impl IntoView {
    let wrapper = NodeRef::<leptos::html::Div>::new();
    Effect::new(move |_| {
        leptos::task::spawn_local(async move {
            if let Some(wrapper) = wrapper.get_untracked() {
                flows::fill_in_support(&wrapper).await;
            }
        });
    });
    view! { <div node_ref=wrapper>{children()}</div> }
}
