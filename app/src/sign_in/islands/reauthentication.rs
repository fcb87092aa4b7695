//! A button that asks for a passkey of this account.

use leptos::{ev::MouseEvent, prelude::*};

use super::{Progress, check_support, progress::Ceremony};
use crate::{
    api::Next,
    sign_in::{Place, flows},
};

/// A press that asks for a passkey of this account and goes on to `next`: a reauthentication, or
/// the second factor. The children hold the button.
#[island]
pub fn PasskeyProof(next: Next, children: Children) -> impl IntoView {
    let progress = Progress::new();
    Effect::new(move |_| check_support(Place::OtherDevice, progress));
    let press = move |_: MouseEvent| progress.run(flows::reauthenticate(next.clone(), progress));
    view! { <Ceremony progress on_press=press>{children()}</Ceremony> }
}
