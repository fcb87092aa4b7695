//! What an account's owner is told happened to it.

use app::api::{Instant, Result, SecurityEvent};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Call, internal, plain,
    store::{EventRow, NewEvent},
};

/// Their names in the database, as snake case, stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    AccountCreated,
    SignedIn,
    SignInFailed,
    SecondFactorAsked,
    SecondFactorAskedAfter,
    PasskeyAdded,
    PasskeyDeleted,
    PasswordSet,
    PasswordChanged,
    PasswordRemoved,
    SecondFactorOn,
    SecondFactorOff,
    RecoveryCodesMade,
    SessionEnded,
    OtherSessionsEnded,
    AccountRenamed,
    ProviderLinked,
    ProviderUnlinked,
    AutomaticOn,
    AutomaticOff,
    AutomaticRefused,
}

impl Event {
    /// `detail` ends the sentence.
    fn sentence(self, detail: &str) -> String {
        let what = match self {
            Self::AccountCreated => "Account created",
            Self::SignedIn => "Signed in",
            Self::SignInFailed => "Failed sign-in",
            Self::SecondFactorAsked => "Right password; the second factor was asked for",
            Self::SecondFactorAskedAfter => "The second factor was asked for after",
            Self::PasskeyAdded => "Added",
            Self::PasskeyDeleted => "Deleted",
            Self::PasswordSet => "Password set",
            Self::PasswordChanged => "Password changed",
            Self::PasswordRemoved => "Password removed",
            Self::SecondFactorOn => "Second factor switched on",
            Self::SecondFactorOff => "Second factor switched off",
            Self::RecoveryCodesMade => "Recovery codes made",
            Self::SessionEnded => "Ended a session of",
            Self::OtherSessionsEnded => "All other sessions ended",
            Self::AccountRenamed => "Username or name changed",
            Self::ProviderLinked => "Linked",
            Self::ProviderUnlinked => "Unlinked",
            Self::AutomaticOn => "Automatic sign-in switched on",
            Self::AutomaticOff => "Automatic sign-in switched off",
            Self::AutomaticRefused => "Right password; automatic sign-in was refused",
        };
        format!("{what} {detail}").trim_end().to_owned()
    }

    pub(crate) fn name(self) -> String {
        let name = serde_json::to_value(self).ok();
        name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

impl Call {
    /// Keeps an event. What happened has happened: without a place for it in the
    /// database, the log has it.
    pub(crate) async fn record(&self, account: Uuid, event: Event, detail: &str) {
        let (name, browser) = (event.name(), self.browser());
        let new = NewEvent { kind: &name, detail, browser: &browser };
        let store = &self.server.store;
        let kept = match event {
            Event::SignInFailed
            | Event::SecondFactorAsked
            | Event::SecondFactorAskedAfter
            | Event::AutomaticRefused => store.record_failure(account, new, self.now()).await,
            _ => store.record_event(account, new, self.now()).await,
        };
        if let Err(error) = kept {
            internal(error);
        }
    }

    /// # Errors
    /// [`Code::NotFound`](app::api::Code::NotFound) for anybody else's.
    pub async fn security_event(&self, id: &str) -> Result<SecurityEvent> {
        let account = self.visit.signed_in().await?;
        let id = plain(id)?;
        let event = self.server.store.event(account, id).await.map_err(internal)?;
        event.map(SecurityEvent::from).ok_or_else(|| app::api::Code::NotFound.into())
    }
}

impl From<EventRow> for SecurityEvent {
    fn from(row: EventRow) -> Self {
        let EventRow { id, kind, detail, browser, at } = row;
        let event: Option<Event> = serde_json::from_value(kind.into()).ok();
        let what = event.map_or(detail.clone(), |event| event.sentence(&detail));
        Self { id, at: Instant(at.0), what, browser, failed: event == Some(Event::SignInFailed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_becomes_a_sentence() {
        let row = EventRow {
            id: "1".into(),
            kind: Event::SignedIn.name(),
            detail: "with a password".into(),
            browser: "Chrome on Linux".into(),
            at: Instant(7),
        };
        let event = SecurityEvent::from(row.clone());
        assert_eq!((event.what.as_str(), event.failed), ("Signed in with a password", false));

        let failed =
            EventRow { kind: Event::SignInFailed.name(), detail: "with a password".into(), ..row };
        let event = SecurityEvent::from(failed);
        assert_eq!((event.what.as_str(), event.failed), ("Failed sign-in with a password", true));
    }
}
