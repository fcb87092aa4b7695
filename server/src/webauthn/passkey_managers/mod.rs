//! Who keeps a passkey, by the AAGUID of its authenticator: a name and two icons, from
//! a list that passkey managers keep together (see `SOURCE.md`).

use std::{collections::HashMap, sync::LazyLock};

use app::api::PasskeyManager;
use serde::Deserialize;

#[derive(Deserialize)]
struct Entry {
    name: String,
    icon_light: Option<String>,
    icon_dark: Option<String>,
}

static KNOWN: LazyLock<HashMap<String, Entry>> =
    LazyLock::new(|| serde_json::from_str(include_str!("aaguids.json")).unwrap_or_default());

/// For display only: without an attestation, an AAGUID is what the authenticator says, and
/// many say zeros.
#[must_use]
pub fn passkey_manager(aaguid: &str) -> Option<PasskeyManager> {
    let entry = KNOWN.get(aaguid)?;
    let icons = entry.icon_light.clone().zip(entry.icon_dark.clone());
    let icons = icons.filter(|(light, dark)| is_image(light) && is_image(dark));
    Some(PasskeyManager { name: entry.name.clone(), icons })
}

#[must_use]
pub fn name(aaguid: &str) -> Option<&'static str> {
    KNOWN.get(aaguid).map(|entry| entry.name.as_str())
}

/// For a card: whatever it is, it is a passkey.
#[must_use]
pub fn manager_or_passkey(aaguid: &str) -> PasskeyManager {
    passkey_manager(aaguid)
        .unwrap_or_else(|| PasskeyManager { name: "Passkey".to_owned(), icons: None })
}

/// A passkey in a sentence: "the passkey “Windows Hello”".
#[must_use]
pub fn described(own_name: Option<&str>, aaguid: &str) -> String {
    let name = own_name.or_else(|| name(aaguid));
    name.map_or_else(|| "a passkey".to_owned(), |name| format!("the passkey “{name}”"))
}

/// The list is other people's: nothing but pictures gets from it into a page.
fn is_image(uri: &str) -> bool {
    uri.starts_with("data:image/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managers_have_names_and_icons() {
        let google = passkey_manager("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4").unwrap();
        assert_eq!(google.name, "Google Password Manager");
        assert!(google.icons.is_some());
        assert!(KNOWN.len() > 40, "the whole list is there");
        assert!(KNOWN.keys().all(|aaguid| uuid::Uuid::parse_str(aaguid).is_ok()));
    }

    #[test]
    fn an_unknown_model_is_just_a_passkey() {
        let zeros = "00000000-0000-0000-0000-000000000000";
        assert_eq!(passkey_manager(zeros), None);
        assert_eq!(manager_or_passkey(zeros).name, "Passkey");
    }
}
