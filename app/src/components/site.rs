//! What surrounds every page.

use leptos::prelude::*;

use crate::{
    api::{FormOutcome, Next, Notice, Path, Upkeep, Visitor},
    request::{here, is_passing, onward, origins, page_request, visitor},
    sign_in::{BrowserUpkeep, PasskeyOffer, PasskeyPress, Place},
};

/// The header of every page: where to go, and who is signed in.
#[component]
pub fn SiteHeader() -> impl IntoView {
    view! {
        <header class="site-header">
            <a class="wordmark" href=Path::Catalogue.to_string()><Mark/> "Latchkey"</a>
            <nav aria-label="Main"><Navigation visitor=visitor() here=here()/></nav>
        </header>
    }
}

#[component]
fn Navigation(visitor: Visitor, here: Next) -> impl IntoView {
    let page = here.page();
    let current = move |link: Path| (page.as_ref() == Some(&link)).then_some("page");
    let who = match visitor.account {
        Some(account) => view! {
            <a class="who" href=Path::Account.to_string() aria-current=current(Path::Account)>
                <span class="unseen">"Account of "</span>
                {account.display_name}
            </a>
        }
        .into_any(),
        None => {
            let next = onward();
            let form = Path::SignIn.with_next(&next);
            let signing_in = current(Path::SignIn);
            view! {
                <PasskeyPress place=Place::Header origins=origins() next>
                    <a href=form aria-current=signing_in>"Sign in"</a>
                </PasskeyPress>
            }
            .into_any()
        }
    };
    view! {
        <ul>
            <li class="wide"><a href=Path::Catalogue.to_string() aria-current=current(Path::Catalogue)>"Catalogue"</a></li>
            <li>
                <a href=Path::Cart.to_string() aria-current=current(Path::Cart)>
                    "Cart" <CartCount pieces=visitor.cart_count/>
                </a>
            </li>
            <li>{who}</li>
        </ul>
    }
}

#[component]
fn CartCount(pieces: i64) -> impl IntoView {
    (pieces > 0).then(|| {
        view! {
            <span class="count">
                <span class="unseen">" with pieces: "</span>
                {pieces.to_string()}
            </span>
        }
    })
}

/// The mark of this shop: a latch key, as old as the word.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
            <path
                fill="none"
                stroke="currentColor"
                stroke-width="3"
                d="M16 14.5V29M16 21h6v4.500h-6"
            />
            <circle cx="16" cy="8.500" r="6" fill="none" stroke="currentColor" stroke-width="3"/>
        </svg>
    }
}

/// The footer of every page: what this shop is, and what else there is to see.
#[component]
pub fn SiteFooter() -> impl IntoView {
    // The account's own page has a larger one.
    let elsewhere = here().page() != Some(Path::Account);
    let sign_out = (elsewhere && visitor().account.is_some()).then(|| {
        view! {
            <li>
                <form method="post" action=Path::SignOut.to_string()><button class="quiet">"Sign out"</button></form>
            </li>
        }
    });
    view! {
        <footer class="site-footer">
            <p>
                "Latchkey is a sample store. Nothing here is sold, charged or shipped; "
                "it shows a sign-in that gets out of the way."
            </p>
            <nav aria-label="More">
                <ul>
                    <li><a href=Path::Catalogue.to_string()>"Catalogue"</a></li>
                    <li><a href=Path::OneButton.to_string()>"Sign in with one button"</a></li>
                    <li><a href=Path::BrowserSupport.to_string()>"What this browser can do"</a></li>
                    {sign_out}
                </ul>
            </nav>
        </footer>
    }
}

/// What came of the visitor's last action, or what happened without one. It has the focus, so that
/// screen readers read it before the page.
#[component]
pub fn NoticeBar() -> impl IntoView {
    let notice = visitor().notice;
    notice.map(|Notice { sentence, undo }| {
        let undo = undo.then(|| {
            view! {
                " "
                <form method="post" action=Path::UndoSignIn.to_string()><button class="quiet">"Undo"</button></form>
            }
        });
        view! {
            <div class="notice" role="status" tabindex="-1" autofocus=true>
                <span>{sentence}</span> {undo}
            </div>
        }
    })
}

