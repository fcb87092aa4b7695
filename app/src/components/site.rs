//! What surrounds every page.

use leptos::prelude::*;

use crate::{
    api::{FormOutcome, Next, Notice, Path, Upkeep, Visitor},
    request::{here, is_passing, onward, origins, page_request, visitor},
    sign_in::{BrowserUpkeep, PasskeyOffer, PasskeyPress, Place},
};

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

/// A latch key, as old as the word.
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

#[component]
pub fn SiteFooter() -> impl IntoView {
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
                </ul>
            </nav>
        </footer>
    }
}

/// What came of the visitor's last action. It has the focus, so that screen readers
/// read it before the page.
#[component]
pub fn NoticeBar() -> impl IntoView {
    let notice = visitor().notice;
    notice.map(|Notice { sentence, undo }| {
        let undo = undo.then(|| {
            view! {
                " "
                <form method="post" action=Path::SignOut.to_string()><button class="quiet">"Undo"</button></form>
            }
        });
        view! {
            <div class="notice" role="status" tabindex="-1" autofocus=true>
                <span>{sentence}</span> {undo}
            </div>
        }
    })
}

/// What the browser is asked or told on any page.
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
