//! What a press does, from top to bottom.

use std::{cell::RefCell, rc::Rc, time::Duration};

use futures::future::{FutureExt, LocalBoxFuture, Shared};
use leptos::prelude::set_timeout_with_handle;
use web_sys::{Element, HtmlFormElement};

use super::{
    Place,
    browser::{self, Credential},
    control::Control,
    ladder::{self, Answer, Ask, Browser, Failure, Step},
    prefetch, server,
};
use crate::api::{
    AccountName, Added, Code, FedCm, Options, PublicError, Signals, SignedIn, Upkeep, Went,
    ceremonies::{
        DismissOffer, FinishAddition, FinishProof, FinishSignIn, FinishSignUp, KnowsPasskey,
        Signalled, StartAddition, StartProof, StartSignIn, StartSignUp,
    },
    escaped, with_next,
};

/// Climbs the ladder until the visitor is signed in, at the form, or told why
/// not.
pub(super) async fn press(place: Place, origins: Vec<String>, next: String, control: Control) {
    let mut step = ladder::first(capabilities().await, place);
    let mut unanswered = None;
    while let Step::Ask(ask) | Step::AskAgain(ask) = step {
        let options = match unanswered.take() {
            Some(options) => Ok(options),
            None if ask.is_for_passkeys() => prefetch::take().await,
            None => Ok(Options { public_key: String::new() }),
        };
        let options = match options {
            Ok(options) => options,
            Err(error) => return control.say(error.message),
        };
        // One request at a time: the form's autofill makes room.
        browser::end_pending();
        let credential = browser::get(ask, &options.public_key, &origins).await;
        step = ladder::next(ask, credential.answer(), matches!(step, Step::AskAgain(_)));
        if let Step::VerifyPasskey | Step::CheckPassword | Step::ToProvider = step {
            return finish(credential, &options, &next, control).await;
        }
        unanswered = Some(options);
    }
    match step {
        Step::ToForm => return browser::go(&with_next("/sign-in", &next)),
        Step::Say(sentence) => control.say(sentence),
        _ => {}
    }
    rearm_autofill();
}

/// Each kind of credential its own way: the server decides, and signed in it goes on to
/// `next`; or a provider does.
async fn finish(credential: Credential, asked: &Options, next: &str, control: Control) {
    prefetch::pause();
    let signed_in = match credential {
        Credential::Passkey(json) => {
            server::call(FinishSignIn { credential: json }).await.map(|done| match done {
                SignedIn::Done(_) | SignedIn::NameNeeded => next.to_owned(),
                SignedIn::PasskeyToo => with_next("/second-factor", next),
            })
        }
        Credential::Password { username, password } => {
            let fields = [("username", &*username), ("password", &password), ("next", next)];
            server::post("/sign-in", &server::form(&fields)).await.map(|Went { to, .. }| to)
        }
        Credential::Federated { origin, id } => Ok(to_provider(&origin, &id, next)),
        Credential::None(_) => return,
    };
    match signed_in {
        Ok(to) => browser::go(&to),
        Err(error) => {
            prefetch::resume();
            say_refusal(&error, asked, control);
            rearm_autofill();
        }
    }
}

/// The address that leads on to a provider that the browser remembers.
fn to_provider(origin: &str, id: &str, next: &str) -> String {
    format!(
        "{}&origin={}&login_hint={}",
        with_next("/federated", next),
        escaped(origin),
        escaped(id)
    )
}

fn say_refusal(error: &PublicError, asked: &Options, control: Control) {
    let (sentence, signal) = ladder::refused(error, browser::can_signal_unknown());
    if let Some(id) = error.credential_id.as_deref().filter(|_| signal) {
        browser::signal_unknown(&asked.public_key, id);
    }
    control.say(sentence);
}

/// Asks for a passkey in the background of the form on `/sign-in`.
pub(super) fn arm_autofill(next: String, control: Control) {
    let arm = move || leptos::task::spawn_local(autofill(next.clone(), control));
    arm();
    AUTOFILL.set(Some(Rc::new(arm)));
}

thread_local! {
    /// Arms the autofill again: after another request ended without leading away,
    /// and before its challenge ends.
    static AUTOFILL: RefCell<Option<Rc<dyn Fn()>>> = const { RefCell::new(None) };
    static CAPABILITIES: Shared<LocalBoxFuture<'static, Browser>> =
        browser::capabilities().boxed_local().shared();
}

fn rearm_autofill() {
    if let Some(arm) = AUTOFILL.with_borrow(Clone::clone) {
        arm();
    }
}

async fn autofill(next: String, control: Control) {
    let Step::Ask(ask @ Ask::Conditional) = ladder::first(capabilities().await, Place::Autofill)
    else {
        return;
    };
    // Without an answer from the server there is no autofill, and the form is
    // none the worse for it.
    let Ok(options) = server::call(StartSignIn {}).await else {
        return;
    };
    let renewal = set_timeout_with_handle(rearm_autofill, prefetch::FRESH);
    let credential = browser::get(ask, &options.public_key, &[]).await;
    if let Ok(renewal) = renewal {
        renewal.clear();
    }
    if ladder::next(ask, credential.answer(), false) == Step::VerifyPasskey {
        finish(credential, &options, &next, control).await;
    }
}

