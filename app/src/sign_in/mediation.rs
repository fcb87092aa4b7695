//! What a press does next, as a ladder.
//!
//! A pure function of what the browser can do, what it just answered and where
//! the visitor is. The flow of a [press](super::flows::press) climbs it rung
//! by rung:
//!
//! 1. ask at once for what is right here (*immediate*): one dialog or none,
//! 2. else let the visitor choose among the saved passwords and providers (*chooser*), or
//!    open the browser's ordinary dialog (*modal*) where a page is for that,
//! 3. else go to the form.

use serde::{Deserialize, Serialize};

use crate::api::{Code, Offer, PublicError};

/// Where a passkey is asked for, which decides how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// "Sign in" in the header of every page.
    Header,
    /// "Check out" on `/cart`.
    CheckOut,
    /// "Sign in with a passkey" on `/one-button`.
    OneButton,
    /// "Use a passkey from another device" on `/sign-in`.
    OtherDevice,
    /// No press at all: the username field on `/sign-in` offers passkeys.
    Autofill,
}

impl Place {
    /// The place with this name, which [`Place::name`] gave it.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let places = [Self::Header, Self::OneButton, Self::OtherDevice];
        places.into_iter().find(|place| place.name() == name).unwrap_or(Self::Autofill)
    }

    /// The name of the place in attributes on `/browser-support`. Places where a press does the
    /// same have one name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Header | Self::CheckOut => "header",
            Self::OneButton => "one-button",
            Self::OtherDevice => "other-device",
            Self::Autofill => "autofill",
        }
    }

    /// Whether the page of the place is about something else than signing in, so that the form has
    /// to be offered when the ceremony fails.
    #[must_use]
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Header | Self::CheckOut)
    }
}

/// What this browser can do, as far as it says. Nothing is guessed from its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Browser {
    /// Whether there is WebAuthn, with its JSON helpers (WebAuthn L3 §5.1.8 and §5.1.9).
    pub webauthn: bool,
    /// How immediate requests are spelled, where there is the capability `immediateGet`.
    pub immediate: Option<Spelling>,
    /// Whether passkeys are offered in autofill: the capability `conditionalGet`.
    pub conditional: bool,
    /// Whether the browser creates passkeys by itself: the capability `conditionalCreate`.
    pub conditional_create: bool,
    /// Whether there is `PasswordCredential`: passwords can be saved, and saved ones asked for.
    pub passwords: bool,
    /// Whether there is a platform authenticator, so that a passkey can be kept on this device: the
    /// capability `passkeyPlatformAuthenticator` or `userVerifyingPlatformAuthenticator`.
    pub platform: bool,
}

/// What a browser says of one of its capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    Available,
    Absent,
    /// The browser does not say.
    Unknown,
}

/// The rung that a press begins with, in words: few enough for one line of a phone, so that
/// nothing moves when they change.
#[must_use]
pub fn in_words(step: Step) -> &'static str {
    match step {
        Step::Ask(Ask::Immediate { passwords: true, .. }) => "asks at once: passkeys and passwords",
        Step::Ask(Ask::Immediate { .. }) => "asks at once: passkeys",
        Step::Ask(Ask::Chooser) => "lets you choose a saved password",
        Step::Ask(Ask::Modal) => "opens the browser’s dialog",
        Step::Ask(Ask::Conditional) => "offers passkeys in its autofill",
        Step::ToForm => "leads to the form",
        Step::Say(_) => "says that there are no passkeys here",
        _ => "is an ordinary field",
    }
}

/// How an immediate request is spelled, which has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// `uiMode: "immediate"`, as it shipped.
    UiMode,
    /// `mediation: "immediate"`, as in the origin trial.
    Mediation,
}

/// A request to `navigator.credentials.get`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Asks for what is on this device only, and opens no dialog when there is nothing.
    /// `passwords`: saved passwords as well as passkeys.
    Immediate { spelling: Spelling, passwords: bool },
    /// Opens the browser's dialog, which also offers roaming authenticators: other devices and
    /// security keys.
    Modal,
    /// Has passkeys offered in the autofill of the username field (`mediation: "conditional"`).
    Conditional,
    /// Shows the saved passwords and the remembered providers, for the visitor to choose from
    /// (Credential Management L1 §2.3.2, `mediation: "optional"`).
    Chooser,
    /// Takes a saved password or a remembered provider without any dialog, or brings nothing
    /// (Credential Management L1 §2.3.2, `mediation: "silent"`).
    Silent,
}

