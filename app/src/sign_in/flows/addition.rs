//! One more passkey for the account: asked for, or by the browser itself.

use std::time::Duration;

use leptos::prelude::set_timeout_with_handle;

use super::{sign_up::registered, upkeep::signal};
use crate::{
    api::{Added, Code, DismissOffer, FinishAddition, Next, Route, StartAddition},
    sign_in::{browser, client, islands::Progress, mediation},
};

/// Adds a passkey to the account, in the browser's dialog. `announce` says whether the next page is
/// to tell of it, `platform` whether it is to be kept by the platform authenticator, on this
/// device.
pub(in crate::sign_in) async fn add(
    announce: bool,
    platform: bool,
    progress: Progress,
) -> Option<Added> {
    let options = match client::call(StartAddition { conditional: false, platform }).await {
        Ok(Some(options)) => options,
        Ok(None) => return None,
        Err(error) if error.code == Code::ProofRequired && announce => {
            let back = Next::parse(Route::NewPasskey.pattern());
            browser::go(&Route::Confirm.with_next(&back));
            return None;
        }
        // On other pages, what was typed would be lost on the way to confirm.
        Err(error) if error.code == Code::ProofRequired => {
            progress.say("First confirm that it is you.");
            return None;
        }
        Err(error) => {
            progress.say(error.message);
            return None;
        }
    };
    browser::end_pending();
    match browser::create(&options.public_key, false).await {
        Ok(created) => {
            match client::call(FinishAddition { credential: created.json, announce }).await {
                Ok(added) => return Some(tell(added)),
                Err(error) => match registered(error, &options, created.id).await {
                    Ok(()) => return Some(Added::default()),
                    Err(sentence) => progress.say(sentence),
                },
            }
        }
        Err(failure) => progress.say(mediation::not_created(failure)),
    }
    None
}

/// How long the browser may take to create a passkey by itself. It can wait for ever, and
/// nothing else could be asked for meanwhile.
const CREATION_TIMEOUT: Duration = Duration::from_secs(20);

/// Lets the browser create a passkey by itself. Whatever fails, fails silently: nobody
/// asked for it.
pub(in crate::sign_in) async fn add_automatically() -> Option<Added> {
    let options =
        client::call(StartAddition { conditional: true, platform: false }).await.ok()??;
    let end = set_timeout_with_handle(browser::end_pending, CREATION_TIMEOUT);
    let created = browser::create(&options.public_key, true).await;
    if let Ok(end) = end {
        end.clear();
    }
    let created = created.ok()?;
    match client::call(FinishAddition { credential: created.json, announce: false }).await {
        Ok(added) => Some(tell(added)),
        Err(error) => registered(error, &options, created.id).await.ok().map(|()| Added::default()),
    }
}

/// Tells the passkey manager what it is to know of the account now.
fn tell(added: Added) -> Added {
    if let Some(signals) = added.signals.clone() {
        leptos::task::spawn_local(signal(signals));
    }
    added
}

/// Says "Not now" to the offer of a passkey. If the server does not hear it, the person is asked
/// again some day.
pub(in crate::sign_in) async fn dismiss() {
    let _ = client::call(DismissOffer {}).await;
}