/// Creates a passkey and the account that goes with it. Gives back what was
/// wrong before the browser was asked at all.
pub(super) async fn sign_up(name: AccountName, next: String, control: Control) -> Option<Code> {
    let AccountName { username, display_name } = name;
    let options = match server::call(StartSignUp { username, display_name }).await {
        Ok(options) => options,
        Err(error) => {
            control.say(error.message);
            return Some(error.code);
        }
    };
    let created = match browser::create(&options.public_key, false).await {
        Ok(created) => created,
        Err(failure) => {
            control.say(ladder::not_created(failure));
            return None;
        }
    };
    prefetch::pause();
    match server::call(FinishSignUp { credential: created.json }).await {
        Ok(_) => browser::go(&next),
        Err(error) => {
            control.say(match registered(error, &options, created.id).await {
                Ok(()) => ANSWER_LOST.to_owned(),
                Err(sentence) => sentence,
            });
            prefetch::resume();
        }
    }
    None
}

const ANSWER_LOST: &str =
    "Your passkey was created, but the answer got lost. Please sign in with it.";

/// Whether the server took a created passkey after all, and only its answer was lost. If not, it
/// opens nothing, and the password manager need not keep it.
async fn registered(
    error: PublicError,
    options: &Options,
    credential_id: String,
) -> Result<(), String> {
    let known = match error.code {
        // It may have been taken before something went wrong, here or on the way.
        Code::Unreachable | Code::Internal | Code::Busy => {
            server::call(KnowsPasskey { credential_id: credential_id.clone() }).await.ok()
        }
        _ => None,
    };
    if known == Some(true) {
        return Ok(());
    }
    if ladder::is_useless(error.code, known) {
        browser::signal_unknown(&options.public_key, &credential_id);
    }
    Err(error.message)
}

/// Posts a form with a password, and has the browser save the password if it was right. If it
/// was not, the page itself says so, next to the field: it is posted the ordinary way.
pub(super) async fn submit(form: HtmlFormElement, control: Control) {
    let path = form.get_attribute("action").unwrap_or_default();
    prefetch::pause();
    match server::post(&path, &server::entries(&form)).await {
        Ok(Went { to, name }) => {
            browser::end_pending();
            let username = server::entry(&form, "username").unwrap_or_default();
            let name = name.unwrap_or(AccountName { display_name: username.clone(), username });
            let password = server::entry(&form, "password").unwrap_or_default();
            browser::save_password(&name.username, &password, &name.display_name);
            browser::go(&to);
        }
        Err(error) if error.code == Code::Unreachable => {
            prefetch::resume();
            control.say(error.message);
        }
        Err(_) => {
            let _ = form.submit();
        }
    }
}