impl Ask {
    /// Whether the request asks for a passkey, and so needs a challenge.
    #[must_use]
    pub fn is_for_passkeys(self) -> bool {
        !matches!(self, Self::Chooser | Self::Silent)
    }
}

/// How the browser answered a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Passkey,
    Password,
    /// A provider that was signed in with in this browser before.
    Federated,
    /// No credential and no error: `null`.
    Nothing,
    Failed(Failure),
}

/// The errors that a request or a creation can end with, by their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// `NotAllowedError`: nothing there, dismissed, private window, rate limit, no user activation.
    /// Browsers do not tell which, so that sites cannot find out.
    NotAllowed,
    /// `OperationError`: another request is still pending.
    Pending,
    /// `NotSupportedError`: the browser or the authenticator cannot do what was asked for.
    NotSupported,
    /// `SecurityError`: not the relying party's address, such as `http://127.0.0.1`.
    Security,
    /// `AbortError`: ended by ourselves, for another request.
    Abort,
    /// `InvalidStateError`: this device has a passkey for the account already.
    InvalidState,
    Other,
}

/// The next rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Ask(Ask),
    /// End what is pending, then ask once more.
    AskAgain(Ask),
    /// The server verifies the assertion.
    VerifyPasskey,
    /// The server checks the saved password.
    CheckPassword,
    /// On to the remembered provider.
    ToProvider,
    /// On to `/sign-in`, without any complaint.
    ToForm,
    Say(&'static str),
    Stay,
}

/// What is said where there is no WebAuthn.
pub const UNSUPPORTED: &str = "This browser does not support passkeys.";
const DISMISSED: &str = "No passkey was used. You can try again, or sign in with a form.";
/// What is said when the browser brought no token of a provider.
pub const NO_TOKEN: &str = "You were not signed in. You can try again, or go there yourself.";
const WRONG_ADDRESS: &str = "Passkeys do not work at this address of the store.";

/// The rung that a press begins with.
#[must_use]
pub fn first(browser: Browser, place: Place) -> Step {
    let modal = if browser.webauthn { Step::Ask(Ask::Modal) } else { Step::Say(UNSUPPORTED) };
    let immediate = |passwords| {
        let ask = |spelling| Step::Ask(Ask::Immediate { spelling, passwords });
        browser.immediate.filter(|_| browser.webauthn).map(ask)
    };
    let chooser = if browser.passwords { Step::Ask(Ask::Chooser) } else { Step::ToForm };
    match place {
        Place::Header | Place::CheckOut => immediate(true).unwrap_or(chooser),
        // The page speaks of passkeys only.
        Place::OneButton => immediate(false).unwrap_or(modal),
        // An immediate request would hide just what this button is for.
        Place::OtherDevice => modal,
        Place::Autofill if browser.webauthn && browser.conditional => Step::Ask(Ask::Conditional),
        Place::Autofill => Step::Stay,
    }
}

/// The rung after the browser's answer to a request. `again` says whether this was
/// [`Step::AskAgain`], which is not done twice.
#[must_use]
pub fn next(ask: Ask, answer: Answer, again: bool) -> Step {
    match (ask, answer) {
        (_, Answer::Passkey) => Step::VerifyPasskey,
        (_, Answer::Password) => Step::CheckPassword,
        (_, Answer::Federated) => Step::ToProvider,
        // Nobody pressed anything, so nobody expects anything.
        (Ask::Conditional | Ask::Silent, _) => Step::Stay,
        (_, Answer::Failed(Failure::Pending)) if !again => Step::AskAgain(ask),
        (Ask::Immediate { .. } | Ask::Chooser, _) => Step::ToForm,
        (Ask::Modal, Answer::Failed(Failure::Abort)) => Step::Stay,
        (Ask::Modal, Answer::Failed(Failure::Security)) => Step::Say(WRONG_ADDRESS),
        (Ask::Modal, Answer::Failed(Failure::NotSupported)) => Step::Say(UNSUPPORTED),
        (Ask::Modal, _) => Step::Say(DISMISSED),
    }
}

