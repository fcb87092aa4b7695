//! What has happened to the account: its sessions and security events on
//! `/account`.

use leptos::prelude::*;

use super::entries;
use crate::{
    api::{Path, SecurityEvent, SessionCard},
    components::When,
};

pub(super) fn sessions(sessions: Vec<SessionCard>) -> impl IntoView {
    let others = sessions.iter().any(|session| !session.this_one);
    let end_others = others.then(|| {
        view! {
            <form method="post" action=Path::EndOtherSessions.to_string()>
                <button class="button secondary">"End all other sessions"</button>
            </form>
        }
    });
    view! {
        <p>"Browsers that are signed in to this account."</p>
        <ul class="entries">{sessions.into_iter().map(session).collect_view()}</ul>
        {end_others}
    }
}

fn session(session: SessionCard) -> impl IntoView {
    let end = (!session.this_one).then(|| end(&session));
    let this = session.this_one.then(|| view! { " " <span class="badge">"This session"</span> });
    view! {
        <li class="entry">
            <p><strong>{session.browser}</strong> {this}</p>
            <p class="hint">"Signed in " <When at=session.signed_in/> " · " {session.how}</p>
            {end}
        </li>
    }
}

fn end(session: &SessionCard) -> impl IntoView + use<> {
    view! {
        <form class="entry-way" method="post" action={Path::EndSession { id: session.id.clone() }.to_string()}>
            <button class="quiet">
                "End"
                <span class="unseen">
                    " the session of " {session.browser.clone()} ", signed in "
                    <When at=session.signed_in/>
                </span>
            </button>
        </form>
    }
}

pub(super) fn events(events: Vec<SecurityEvent>) -> impl IntoView {
    let list = if events.is_empty() {
        view! { <p>"Nothing yet."</p> }.into_any()
    } else {
        entries(events.into_iter().map(event), 6, "Earlier events").into_any()
    };
    view! {
        <p>"What has happened around signing in, kept for 90 days. Look for what was not you."</p>
        {list}
    }
}

fn event(event: SecurityEvent) -> impl IntoView {
    let when = format!("event-{}", event.id);
    view! {
        <li class="entry">
            <p>
                <a href={Path::SecurityEvent { id: event.id.clone() }.to_string()} aria-describedby=when.clone()>
                    {event.what}
                </a>
                {event.failed.then(failed)}
            </p>
            <p class="hint" id=when><When at=event.at/> " · " {event.browser}</p>
        </li>
    }
}

/// A mark for what was refused.
pub(super) fn failed() -> impl IntoView {
    view! { " " <span class="badge wrong">"Failed"</span> }
}

#[cfg(test)]
mod tests {
    use crate::{
        api::{Account, Path, SecurityEvent, SessionCard},
        testing::{
            Fake, Html,
            samples::{account, event, session},
        },
    };

    async fn shown(account: Account) -> Html {
        Fake::of(account).shows(Path::Account).await
    }

    fn this_session() -> SessionCard {
        SessionCard { this_one: true, how: "With a passkey".to_owned(), ..session("this") }
    }

    #[tokio::test]
    async fn this_session_alone_is_not_to_be_ended() {
        let page = shown(Account { sessions: vec![this_session()], ..account() }).await;
        let part = page.part("Sessions");
        part.says("Chrome on Linux This session");
        part.says("Signed in 21 November 2026, 20:15 UTC · With a passkey");
        assert!(part.all("button").is_empty());
    }

    #[tokio::test]
    async fn other_sessions_can_be_ended_one_by_one_or_all() {
        let sessions = vec![this_session(), session("b"), session("c")];
        let part = shown(Account { sessions, ..account() }).await.part("Sessions");
        part.posts("End all other sessions", Path::EndOtherSessions);
        let ends: Vec<_> = part.all("form").iter().filter_map(|f| f.attribute("action")).collect();
        let end = |id: &str| Path::EndSession { id: id.to_owned() }.to_string();
        assert_eq!(ends, [end("b"), end("c"), Path::EndOtherSessions.to_string()]);
        let words = "End the session of Chrome on Linux, signed in 21 November 2026, 20:15 UTC";
        part.posts(words, end("b"));
    }

    #[tokio::test]
    async fn no_events() {
        shown(account()).await.part("Security events").says("Nothing yet.");
    }

    #[tokio::test]
    async fn an_event_leads_to_its_page() {
        let page = shown(Account { events: vec![event("e1")], ..account() }).await;
        let part = page.part("Security events");
        part.leads("Signed in with a password", Path::SecurityEvent { id: "e1".to_owned() });
        part.says("21 November 2026, 20:15 UTC · Firefox on Linux");
        part.never_says("Failed");
    }

    #[tokio::test]
    async fn a_refused_sign_in_is_marked() {
        let events = vec![SecurityEvent { failed: true, ..event("e1") }];
        let page = shown(Account { events, ..account() }).await;
        page.part("Security events").says("Signed in with a password Failed");
    }

    #[tokio::test]
    async fn of_many_events_the_earlier_ones_are_folded_away() {
        let events = (0..8).map(|n| event(&format!("e{n}"))).collect();
        let part = shown(Account { events, ..account() }).await.part("Security events");
        assert!(!part.is_open("Earlier events (2)"));
        assert_eq!(part.first("details").all("li").len(), 2);
    }
}
