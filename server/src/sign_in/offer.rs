//! Which passkey to offer after a sign-in.

use app::api::Offer;

use super::assertion::Assertion;
use crate::webauthn::{RelyingParty, authentication::Attachment};

/// One for this device, if the one that was used lives in another. Whether this device has one
/// already is known only as far as a passkey was last used in it, with this browser.
pub(super) fn after_passkey(assertion: &Assertion) -> Option<Offer> {
    let elsewhere = assertion.attachment == Attachment::Roaming;
    (elsewhere && !assertion.known.has_passkey_here).then_some(Offer::ThisDevice)
}

/// The browser may always try to create one by itself: it leaves out what it has already.
pub(super) fn after_password(rp: &RelyingParty, has_passkey_here: bool) -> Option<Offer> {
    match (rp.takes_conditional(), has_passkey_here) {
        (true, false) => Some(Offer::Automatic),
        (true, true) => Some(Offer::AutomaticOnly),
        (false, false) => Some(Offer::Passkey),
        (false, true) => None,
    }
}
