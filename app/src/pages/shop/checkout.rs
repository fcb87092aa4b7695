//! `/checkout`

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
