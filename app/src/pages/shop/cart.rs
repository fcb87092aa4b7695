//! `/cart`: quantities are changed here, and from here one checks out.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::{self, CartLine, FormOutcome, Next, Path},
    components::{FormAlert, Picture, Quantity},
    pages::load,
    request::{form_outcome, origins, visitor},
    sign_in::{PasskeyPress, Place},
};

#[component]
pub fn Cart() -> impl IntoView {
    let shop = api::shop();
    let signed_in = visitor().account.is_some();
    load(async move { shop.cart().await }, move |cart| {
        view! {
            <Title text="Cart – Latchkey"/>
            <h1>"Cart"</h1>
            <FormAlert/>
            {strays(&cart)}
            {if cart.lines.is_empty() { empty().into_any() } else { filled(cart, signed_in).into_any() }}
        }
    })
}

fn empty() -> impl IntoView {
    view! {
        <p>"There is nothing in it yet."</p>
        <p><a class="button secondary" href=Path::Catalogue.to_string()>"To the catalogue"</a></p>
    }
}

fn filled(cart: api::Cart, signed_in: bool) -> impl IntoView {
    let total = cart.total().to_string();
    let outcome = form_outcome();
    let lines = cart.lines.into_iter().map(|line| show_line(line, &outcome)).collect_view();
    view! {
        <ul class="cart">{lines}</ul>
        <div class="cart-end">
            <p class="total">"Total " <strong>{total}</strong></p>
            {check_out(signed_in)}
        </div>
    }
}

fn show_line(line: CartLine, outcome: &FormOutcome) -> impl IntoView + use<> {
    let total = line.total().to_string();
    let CartLine { product, quantity } = line;
    let error = outcome.error(&product.slug).map(str::to_owned);
    view! {
        <li class="cart-line">
            <Picture slug=product.slug.clone() size=400/>
            <div class="cart-what">
                <h2><a href=Path::product(&product.slug).to_string()>{product.name.clone()}</a></h2>
                <p class="each">{product.price.to_string()} " each"</p>
            </div>
            <p class="price">{total}</p>
            <div class="cart-change">
                <form method="post" action=Path::Cart.to_string()>
                    <input type="hidden" name="slug" value=product.slug.clone()/>
                    <input type="hidden" name="action" value="set"/>
                    <Quantity
                        id=format!("quantity-{}", product.slug)
                        of=product.name.clone()
                        value=quantity.to_string()
                        max=product.stock
                        error
                    />
                    <button class="quiet">"Update" {of(&product.name)}</button>
                </form>
                <form method="post" action=Path::Cart.to_string()>
                    <input type="hidden" name="slug" value=product.slug.clone()/>
                    <input type="hidden" name="action" value="set"/>
                    <input type="hidden" name="quantity" value="0"/>
                    <button class="quiet">"Remove" {of(&product.name)}</button>
                </form>
            </div>
        </li>
    }
}

/// What a button is for, so that screen readers tell those apart that look alike.
fn of(name: &str) -> impl IntoView + use<> {
    view! { <span class="unseen">" " {name.to_owned()}</span> }
}

/// What was wrong with products that could not be put into the cart, and so have no line that
/// could say it.
fn strays(cart: &api::Cart) -> impl IntoView + use<> {
    let has_line = |slug: &str| cart.lines.iter().any(|line| line.product.slug == slug);
    form_outcome()
        .errors
        .into_iter()
        .filter(|(field, _)| !field.is_empty() && !has_line(field))
        .map(|(_, sentence)| view! { <p class="alert" role="alert">{sentence}</p> })
        .collect_view()
}

/// A link to the checkout. Who is not signed in does both with one press, given a passkey; without
/// one, or without a script, the link asks them to sign in first.
fn check_out(signed_in: bool) -> impl IntoView {
    let link = || view! { <a class="button" href=Path::Checkout.to_string()>"Check out"</a> };
    if signed_in {
        link().into_any()
    } else {
        view! {
            <div>
                <PasskeyPress place=Place::CheckOut origins=origins() next=Next::from(Path::Checkout)>
                    {link()}
                </PasskeyPress>
                <p class="hint">"You will be asked to sign in first."</p>
            </div>
        }
        .into_any()
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        api::Path,
        testing::{
            Fake, outcome,
            samples::{account, cart},
        },
    };

    #[tokio::test]
    async fn an_empty_cart_leads_to_the_catalogue() {
        let page = Fake::default().shows(Path::Cart).await;
        page.says("There is nothing in it yet.");
        page.leads("To the catalogue", Path::Catalogue);
        page.never_says("Check out");
    }

    #[tokio::test]
    async fn a_filled_cart_says_what_it_comes_to() {
        let fake = Fake { cart: cart("lantern", 2, 5), ..Fake::default() };
        let page = fake.shows(Path::Cart).await;
        page.leads("The lantern", Path::product("lantern"));
        page.says("€ 48.00 each");
        page.says("Total € 96.00");
        page.posts("Update The lantern", Path::Cart);
        assert_eq!(page.form("Update The lantern").holds("quantity"), "2");
        assert_eq!(page.form("Remove The lantern").holds("quantity"), "0");
    }

    #[tokio::test]
    async fn a_stranger_hears_that_checking_out_begins_with_signing_in() {
        let fake = Fake { cart: cart("lantern", 1, 5), ..Fake::default() };
        let page = fake.shows(Path::Cart).await;
        page.leads("Check out", Path::Checkout);
        page.says("You will be asked to sign in first.");
    }

    #[tokio::test]
    async fn who_is_signed_in_checks_out_at_once() {
        let fake = Fake { cart: cart("lantern", 1, 5), ..Fake::of(account()) };
        let page = fake.shows(Path::Cart).await;
        page.leads("Check out", Path::Checkout);
        page.never_says("You will be asked to sign in first.");
    }

    #[tokio::test]
    async fn what_was_wrong_is_said_at_its_line_or_above_all() {
        let fake = Fake { cart: cart("lantern", 9, 5), ..Fake::default() };
        let wrong = [("lantern", "Only 5 are left."), ("moat", "The moat is sold out.")];
        let page = fake.posted(Path::Cart, outcome(&[], &wrong)).await.main();
        let line = page.first("li");
        line.says("Only 5 are left.");
        assert_eq!(line.field("quantity").attribute("aria-invalid").as_deref(), Some("true"));
        line.never_says("The moat is sold out.");
        page.says("The moat is sold out.");
    }
}