/// What to say when the server refused a sign-in, and whether the passkey manager is to forget the
/// passkey (`signalUnknownCredential`, WebAuthn L3 §5.1.10.2). `can_signal` says whether the
/// browser can tell it.
#[must_use]
pub fn refused(error: &PublicError, can_signal: bool) -> (String, bool) {
    match error.code {
        Code::UnknownCredential if can_signal => (
            "This store does not know that passkey, so your password manager was told not to \
             offer it here any more."
                .to_owned(),
            true,
        ),
        Code::UnknownCredential => (
            "This store does not know that passkey. You may want to delete it from your password \
             manager."
                .to_owned(),
            false,
        ),
        Code::WrongPassword => (
            "The saved password is not right any more. Please sign in with the form.".to_owned(),
            false,
        ),
        _ => (error.message.clone(), false),
    }
}

/// Whether a passkey that was just created opens nothing, so that the passkey manager may forget
/// it: the server refused it, or never answered. `known` is what the server said when it was asked
/// again, if it said anything; an answer may have been lost on its way.
#[must_use]
pub fn is_useless(refusal: Code, known: Option<bool>) -> bool {
    // Taken: it does open something.
    refusal != Code::CredentialTaken && known != Some(true)
}

/// How the offer of a passkey begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bringing {
    /// The browser may create a passkey by itself (WebAuthn L3 §5.1.3).
    Automatically,
    Ask,
    Nothing,
}

/// How an offer of a passkey begins in this browser.
#[must_use]
pub fn bring_up(browser: Browser, offer: Offer) -> Bringing {
    match offer {
        _ if !browser.webauthn => Bringing::Nothing,
        Offer::Automatic | Offer::AutomaticOnly if browser.conditional_create => {
            Bringing::Automatically
        }
        Offer::AutomaticOnly => Bringing::Nothing,
        Offer::ThisDevice if !browser.platform => Bringing::Nothing,
        Offer::Automatic | Offer::Passkey | Offer::ThisDevice => Bringing::Ask,
    }
}

/// What to say when a passkey of the account was asked for, and none came.
#[must_use]
pub fn not_proved(failure: Failure) -> &'static str {
    match failure {
        Failure::Security => WRONG_ADDRESS,
        Failure::NotSupported => UNSUPPORTED,
        _ => "No passkey was used. You can try again.",
    }
}

