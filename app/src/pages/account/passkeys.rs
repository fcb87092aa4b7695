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

/// Names that screen readers tell the passkeys apart by: those of one title by their number.
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

/// When a passkey was created, and when and where it was last used.
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
    use crate::{
        api::Account,
        testing::{
            Fake, Html, outcome,
            samples::{THEN, account, passkey},
        },
    };

    fn named(id: &str, name: &str) -> PasskeyCard {
        PasskeyCard { own_name: Some(name.to_owned()), ..passkey(id) }
    }

    async fn shown(passkeys: Vec<PasskeyCard>) -> Html {
        let fake = Fake::of(Account { passkeys, ..account() });
        fake.shows(Path::Account).await.part("Passkeys")
    }

    #[test]
    fn passkeys_of_one_title_are_told_apart() {
        let passkeys = [passkey("a"), named("b", "Desk"), passkey("c")];
        let expected = ["Windows Hello, passkey 1", "Desk", "Windows Hello, passkey 3"];
        assert_eq!(names(&passkeys), expected);
    }

    #[tokio::test]
    async fn without_any_it_says_what_they_are_good_for() {
        let part = shown(vec![]).await;
        part.says("This account has none.");
        part.leads("Add a passkey", Path::NewPasskey);
    }

    #[tokio::test]
    async fn one_that_was_never_used() {
        let part = shown(vec![passkey("a")]).await;
        assert_eq!(part.first("h3").text(), "Windows Hello");
        part.says("This device only");
        part.says("Created 21 November 2026, 20:15 UTC Last used Not yet");
        part.never_says("Verified model");
        part.leads("Delete Windows Hello", Path::DeletePasskey { id: "a".to_owned() });
        part.leads("Add a passkey", Path::NewPasskey);
    }

    #[tokio::test]
    async fn one_with_everything_that_can_be_said_of_it() {
        let part = shown(vec![PasskeyCard {
            last_used: Some(THEN),
            last_used_with: "Chrome on Linux".to_owned(),
            synced: true,
            this_device: true,
            verified_model: true,
            ..named("a", "Desk")
        }])
        .await;
        // Its own name first, then who keeps it.
        part.says("Desk Windows Hello Synced This device Verified model");
        part.says("Last used 21 November 2026, 20:15 UTC with Chrome on Linux");
    }

    #[tokio::test]
    async fn many_have_buttons_that_screen_readers_tell_apart() {
        let part = shown(vec![passkey("a"), named("b", "Desk"), passkey("c")]).await;
        let delete = |id: &str| Path::DeletePasskey { id: id.to_owned() };
        part.leads("Delete Windows Hello, passkey 1", delete("a"));
        part.leads("Delete Desk", delete("b"));
        part.leads("Delete Windows Hello, passkey 3", delete("c"));
    }

    #[tokio::test]
    async fn a_name_can_be_given() {
        let part = shown(vec![named("a", "Desk")]).await;
        assert!(!part.is_open("Rename Desk"));
        part.posts("Save name Desk", Path::PasskeyName { id: "a".to_owned() });
        part.says("Left empty, it is called “Windows Hello”.");
        assert_eq!(part.holds("name"), "Desk");
    }

    #[tokio::test]
    async fn a_refused_name_is_not_folded_away() {
        let sentence = "Please enter a name of at most 64 characters.";
        let outcome = outcome(&[("passkey-b", "Long")], &[("passkey-b", sentence)]);
        let passkeys = vec![named("a", "Desk"), named("b", "Door")];
        let fake = Fake::of(Account { passkeys, ..account() });
        let part = fake.posted(Path::Account, outcome).await.main().part("Passkeys");
        assert!(!part.is_open("Rename Desk"));
        assert!(part.is_open("Rename Door"));
        let form = part.form("Save name Door");
        form.says(sentence);
        assert_eq!(form.holds("name"), "Long");
    }

    #[tokio::test]
    async fn a_manager_with_icons_has_one_for_the_dark() {
        let icons = Some(("data:light".to_owned(), "data:dark".to_owned()));
        let manager = PasskeyManager { icons, ..passkey("a").manager };
        let part = shown(vec![PasskeyCard { manager, ..passkey("a") }]).await;
        assert_eq!(part.first("img").attribute("src").as_deref(), Some("data:light"));
        assert_eq!(part.first("source").attribute("srcset").as_deref(), Some("data:dark"));
    }
}
