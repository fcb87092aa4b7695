//! `/orders/{number}`

use leptos::prelude::*;
use leptos_meta::Title;

use super::{load, path_part};
use crate::{
    api::{self, backend},
    components::{OrderLines, When},
};

#[component]
pub fn Order() -> impl IntoView {
    let backend = backend();
    let number = path_part("number");
    load(async move { backend.order(&number).await }, show)
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
            <a href="/account">"Your account and orders"</a>
            <a href="/">"Back to the catalogue"</a>
        </p>
    }
}
