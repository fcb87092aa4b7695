//! The passkeys on `/account`.

use leptos::prelude::*;

use crate::{
    api::{PasskeyCard, PasskeyManager, Path},
    components::{Mark, When},
    request::form_outcome,
};

pub(super) fn list(passkeys: Vec<PasskeyCard>) -> impl IntoView {
    let list = if passkeys.is_empty() {
        none().into_any()
    } else {
        let names = names(&passkeys);
        let cards = passkeys.into_iter().zip(names).map(|(passkey, name)| card(passkey, &name));
        view! { <ul class="keys">{cards.collect_view()}</ul> }.into_any()
    };
    view! {
        {list}
        <p><a class="button secondary" href=Path::NewPasskey.to_string()>"Add a passkey"</a></p>
    }
}

fn none() -> impl IntoView {
    view! {
        <p>
            "This account has none. With a passkey you sign in with your fingerprint, your face "
            "or the PIN of your device: there is nothing to remember, and nothing that could be "
            "typed into a false page."
        </p>
    }
}

/// What screen readers tell the passkeys apart by: those of one title by number.
fn names(passkeys: &[PasskeyCard]) -> Vec<String> {
    let alike = |title: &str| passkeys.iter().filter(|other| other.title() == title).count();
    let name = |(nth, passkey): (usize, &PasskeyCard)| match passkey.title() {
        title if alike(title) > 1 => format!("{title}, passkey {}", nth + 1),
        title => title.to_owned(),
    };
    passkeys.iter().enumerate().map(name).collect()
}

fn card(passkey: PasskeyCard, name: &str) -> impl IntoView + use<> {
    let manager = passkey.own_name.is_some().then(|| passkey.manager.name.clone());
    let delete = Path::DeletePasskey { id: passkey.id.clone() }.to_string();
    view! {
        <li class="key">
            {icon(&passkey.manager)}
            <div class="key-what">
                <h3>{passkey.title().to_owned()}</h3>
                {manager.map(|manager| view! { <p class="hint">{manager}</p> })}
                {badges(&passkey)}
                {facts(&passkey)}
                <div class="ways">
                    {rename(passkey, name).into_any()}
                    <a class="way" href=delete>"Delete" {of(name)}</a>
                </div>
            </div>
        </li>
    }
}

fn of(name: &str) -> impl IntoView + use<> {
    view! { <span class="unseen">" " {name.to_owned()}</span> }
}

fn icon(manager: &PasskeyManager) -> impl IntoView + use<> {
    let picture = match manager.icons.clone() {
        Some((light, dark)) => view! {
            <picture>
                <source media="(prefers-color-scheme: dark)" srcset=dark/>
                <img src=light width="32" height="32" alt=""/>
            </picture>
        }
        .into_any(),
        None => view! { <Mark/> }.into_any(),
    };
    view! { <div class="key-icon">{picture}</div> }
}

fn badges(passkey: &PasskeyCard) -> impl IntoView + use<> {
    let kept = if passkey.synced { "Synced" } else { "This device only" };
    let badges = [
        Some(kept),
        passkey.this_device.then_some("This device"),
        passkey.verified_model.then_some("Verified model"),
    ];
    let badges = badges.into_iter().flatten();
    view! {
        <ul class="badges">
            {badges.map(|badge| view! { <li class="badge">{badge}</li> }).collect_view()}
        </ul>
    }
}

/// When it was made, and when and where it was last used.
pub(super) fn facts(passkey: &PasskeyCard) -> impl IntoView + use<> {
    let browser = &passkey.last_used_with;
    let browser = (!browser.is_empty()).then(|| format!(" with {browser}"));
    let used = match passkey.last_used {
        Some(at) => view! { <dd><When at/> {browser}</dd> }.into_any(),
        None => view! { <dd>"Not yet"</dd> }.into_any(),
    };
    view! {
        <dl class="facts">
            <div><dt>"Created"</dt> <dd><When at=passkey.created/></dd></div>
            <div><dt>"Last used"</dt> {used}</div>
        </dl>
    }
}

fn rename(passkey: PasskeyCard, name: &str) -> impl IntoView + use<> {
    let outcome = form_outcome();
    let id = format!("passkey-{}", passkey.id);
    let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
    let error = outcome.error(&id).map(str::to_owned);
    let current = passkey.own_name.unwrap_or_default();
    let value = outcome.value(&id).map_or(current, str::to_owned);
    let invalid = error.is_some();
    let described_by = if invalid { format!("{hint_id} {error_id}") } else { hint_id.clone() };
    view! {
        <details open=invalid>
            <summary class="way">"Rename" {of(name)}</summary>
            <form class="form" method="post" action={Path::PasskeyName { id: passkey.id.clone() }.to_string()}>
                <div class="field">
                    <label for=id.clone()>"Name" {of(name)}</label>
                    <p class="hint" id=hint_id>
                        {format!("Left empty, it is called “{}”.", passkey.manager.name)}
                    </p>
                    <input
                        id=id
                        name="name"
                        type="text"
                        maxlength="64"
                        autocomplete="off"
                        value=value
                        autofocus=invalid
                        aria-invalid=invalid.then_some("true")
                        aria-describedby=described_by
                    />
                    {error.map(|error| view! { <p class="error" id=error_id>{error}</p> })}
                </div>
                <button class="button secondary">"Save name" {of(name)}</button>
            </form>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Timestamp;

    fn passkey(own_name: Option<&str>) -> PasskeyCard {
        PasskeyCard {
            id: String::new(),
            own_name: own_name.map(str::to_owned),
            manager: PasskeyManager { name: "Windows Hello".to_owned(), icons: None },
            created: Timestamp(0),
            last_used: None,
            last_used_with: String::new(),
            synced: false,
            this_device: false,
            verified_model: false,
        }
    }

    #[test]
    fn passkeys_of_one_title_are_told_apart() {
        let passkeys = [passkey(None), passkey(Some("Desk")), passkey(None)];
        let expected = ["Windows Hello, passkey 1", "Desk", "Windows Hello, passkey 3"];
        assert_eq!(names(&passkeys), expected);
    }
}
