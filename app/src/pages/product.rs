//! `/products/{slug}`

use leptos::prelude::*;
use leptos_meta::Title;

use super::{load, path_part};
use crate::{
    api::{self, backend},
    components::{Picture, Quantity, Stock},
};

#[component]
pub fn Product() -> impl IntoView {
    let backend = backend();
    let slug = path_part("slug");
    load(async move { backend.product(&slug).await }, show)
}

fn show(product: api::Product) -> impl IntoView {
    let alt = format!("Drawing of the product: {}", product.name);
    view! {
        <Title text=format!("{} – Latchkey", product.name)/>
        <article class="product">
            <Picture slug=product.slug.clone() size=400 alt/>
            <div class="product-text">
                <h1>{product.name.clone()}</h1>
                <p class="lead">{product.summary.clone()}</p>
                <p class="price">{product.price.to_string()}</p>
                <Stock pieces=product.stock/>
                {add_to_cart(&product)}
                <p>{product.description.clone()}</p>
                <p><a href="/">"Back to the catalogue"</a></p>
            </div>
        </article>
    }
}

fn add_to_cart(product: &api::Product) -> impl IntoView + use<> {
    (product.stock > 0).then(|| {
        view! {
            <form class="add" method="post" action="/cart">
                <input type="hidden" name="slug" value=product.slug.clone()/>
                <input type="hidden" name="action" value="add"/>
                <Quantity id="quantity".to_owned() value="1".to_owned() max=product.stock/>
                <button class="button">"Add to cart"</button>
            </form>
        }
    })
}
