//! `/account/review`

use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::Title;

use super::back;
use crate::{
    api::{self, Path, WayIn},
    components::{FormAlert, When},
    pages::{load, see_other},
};

#[component]
pub fn Review() -> impl IntoView {
    let account = api::account();
    let response = expect_context::<ResponseOptions>();
    load(async move { account.review().await }, move |review| {
        if review.is_empty() {
            see_other(&response, &Path::Account.to_string());
            return ().into_any();
        }
        show(review).into_any()
    })
}

fn show(review: api::Review) -> impl IntoView {
    let api::Review { passkeys, providers, sessions, recovery_codes } = review;
    let recovery_codes: Vec<_> = recovery_codes.into_iter().collect();
    view! {
        <Title text="Is all of this yours? – Latchkey"/>
        <div class="narrow">
            <h1>"Is all of this yours?"</h1>
            <p>
                "Whoever knew your old password may have left themselves another way in. "
                "Take away the tick from what is not yours. What has come since you last confirmed "
                "that it is you has none already."
            </p>
            <FormAlert/>
            <form class="form" method="post" action=Path::Review.to_string()>
                {kind("Passkeys", passkeys)}
                {kind("Other accounts", providers)}
                {kind("Sessions", sessions)}
                {kind("Recovery codes", recovery_codes)}
                <p class="note">"What has no tick stops working at once."</p>
                <button class="button">"Keep what has a tick"</button>
            </form>
            {back("passkeys")}
        </div>
    }
}

fn kind(heading: &'static str, ways: Vec<WayIn>) -> impl IntoView {
    (!ways.is_empty()).then(|| {
        view! {
            <fieldset class="choices">
                <legend>{heading}</legend>
                {ways.into_iter().map(way).collect_view()}
            </fieldset>
        }
    })
}

/// One that is not shown is not thrown out: it may have come since.
fn way(way: WayIn) -> impl IntoView {
    let WayIn { key, name, since, browser, is_suspect } = way;
    let (id, hint) = (format!("way-{key}"), format!("way-{key}-hint"));
    let described = hint.clone();
    let from = (!browser.is_empty()).then(|| format!(" · {browser}"));
    let new = is_suspect.then(|| view! { " " <span class="badge wrong">"New"</span> });
    view! {
        <div class="choice">
            <input type="hidden" name="shown" value=key.clone()/>
            <input
                type="checkbox"
                name="keep"
                value=key
                id=id.clone()
                checked=!is_suspect
                aria-describedby=described
            />
            <label for=id><strong>{name}</strong> {new}</label>
            <p class="hint" id=hint>"Since " <When at=since/> {from}</p>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        api::{Path, Review, WayIn},
        testing::{
            Fake, Html, outcome,
            samples::{THEN, account},
        },
    };

    fn way(key: &str, name: &str) -> WayIn {
        WayIn {
            key: key.to_owned(),
            name: name.to_owned(),
            since: THEN,
            browser: "Chrome on Linux".to_owned(),
            is_suspect: false,
        }
    }

    fn fake(review: Review) -> Fake {
        Fake { review, ..Fake::of(account()) }
    }

    /// Whether a way in is kept, unless somebody changes that.
    fn is_kept(page: &Html, key: &str) -> bool {
        let inputs = page.all("input").into_iter();
        let mut boxes =
            inputs.filter(|input| input.attribute("type").as_deref() == Some("checkbox"));
        boxes.find(|input| input.attribute("value").as_deref() == Some(key)).unwrap().has("checked")
    }

    #[tokio::test]
    async fn each_way_in_is_shown_with_when_and_from_where() {
        let review = Review {
            passkeys: vec![way("passkey:a", "Windows Hello")],
            providers: vec![way("identity:b", "Gate")],
            sessions: vec![way("session:c", "Firefox on Windows")],
            recovery_codes: Some(WayIn {
                browser: String::new(),
                ..way("codes:", "10 recovery codes")
            }),
        };
        let page = fake(review).shows(Path::Review).await;
        page.says("Passkeys Windows Hello Since 21 November 2026, 20:15 UTC · Chrome on Linux");
        page.says("Other accounts Gate Since");
        page.says("Sessions Firefox on Windows Since");
        page.says("Recovery codes 10 recovery codes Since 21 November 2026, 20:15 UTC What has");
        page.posts("Keep what has a tick", Path::Review);
        for key in ["passkey:a", "identity:b", "session:c", "codes:"] {
            assert!(is_kept(&page, key), "{key}");
        }
    }

    #[tokio::test]
    async fn what_may_be_somebody_elses_is_not_kept_unless_it_is_ticked() {
        let suspect = WayIn { is_suspect: true, ..way("passkey:b", "Dashlane") };
        let passkeys = vec![way("passkey:a", "Windows Hello"), suspect];
        let page = fake(Review { passkeys, ..Review::default() }).shows(Path::Review).await;
        page.says("Dashlane New Since");
        assert!(is_kept(&page, "passkey:a") && !is_kept(&page, "passkey:b"));
        page.never_says("Other accounts");
        page.never_says("Sessions");
    }

    #[tokio::test]
    async fn where_there_is_nothing_to_look_through_the_way_goes_on() {
        let answer = fake(Review::default()).get(Path::Review).await;
        answer.leads_to(Path::Account);
    }

    #[tokio::test]
    async fn a_refusal_is_said() {
        let passkeys = vec![way("passkey:a", "Windows Hello")];
        let fake = fake(Review { passkeys, ..Review::default() });
        let outcome = outcome(&[], &[("", "That is the last way to sign in.")]);
        let page = fake.posted(Path::Review, outcome).await.main();
        page.says("That is the last way to sign in.");
    }

    #[tokio::test]
    async fn its_owner_confirms_first_and_comes_back() {
        let fake = Fake { reauthenticated: false, ..Fake::of(account()) };
        let answer = fake.get(Path::Review).await;
        answer.leads_to(Path::Confirm.with_next(&Path::Review.into()));
    }
}
