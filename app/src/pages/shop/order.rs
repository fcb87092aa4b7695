//! `/orders/{number}`

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::{self, Path},
    components::{OrderLines, When},
    pages::load,
};

#[component]
pub fn Order(number: String) -> impl IntoView {
    let shop = api::shop();
    load(async move { shop.order(&number).await }, show)
}

fn show(order: api::Order) -> impl IntoView {
    view! {
        <Title text=format!("Order {} – Latchkey", order.number)/>
        <h1>"Thank you"</h1>
        <p class="lead">
            "Your order " <strong class="order-number">{order.number}</strong>
            " was placed on " <When at=order.placed/> "."
        </p>
        <div class="columns">
            <section aria-labelledby="ordered">
                <h2 id="ordered">"What you ordered"</h2>
                <OrderLines lines=order.lines total=order.total/>
            </section>
            <section aria-labelledby="delivery">
                <h2 id="delivery">"Delivery to"</h2>
                <address>{order.delivery.name} "\n" {order.delivery.address}</address>
                <p class="note">
                    "This is a sample store: nothing was charged and nothing will be sent."
                </p>
            </section>
        </div>
        <p class="onward">
            <a href=Path::Account.to_string()>"Your account and orders"</a>
            <a href=Path::Catalogue.to_string()>"Back to the catalogue"</a>
        </p>
    }
}