/// What every page's script tells or asks the browser, and the offer of a passkey.
#[component]
pub fn PasskeyUpkeep() -> impl IntoView {
    let request = page_request();
    let Visitor { offer, upkeep, .. } = request.visitor.clone();
    let busy = request.path.as_ref().is_some_and(Path::is_busy);
    let here = request.here.clone();
    // Not where a passkey is being asked for or created already, and not over what is shown
    // only once.
    let offer = offer.filter(|_| !busy);
    // Nor does anybody sign in by themselves on a page for signing in, or on one that says
    // what was wrong.
    let landing = !is_passing(&request) && request.outcome == FormOutcome::default();
    let upkeep = Upkeep { automatic: upkeep.automatic.filter(|_| landing), ..upkeep };
    let upkeep = (upkeep != Upkeep::default()).then_some(upkeep);
    view! {
        {offer.map(|offer| view! { <PasskeyOffer offer here/> })}
        {upkeep.map(|upkeep| view! { <BrowserUpkeep upkeep/> })}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::Offer,
        testing::{
            Fake, Html, outcome,
            samples::{account, cart},
        },
    };

    const UPKEEP: &str = "BrowserUpkeep";
    const OFFER: &str = "PasskeyOffer";

    async fn document(fake: &Fake, address: impl std::fmt::Display) -> Html {
        fake.get(address).await.document
    }

    /// Whether a page has this island.
    fn has(document: &Html, name: &str) -> bool {
        let islands = document.all("leptos-island").into_iter();
        let mut names = islands.filter_map(|island| island.attribute("data-component"));
        names.any(|island| island.starts_with(name))
    }

    #[tokio::test]
    async fn a_stranger_is_led_to_the_form_and_back_here() {
        let header = document(&Fake::default(), Path::Cart).await.first("header");
        header.leads("Sign in", Path::SignIn.with_next(&Path::Cart.into()));
        let cart = header.one("a", "Cart");
        assert_eq!(cart.attribute("aria-current").as_deref(), Some("page"));
        assert!(!header.one("a", "Catalogue").has("aria-current"));
    }

    #[tokio::test]
    async fn a_page_on_the_way_to_somewhere_is_not_come_back_to() {
        let address = Path::SignUp.with_next(&Path::Cart.into());
        let header = document(&Fake::default(), address).await.first("header");
        header.leads("Sign in", Path::SignIn.with_next(&Path::Cart.into()));
    }

    #[tokio::test]
    async fn who_is_signed_in_is_greeted_and_their_cart_counted() {
        let fake = Fake { cart: cart("lantern", 2, 5), ..Fake::of(account()) };
        let header = document(&fake, Path::Cart).await.first("header");
        header.leads("Account of Ada Lovelace", Path::Account);
        header.leads("Cart with pieces: 2", Path::Cart);
        header.never_says("Sign in");
    }

    #[tokio::test]
    async fn every_page_has_one_way_out_for_who_is_signed_in() {
        let fake = Fake::of(account());
        for page in [Path::Catalogue, Path::Cart, Path::Account, Path::Password, Path::Confirm] {
            let page = document(&fake, &page).await;
            let ways = page.all("button").into_iter().filter(|button| button.text() == "Sign out");
            assert_eq!(ways.count(), 1);
        }
        document(&Fake::default(), Path::Cart).await.first("footer").never_says("Sign out");
    }

    #[tokio::test]
    async fn what_happened_is_said_and_undone_where_nobody_asked_for_it() {
        let mut fake = Fake::of(account());
        let sentence = "Signed in as ada.".to_owned();
        fake.visitor.notice = Some(Notice { sentence: sentence.clone(), undo: false });
        let page = fake.shows(Path::Cart).await;
        page.says(&sentence);
        page.never_says("Undo");
        fake.visitor.notice = Some(Notice { sentence, undo: true });
        fake.shows(Path::Cart).await.posts("Undo", Path::UndoSignIn);
    }

    #[tokio::test]
    async fn a_passkey_is_offered_except_where_it_would_be_in_the_way() {
        let mut fake = Fake::of(account());
        fake.visitor.offer = Some(Offer::Passkey);
        for page in [Path::Catalogue, Path::Cart, Path::Account, Path::Password] {
            assert!(has(&document(&fake, &page).await, OFFER), "{page}");
        }
        for page in [Path::NewPasskey, Path::RecoveryCodes, Path::Confirm, Path::SignIn] {
            assert!(!has(&document(&fake, &page).await, OFFER), "{page}");
        }
    }

    #[tokio::test]
    async fn nobody_is_signed_in_by_itself_on_the_way_to_somewhere_or_after_a_mistake() {
        let mut fake = Fake::default();
        fake.visitor.upkeep.automatic = Some(vec![]);
        assert!(has(&document(&fake, Path::Cart).await, UPKEEP));
        assert!(!has(&document(&fake, Path::SignIn).await, UPKEEP));
        let refused = fake.posted(Path::Cart, outcome(&[], &[("", "No.")])).await;
        assert!(!has(&refused.document, UPKEEP));
    }

    #[tokio::test]
    async fn a_page_without_an_island_loads_no_wasm() {
        let page = document(&Fake::of(account()), Path::Goodbye).await;
        assert!(page.all("leptos-island").is_empty());
    }
}
