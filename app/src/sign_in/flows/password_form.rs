//! Forms with a password, which the browser may save.

use web_sys::HtmlFormElement;

use crate::{
    api::{AccountName, Code, Went},
    sign_in::{browser, client, islands::Progress, prefetch},
};

/// Posts a form with a password, and has the browser save the password if it was right. If it
/// was not, the page itself says so, next to the field: it is posted the ordinary way.
pub(in crate::sign_in) async fn submit(form: HtmlFormElement, progress: Progress) {
    let path = form.get_attribute("action").unwrap_or_default();
    prefetch::pause();
    match client::post(&path, &browser::entries(&form)).await {
        Ok(Went { to, name }) => {
            browser::end_pending();
            let username = browser::entry(&form, "username").unwrap_or_default();
            let name = name.unwrap_or(AccountName { display_name: username.clone(), username });
            let password = browser::entry(&form, "password").unwrap_or_default();
            browser::save_password(&name.username, &password, &name.display_name);
            browser::go(&to);
        }
        Err(error) if error.code == Code::Unreachable => {
            prefetch::resume();
            progress.say(error.message);
        }
        Err(_) => {
            let _ = form.submit();
        }
    }
}

/// Whether the browser saves passwords when it is told to.
pub(in crate::sign_in) fn saves_passwords() -> bool {
    browser::has("PasswordCredential")
}
