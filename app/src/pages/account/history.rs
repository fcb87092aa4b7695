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

/// Marks what was refused.
pub(super) fn failed() -> impl IntoView {
    view! { " " <span class="badge wrong">"Failed"</span> }
}
