//! `/account/events/{id}`: one security event, and how to shut others out if it was not you.

use leptos::prelude::*;
use leptos_meta::Title;

use super::back;
use crate::{
    api::{
        self, Path, Route, SecurityEvent,
        paths::{PASSKEYS, PROVIDERS, SESSIONS},
    },
    components::When,
    pages::load,
    request::visitor,
};

#[component]
pub fn Event(id: String) -> impl IntoView {
    let account = api::account();
    load(async move { account.security_event(&id).await }, show)
}

fn show(event: SecurityEvent) -> impl IntoView {
    let refused = event.failed.then(|| {
        view! { <p>"It was refused, and opened nothing."</p> }
    });
    view! {
        <Title text="Security event – Latchkey"/>
        <div class="narrow">
            <h1>{event.what}</h1>
            <dl class="facts">
                <div><dt>"When"</dt> <dd><When at=event.at/></dd></div>
                <div><dt>"Browser"</dt> <dd>{event.browser}</dd></div>
            </dl>
            {refused}
            {not_you()}
            {back("events")}
        </div>
    }
}

fn not_you() -> impl IntoView {
    let unlink = (!visitor().providers.is_empty()).then(|| {
        view! { <li><a href=Route::Account.part(PROVIDERS)>"Unlink the accounts you do not know"</a></li> }
    });
    view! {
        <section class="another" aria-labelledby="not-you">
            <h2 id="not-you">"This was not you?"</h2>
            <p>"Then shut others out, in this order:"</p>
            <ol class="steps">
                <li><a href=Route::Account.part(PASSKEYS)>"Delete the passkeys you do not know"</a></li>
                {unlink}
                <li><a href=Path::Password.to_string()>"Change or remove the password"</a></li>
                <li><a href=Path::RecoveryCodes.to_string()>"Make new recovery codes"</a></li>
                <li><a href=Route::Account.part(SESSIONS)>"End all other sessions"</a></li>
            </ol>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::Account,
        testing::{
            Fake,
            samples::{account, event, provider},
        },
    };

    fn page(id: &str) -> Path {
        Path::SecurityEvent { id: id.to_owned() }
    }

    fn with(event: SecurityEvent) -> Fake {
        Fake::of(Account { events: vec![event], ..account() })
    }

    #[tokio::test]
    async fn it_says_what_when_and_where_from() {
        let shown = with(event("e1")).shows(page("e1")).await;
        assert_eq!(shown.first("h1").text(), "Signed in with a password");
        shown.says("When 21 November 2026, 20:15 UTC Browser Firefox on Linux");
        shown.never_says("It was refused, and opened nothing.");
    }

    #[tokio::test]
    async fn a_refused_sign_in_opened_nothing() {
        let fake = with(SecurityEvent { failed: true, ..event("e1") });
        fake.shows(page("e1")).await.says("It was refused, and opened nothing.");
    }

    #[tokio::test]
    async fn the_way_to_shut_others_out_is_shown_in_order() {
        let mut fake = with(event("e1"));
        let steps = fake.shows(page("e1")).await;
        steps.leads("Delete the passkeys you do not know", format!("{}#passkeys", Path::Account));
        steps.leads("Change or remove the password", Path::Password);
        steps.leads("Make new recovery codes", Path::RecoveryCodes);
        steps.leads("End all other sessions", format!("{}#sessions", Path::Account));
        steps.never_says("Unlink");
        fake.visitor.providers = vec![provider("Gate")];
        fake.shows(page("e1")).await.says("Unlink the accounts you do not know");
    }

    #[tokio::test]
    async fn somebody_elses_is_not_found() {
        assert_eq!(with(event("e1")).get(page("e2")).await.status, 404);
    }
}