/// What to say when `navigator.credentials.create` failed.
#[must_use]
pub fn not_created(failure: Failure) -> &'static str {
    match failure {
        Failure::InvalidState => "This device has a passkey for this account already.",
        Failure::Security => WRONG_ADDRESS,
        Failure::NotSupported => "This device cannot create a passkey.",
        _ => "No passkey was created. You can try again.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Browser = Browser {
        webauthn: true,
        immediate: Some(Spelling::UiMode),
        conditional: true,
        conditional_create: true,
        passwords: true,
        platform: true,
    };
    const TRIAL: Browser = Browser { immediate: Some(Spelling::Mediation), ..NEW };
    const OLDER: Browser = Browser { immediate: None, ..NEW };
    /// Such as Firefox.
    const NO_PASSWORDS: Browser = Browser { passwords: false, ..OLDER };
    const NONE: Browser = Browser {
        webauthn: false,
        immediate: None,
        conditional: false,
        conditional_create: false,
        passwords: false,
        platform: false,
    };

    fn immediate(passwords: bool) -> Ask {
        Ask::Immediate { spelling: Spelling::UiMode, passwords }
    }

    #[test]
    fn every_first_rung_has_words() {
        for browser in [NEW, OLDER, NONE] {
            for place in [Place::Header, Place::CheckOut] {
                assert_ne!(in_words(first(browser, place)), "is an ordinary field");
            }
        }
        assert_eq!(in_words(first(NONE, Place::Autofill)), "is an ordinary field");
    }

    // Flow 1 and 2: the first rung.

    #[test]
    fn the_header_and_the_checkout_ask_for_passkeys_and_passwords_at_once() {
        for place in [Place::Header, Place::CheckOut] {
            assert_eq!(first(NEW, place), Step::Ask(immediate(true)));
            assert_eq!(first(NO_PASSWORDS, place), Step::ToForm);
            assert_eq!(first(NONE, place), Step::ToForm);
        }
    }

    // The account chooser.

    #[test]
    fn without_immediate_requests_the_saved_passwords_are_asked_for() {
        for place in [Place::Header, Place::CheckOut] {
            assert_eq!(first(OLDER, place), Step::Ask(Ask::Chooser));
            let no_webauthn = Browser { passwords: true, ..NONE };
            assert_eq!(first(no_webauthn, place), Step::Ask(Ask::Chooser));
        }
        // These pages speak of passkeys only.
        assert_eq!(first(OLDER, Place::OneButton), Step::Ask(Ask::Modal));
        assert_eq!(first(OLDER, Place::OtherDevice), Step::Ask(Ask::Modal));
    }

    #[test]
    fn each_choice_goes_its_own_way() {
        let after = |answer| next(Ask::Chooser, answer, false);
        assert_eq!(after(Answer::Password), Step::CheckPassword);
        assert_eq!(after(Answer::Federated), Step::ToProvider);
        assert_eq!(after(Answer::Nothing), Step::ToForm);
        // `InvalidStateError`: the chooser of another tab is open.
        for failure in [Failure::NotAllowed, Failure::InvalidState, Failure::Other] {
            assert_eq!(after(Answer::Failed(failure)), Step::ToForm);
        }
    }

    #[test]
    fn nobody_hears_of_a_silent_request_that_brought_nothing() {
        let after = |answer| next(Ask::Silent, answer, false);
        assert_eq!(after(Answer::Password), Step::CheckPassword);
        assert_eq!(after(Answer::Federated), Step::ToProvider);
        for failure in [Failure::NotAllowed, Failure::Pending, Failure::InvalidState] {
            assert_eq!(after(Answer::Failed(failure)), Step::Stay);
        }
        assert_eq!(after(Answer::Nothing), Step::Stay);
    }

    #[test]
    fn the_one_button_has_three_states() {
        assert_eq!(first(NEW, Place::OneButton), Step::Ask(immediate(false)));
        assert_eq!(first(OLDER, Place::OneButton), Step::Ask(Ask::Modal));
        assert_eq!(first(NONE, Place::OneButton), Step::Say(UNSUPPORTED));
    }

    #[test]
    fn another_device_is_never_asked_for_immediately() {
        assert_eq!(first(NEW, Place::OtherDevice), Step::Ask(Ask::Modal));
        assert_eq!(first(NONE, Place::OtherDevice), Step::Say(UNSUPPORTED));
    }

    #[test]
    fn autofill_is_armed_where_it_exists_and_silent_elsewhere() {
        assert_eq!(first(NEW, Place::Autofill), Step::Ask(Ask::Conditional));
        assert_eq!(first(Browser { conditional: false, ..NEW }, Place::Autofill), Step::Stay);
        assert_eq!(first(NONE, Place::Autofill), Step::Stay);
    }

    #[test]
    fn the_origin_trials_spelling_is_used_where_it_is_understood() {
        let ask = Ask::Immediate { spelling: Spelling::Mediation, passwords: true };
        assert_eq!(first(TRIAL, Place::Header), Step::Ask(ask));
    }

    #[test]
    fn a_browser_without_webauthn_is_never_asked_for_passkeys() {
        let odd = Browser { webauthn: false, ..NEW };
        assert_eq!(first(odd, Place::Header), Step::Ask(Ask::Chooser));
        assert_eq!(first(odd, Place::Autofill), Step::Stay);
    }

    // The error table: what an immediate request can end with.

    fn after_immediate(answer: Answer) -> Step {
        next(immediate(true), answer, false)
    }

    #[test]
    fn a_passkey_is_verified_and_a_password_checked() {
        assert_eq!(after_immediate(Answer::Passkey), Step::VerifyPasskey);
        assert_eq!(after_immediate(Answer::Password), Step::CheckPassword);
    }

    #[test]
    fn no_credential_for_the_site_leads_to_the_form() {
        assert_eq!(after_immediate(Answer::Failed(Failure::NotAllowed)), Step::ToForm);
        assert_eq!(after_immediate(Answer::Nothing), Step::ToForm);
    }

    #[test]
    fn dismissed_incognito_rate_limited_without_activation_or_with_allow_credentials_lead_to_the_form()
     {
        // One error name for all of them, on purpose.
        assert_eq!(after_immediate(Answer::Failed(Failure::NotAllowed)), Step::ToForm);
    }

    #[test]
    fn a_pending_request_is_ended_and_the_question_put_again_but_once() {
        let pending = Answer::Failed(Failure::Pending);
        assert_eq!(next(immediate(true), pending, false), Step::AskAgain(immediate(true)));
        assert_eq!(next(immediate(true), pending, true), Step::ToForm);
        assert_eq!(next(Ask::Modal, pending, false), Step::AskAgain(Ask::Modal));
        assert_eq!(next(Ask::Modal, pending, true), Step::Say(DISMISSED));
    }

    #[test]
    fn mixed_with_conditional_mediation_it_leads_to_the_form() {
        assert_eq!(after_immediate(Answer::Failed(Failure::NotSupported)), Step::ToForm);
    }

    #[test]
    fn at_an_address_without_passkeys_it_leads_to_the_form() {
        assert_eq!(after_immediate(Answer::Failed(Failure::Security)), Step::ToForm);
    }

    #[test]
    fn a_spelling_that_is_not_understood_leads_to_the_form() {
        // `TypeError` for "mediation" in a browser that shipped "uiMode".
        assert_eq!(after_immediate(Answer::Failed(Failure::Other)), Step::ToForm);
    }

    #[test]
    fn a_dialog_that_was_closed_is_not_an_error() {
        assert_eq!(
            next(Ask::Modal, Answer::Failed(Failure::NotAllowed), false),
            Step::Say(DISMISSED)
        );
        assert_eq!(next(Ask::Modal, Answer::Failed(Failure::Abort), false), Step::Stay);
        assert_eq!(
            next(Ask::Modal, Answer::Failed(Failure::Security), false),
            Step::Say(WRONG_ADDRESS)
        );
    }

    #[test]
    fn autofill_fails_silently() {
        for failure in [Failure::NotAllowed, Failure::Abort, Failure::Pending, Failure::Other] {
            assert_eq!(next(Ask::Conditional, Answer::Failed(failure), false), Step::Stay);
        }
    }

    // Getting people a passkey.

    #[test]
    fn after_a_password_the_browser_may_create_one_by_itself_or_the_person_is_asked() {
        assert_eq!(bring_up(NEW, Offer::Automatic), Bringing::Automatically);
        let without = Browser { conditional_create: false, ..NEW };
        assert_eq!(bring_up(without, Offer::Automatic), Bringing::Ask);
        assert_eq!(bring_up(NEW, Offer::AutomaticOnly), Bringing::Automatically);
        assert_eq!(bring_up(without, Offer::AutomaticOnly), Bringing::Nothing);
        assert_eq!(bring_up(NEW, Offer::Passkey), Bringing::Ask);
    }

    #[test]
    fn one_for_this_device_is_offered_where_the_device_can_keep_it() {
        assert_eq!(bring_up(NEW, Offer::ThisDevice), Bringing::Ask);
        let without = Browser { platform: false, ..NEW };
        assert_eq!(bring_up(without, Offer::ThisDevice), Bringing::Nothing);
        // A security key will do where the offer is any passkey.
        assert_eq!(bring_up(without, Offer::Passkey), Bringing::Ask);
    }

    #[test]
    fn nothing_is_offered_without_webauthn() {
        for offer in [Offer::Automatic, Offer::AutomaticOnly, Offer::Passkey, Offer::ThisDevice] {
            assert_eq!(bring_up(NONE, offer), Bringing::Nothing);
        }
    }

    // What the server said.

    #[test]
    fn an_unknown_credential_is_signalled_where_that_exists() {
        let error = PublicError::unknown_credential("AQID".to_owned());
        let (said, signal) = refused(&error, true);
        assert!(signal && said.contains("was told"));
        let (said, signal) = refused(&error, false);
        assert!(!signal && said.contains("delete it"));
    }

    #[test]
    fn a_created_passkey_is_given_up_when_the_server_refused_it_or_never_answered() {
        for code in [Code::UsernameTaken, Code::ChallengeUnknown, Code::Internal] {
            assert!(is_useless(code, Some(false)));
        }
        assert!(is_useless(Code::Unreachable, None) && is_useless(Code::Unreachable, Some(false)));
        assert!(!is_useless(Code::CredentialTaken, Some(true)));
    }

    #[test]
    fn a_created_passkey_stays_when_only_the_answer_was_lost() {
        assert!(!is_useless(Code::Unreachable, Some(true)));
    }

    #[test]
    fn other_refusals_are_passed_on_in_the_servers_words() {
        let error = PublicError::from(Code::ChallengeUnknown);
        assert_eq!(refused(&error, true), (error.message.clone(), false));
    }
}