/// What a page does when it has loaded, beside what people press.
pub(super) async fn keep_up(upkeep: Upkeep) {
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

/// Signs in with what the browser gives without a dialog. Whatever fails, fails silently:
/// nobody asked for it.
async fn sign_in_by_itself(origins: &[String]) {
    if !capabilities().await.passwords || !browser::is_untouched() {
        return;
    }
    let here = browser::here();
    let credential = browser::get(Ask::Silent, "", origins).await;
    let step = ladder::next(Ask::Silent, credential.answer(), false);
    // It may have taken a while.
    if !browser::is_untouched() {
        return;
    }
    let to = match (step, credential) {
        (Step::CheckPassword, Credential::Password { username, password }) => {
            prefetch::pause();
            let fields = [
                ("username", &*username),
                ("password", &password),
                ("next", &here),
                ("automatic", "yes"),
            ];
            let went = server::post("/sign-in", &server::form(&fields)).await;
            prefetch::resume();
            went.ok().map(|Went { to, .. }| to)
        }
        (Step::ToProvider, Credential::Federated { origin, id }) => {
            Some(to_provider(&origin, &id, &here) + "&automatic=yes")
        }
        _ => None,
    };
    // So may the server: then whoever began to do something goes on, and hears of the sign-in
    // on the next page.
    if let Some(to) = to.filter(|_| browser::is_untouched()) {
        browser::go(&to);
    }
}

/// A nonce of the server, for a token of a provider.
pub(super) async fn nonce(provider: String) -> Result<String, PublicError> {
    server::post(&format!("/federated/{provider}/nonce"), &server::form(&[])).await
}

/// Asks the browser for a token of the provider (FedCM), which the server verifies.
pub(super) async fn federate(
    provider: String,
    fedcm: FedCm,
    nonce: impl Future<Output = Result<String, PublicError>>,
    next: String,
    control: Control,
) {
    let nonce = match nonce.await {
        Ok(nonce) => nonce,
        Err(error) => return control.say(error.message),
    };
    browser::end_pending();
    let Some(token) = browser::get_token(&fedcm, &nonce).await else {
        control.say(ladder::NO_TOKEN);
        return rearm_autofill();
    };
    prefetch::pause();
    let fields = [("nonce", &*nonce), ("token", &token), ("next", &next)];
    let path = format!("/federated/{provider}/token");
    match server::post(&path, &server::form(&fields)).await {
        Ok(Went { to, .. }) => browser::go(&to),
        Err(error) => {
            prefetch::resume();
            control.say(error.message);
            rearm_autofill();
        }
    }
}

/// Asks for a passkey of this account, in the browser's dialog (modal), and goes on.
pub(super) async fn prove(next: String, control: Control) {
    let options = match server::call(StartProof {}).await {
        Ok(options) => options,
        // The password was too long ago.
        Err(error) if error.code == Code::SignInRequired => {
            return browser::go(&with_next("/sign-in", &next));
        }
        Err(error) => return control.say(error.message),
    };
    browser::end_pending();
    let credential = match browser::get(Ask::Modal, &options.public_key, &[]).await {
        Credential::Passkey(json) => json,
        Credential::None(Answer::Failed(failure)) => {
            return control.say(ladder::not_proved(failure));
        }
        _ => return control.say(ladder::not_proved(Failure::Other)),
    };
    prefetch::pause();
    match server::call(FinishProof { credential }).await {
        Ok(()) => browser::go(&next),
        Err(error) => {
            prefetch::resume();
            say_refusal(&error, &options, control);
        }
    }
}

/// Adds a passkey to the account, in the browser's dialog. `announce`: whether the next page
/// is to say so. `here`: whether it is to be on this device.
pub(super) async fn add(announce: bool, here: bool, control: Control) -> Option<Added> {
    let options = match server::call(StartAddition { conditional: false, here }).await {
        Ok(options) => options,
        Err(error) if error.code == Code::ProofRequired && announce => {
            browser::go(&with_next("/confirm", "/account/passkeys/new"));
            return None;
        }
        // On other pages, what was typed would be lost on the way to confirm.
        Err(error) if error.code == Code::ProofRequired => {
            control.say("First confirm that it is you.");
            return None;
        }
        Err(error) => {
            control.say(error.message);
            return None;
        }
    };
    browser::end_pending();
    match browser::create(&options.public_key, false).await {
        Ok(created) => {
            match server::call(FinishAddition { credential: created.json, announce }).await {
                Ok(added) => return Some(tell(added)),
                Err(error) => match registered(error, &options, created.id).await {
                    Ok(()) => return Some(Added::default()),
                    Err(sentence) => control.say(sentence),
                },
            }
        }
        Err(failure) => control.say(ladder::not_created(failure)),
    }
    None
}

/// How long the browser may take to create a passkey by itself. It can wait for ever, and
/// nothing else could be asked for meanwhile.
const PATIENCE: Duration = Duration::from_secs(20);

/// Lets the browser create a passkey by itself. Whatever fails, fails silently: nobody
/// asked for it.
pub(super) async fn add_automatically() -> Option<Added> {
    let options = server::call(StartAddition { conditional: true, here: false }).await.ok()?;
    let end = set_timeout_with_handle(browser::end_pending, PATIENCE);
    let created = browser::create(&options.public_key, true).await;
    if let Ok(end) = end {
        end.clear();
    }
    let created = created.ok()?;
    match server::call(FinishAddition { credential: created.json, announce: false }).await {
        Ok(added) => Some(tell(added)),
        Err(error) => registered(error, &options, created.id).await.ok().map(|()| Added::default()),
    }
}

fn tell(added: Added) -> Added {
    if let Some(signals) = added.signals.clone() {
        leptos::task::spawn_local(signal(signals));
    }
    added
}

/// Where the focus is when what had it is gone.
pub(super) fn focus_page() {
    browser::focus("main");
}

/// "Not now". If the server does not hear it, the person is asked again some day.
pub(super) async fn dismiss() {
    let _ = server::call(DismissOffer {}).await;
}

/// Tells the password manager about the account's passkeys, then the server that this was
/// done: without an answer, the next page tells it again.
pub(super) async fn signal(signals: Signals) {
    browser::signal_account(&signals).await;
    let Signals { user_id, version, .. } = signals;
    let _ = server::call(Signalled { user_id, version }).await;
}

/// Writes what this browser can do, and what the presses named in the page would do, into it.
pub(super) async fn fill_in_support(within: &Element) {
    let browser = capabilities().await;
    browser::each(within, "data-press", |place| {
        ladder::in_words(ladder::first(browser, Place::named(place)))
    });
    browser::fill_in_support(within).await;
}

pub(super) fn has_fedcm() -> bool {
    browser::has("IdentityCredential")
}

pub(super) fn saves_passwords() -> bool {
    browser::has("PasswordCredential")
}

pub(super) fn entry(form: &HtmlFormElement, name: &str) -> Option<String> {
    server::entry(form, name)
}

pub(super) fn go(path: &str) {
    browser::go(path);
}

/// What this browser can do; asked once.
pub(super) async fn capabilities() -> Browser {
    CAPABILITIES.with(Clone::clone).await
}
