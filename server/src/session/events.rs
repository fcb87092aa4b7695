//! What an account's owner is told happened to it.

use app::api::SecurityEvent;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::store::{EventRow, NewEvent};

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
    RecoveryCodesDeleted,
    SessionEnded,
    OtherSessionsEnded,
    AccountRenamed,
    ProviderLinked,
    ProviderUnlinked,
    AutomaticOn,
    AutomaticOff,
    AutomaticRefused,
    HostEndedSessions,
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
            Self::RecoveryCodesDeleted => "Recovery codes deleted",
            Self::SessionEnded => "Ended a session of",
            Self::OtherSessionsEnded => "All other sessions ended",
            Self::AccountRenamed => "Username or name changed",
            Self::ProviderLinked => "Linked",
            Self::ProviderUnlinked => "Unlinked",
            Self::AutomaticOn => "Automatic sign-in switched on",
            Self::AutomaticOff => "Automatic sign-in switched off",
            Self::AutomaticRefused => "Right password; automatic sign-in was refused",
            Self::HostEndedSessions => "All sessions ended by the shop",
        };
        format!("{what} {detail}").trim_end().to_owned()
    }

    /// Its name in the database.
    #[must_use]
    pub fn name(self) -> String {
        let name = serde_json::to_value(self).ok();
        name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The event, with the end of its sentence, and the browser that it came from.
    #[must_use]
    pub fn of(self, account: Uuid, detail: impl Into<String>, browser: String) -> NewEvent {
        let (kind, detail) = (self.name(), detail.into());
        let methods = String::new();
        NewEvent { account, kind, detail, browser, methods, rare: self.is_strangers() }
    }

    /// Whether somebody who is not the owner can cause it, as often as they like.
    fn is_strangers(self) -> bool {
        matches!(
            self,
            Self::SignInFailed
                | Self::SecondFactorAsked
                | Self::SecondFactorAskedAfter
                | Self::AutomaticRefused
        )
    }
}

impl From<EventRow> for SecurityEvent {
    fn from(row: EventRow) -> Self {
        let EventRow { id, kind, detail, browser, at } = row;
        let event: Option<Event> = serde_json::from_value(kind.into()).ok();
        let what = event.map_or(detail.clone(), |event| event.sentence(&detail));
        Self { id, at, what, browser, failed: event == Some(Event::SignInFailed) }
    }
}

#[cfg(test)]
mod tests {
    use app::api::Timestamp;

    use super::*;

    #[test]
    fn an_event_becomes_a_sentence() {
        let row = EventRow {
            id: "1".into(),
            kind: Event::SignedIn.name(),
            detail: "with a password".into(),
            browser: "Chrome on Linux".into(),
            at: Timestamp(7),
        };
        let event = SecurityEvent::from(row.clone());
        assert_eq!((event.what.as_str(), event.failed), ("Signed in with a password", false));

        let failed =
            EventRow { kind: Event::SignInFailed.name(), detail: "with a password".into(), ..row };
        let event = SecurityEvent::from(failed);
        assert_eq!((event.what.as_str(), event.failed), ("Failed sign-in with a password", true));
    }
}
