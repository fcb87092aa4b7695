//! A button that adds a passkey to the account.

use leptos::{ev::MouseEvent, prelude::*};

use super::{Progress, check_support, progress::Ceremony};
use crate::{
    api::Next,
    sign_in::{Place, flows},
};

/// A press that adds a passkey to the account and goes on to `next`. The children hold the button.
#[island]
pub fn PasskeyAddition(next: Next, children: Children) -> impl IntoView {
    let progress = Progress::new();
    Effect::new(move |_| check_support(Place::OtherDevice, progress));
    let press = move |_: MouseEvent| {
        let next = next.clone();
        progress.run(async move {
            if flows::add(true, false, progress).await.is_some() {
                flows::go(next.as_str());
            }
        });
    };
    view! { <Ceremony progress on_press=press>{children()}</Ceremony> }
}
