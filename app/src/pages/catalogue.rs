//! `/`

use leptos::prelude::*;
use leptos_meta::Title;

use super::load;
use crate::{
    api::{Product, backend},
    components::{Picture, Stock},
};

#[component]
pub fn Catalogue() -> impl IntoView {
    let backend = backend();
    load(async move { backend.catalogue().await }, |products| {
        view! {
            <Title text="Latchkey – things for the way in"/>
            <section class="hero">
                <div>
                    <h1>"Things for the way in"</h1>
                    <p>
                        "Hooks, lanterns, knockers and mats for the entrance of a home, "
                        "in the order you meet them: from the number by the street "
                        "to the hook for your key."
                    </p>
                </div>
                <img src="/images/entrance.svg" width="800" height="400" alt=""/>
            </section>
            <h2 class="unseen">"Catalogue"</h2>
            <ul class="shelf">
                {products.into_iter().map(|product| view! { <Card product/> }).collect_view()}
            </ul>
        }
    })
}

#[component]
fn Card(product: Product) -> impl IntoView {
    view! {
        <li class="card">
            <Picture slug=product.slug.clone() size=400/>
            <h3><a href=format!("/products/{}", product.slug)>{product.name}</a></h3>
            <p class="price">{product.price.to_string()}</p>
            <Stock pieces=product.stock/>
        </li>
    }
}
