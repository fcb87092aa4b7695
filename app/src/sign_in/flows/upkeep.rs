//! What a page tells and asks the browser by itself.

use web_sys::Element;

use super::{automatic::sign_in_by_itself, capabilities};
use crate::{
    api::{Signalled, Signals, Upkeep},
    sign_in::{Place, browser, client, mediation},
};

/// What a page does when it has loaded, beside what people press.
pub(in crate::sign_in) async fn keep_up(upkeep: Upkeep) {
    if upkeep.by_hand {
        browser::prevent_silent_access();
    }
    if let Some(federated) = upkeep.federated {
        browser::save_federated(&federated);
    }
    if let Some(signals) = upkeep.signals {
        signal(signals).await;
    }
    if let Some(origins) = upkeep.automatic {
        sign_in_by_itself(&origins).await;
    }
}

/// Tells the passkey manager about the account's passkeys, then the server that this was done. If
/// the server does not hear it, the next page tells it again.
pub(in crate::sign_in) async fn signal(signals: Signals) {
    browser::signal_account(&signals).await;
    let Signals { user_id, version, .. } = signals;
    let _ = client::call(Signalled { user_id, version }).await;
}

/// Writes what this browser can do, and what the presses named in the page would do, into it.
pub(in crate::sign_in) async fn fill_in_support(within: &Element) {
    let browser = capabilities().await;
    browser::each(within, "data-press", |place| {
        mediation::in_words(mediation::first(browser, Place::named(place)))
    });
    browser::fill_in_support(within).await;
}
