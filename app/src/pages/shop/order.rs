//! `/orders/{number}`: this shows an order to whoever placed it.

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

#[cfg(test)]
mod tests {
    use crate::{
        api::Path,
        testing::{
            Fake,
            samples::{account, order},
        },
    };

    #[tokio::test]
    async fn an_order_says_what_was_bought_and_where_it_would_go() {
        let page = Fake { orders: vec![order("L-1")], ..Fake::of(account()) };
        let page = page.shows(Path::order("L-1")).await;
        page.says("Your order L-1 was placed on 21 November 2026, 20:15 UTC.");
        page.part("What you ordered").says("The lantern 2 × € 48.00 € 96.00 Total € 96.00");
        page.part("Delivery to").says("Ada Lovelace 1 Dorset Street London");
    }

    #[tokio::test]
    async fn somebody_elses_order_is_not_found() {
        assert_eq!(Fake::of(account()).get(Path::order("L-2")).await.status, 404);
    }

    #[tokio::test]
    async fn a_stranger_signs_in_first_and_comes_back() {
        let order = Path::order("L-1");
        let answer = Fake::default().get(&order).await;
        answer.leads_to(Path::SignIn.with_next(&order.into()));
    }
}
