//! `/checkout`: the order is placed here, by somebody who is signed in.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::{self, Cart, OrderLine, Path},
    components::{Control, Field, FormAlert, OrderLines},
    pages::load,
    request::form_outcome,
};

#[component]
pub fn Checkout() -> impl IntoView {
    let shop = api::shop();
    load(async move { shop.checkout().await }, |checkout| {
        view! {
            <Title text="Check out – Latchkey"/>
            <h1>"Check out"</h1>
            <FormAlert/>
            {if checkout.cart.lines.is_empty() { empty().into_any() } else { form(checkout).into_any() }}
        }
    })
}

fn empty() -> impl IntoView {
    view! {
        <p>"Your cart is empty, so there is nothing to order."</p>
        <p><a class="button secondary" href=Path::Catalogue.to_string()>"To the catalogue"</a></p>
    }
}

fn form(checkout: api::Checkout) -> impl IntoView {
    let outcome = form_outcome();
    // The same placement again, so that a form that is corrected and sent
    // twice still makes one order.
    let placement = outcome.value("placement").map_or(checkout.placement, str::to_owned);
    view! {
        <div class="columns">
            <section aria-labelledby="your-order">
                <h2 id="your-order">"Your order"</h2>
                <OrderLines
                    total=checkout.cart.total()
                    lines=order_lines(checkout.cart)
                    errors=outcome.errors
                />
                <p><a href=Path::Cart.to_string()>"Change the cart"</a></p>
            </section>
            <section aria-labelledby="delivery">
                <h2 id="delivery">"Delivery"</h2>
                <form class="form" method="post" action=Path::Checkout.to_string()>
                    <input type="hidden" name="placement" value=placement/>
                    <Field
                        name="name"
                        label="Name"
                        autocomplete="name"
                        value=checkout.name
                        required=true
                    />
                    <Field
                        name="address"
                        label="Address"
                        control=Control::Lines
                        hint="Street, town and country, as you would write them on a parcel."
                        autocomplete="street-address"
                        required=true
                    />
                    <p class="note">
                        "This is a sample store: no payment is taken and no parcel is sent. "
                        "The order is kept and its pieces leave the stock."
                    </p>
                    <button class="button">"Place order"</button>
                </form>
            </section>
        </div>
    }
}

fn order_lines(cart: Cart) -> Vec<OrderLine> {
    let line = |line: api::CartLine| OrderLine {
        slug: line.product.slug,
        name: line.product.name,
        price: line.product.price,
        quantity: line.quantity,
    };
    cart.lines.into_iter().map(line).collect()
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

    fn filled() -> Fake {
        Fake { cart: cart("lantern", 2, 5), ..Fake::of(account()) }
    }

    #[tokio::test]
    async fn a_stranger_signs_in_first_and_comes_back() {
        let answer = Fake::default().get(Path::Checkout).await;
        answer.leads_to(Path::SignIn.with_next(&Path::Checkout.into()));
    }

    #[tokio::test]
    async fn an_empty_cart_orders_nothing() {
        let page = Fake::of(account()).shows(Path::Checkout).await;
        page.says("Your cart is empty, so there is nothing to order.");
        page.never_says("Place order");
    }

    #[tokio::test]
    async fn the_order_is_shown_before_it_is_placed() {
        let page = filled().shows(Path::Checkout).await;
        page.part("Your order").says("The lantern 2 × € 48.00 € 96.00 Total € 96.00");
        page.posts("Place order", Path::Checkout);
        assert_eq!(page.holds("name"), "Ada Lovelace");
        assert_eq!(page.holds("placement"), "placement");
    }

    #[tokio::test]
    async fn a_refused_order_keeps_what_was_entered_and_its_placement() {
        let entered = [("name", "A. L."), ("address", "<1> & 2"), ("placement", "the first")];
        let wrong =
            [("address", "Please enter a name and an address."), ("lantern", "Only 1 left.")];
        let page = filled().posted(Path::Checkout, outcome(&entered, &wrong)).await.main();
        assert_eq!(page.holds("name"), "A. L.");
        assert_eq!(page.holds("address"), "<1> & 2");
        assert_eq!(page.holds("placement"), "the first");
        page.part("Delivery").says("Please enter a name and an address.");
        page.part("Your order").says("Only 1 left.");
    }
}
