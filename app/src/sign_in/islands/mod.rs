//! The controls, one a file. They are wrapped around plain links and forms, which do their work
//! until the wasm has arrived, and without it. Where there is no plain way, a button waits for
//! the wasm.

mod addition;
mod credential_form;
mod offer;
mod press;
mod progress;
mod provider;
mod reauthentication;
mod support;
mod upkeep;

use leptos::{ev::MouseEvent, prelude::*};

pub(super) use self::progress::Progress;
pub use self::{
    addition::PasskeyAddition,
    credential_form::{CredentialForm, Purpose},
    offer::PasskeyOffer,
    press::PasskeyPress,
    provider::ProviderPress,
    reauthentication::PasskeyProof,
    support::BrowserSupport,
    upkeep::BrowserUpkeep,
};
use super::{
    Place, flows,
    mediation::{self, Step, UNSUPPORTED},
};

/// Says so when the place has nothing to offer in this browser.
fn check_support(place: Place, progress: Progress) {
    leptos::task::spawn_local(async move {
        if mediation::first(flows::capabilities().await, place) == Step::Say(UNSUPPORTED) {
            progress.unsupported.set(true);
            progress.say(UNSUPPORTED);
        }
    });
}

/// A press that would follow the link here: not one that opens a new tab.
fn is_plain(event: &MouseEvent) -> bool {
    let changed = event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
    event.button() == 0 && !changed && !event.default_prevented()
}
