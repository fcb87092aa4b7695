//! `/products/{slug}`

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::{self, Path},
    components::{Picture, Quantity, Stock},
    pages::load,
};

#[component]
pub fn Product(slug: String) -> impl IntoView {
    let shop = api::shop();
    load(async move { shop.product(&slug).await }, show)
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
                <p><a href=Path::Catalogue.to_string()>"Back to the catalogue"</a></p>
            </div>
        </article>
    }
}

fn add_to_cart(product: &api::Product) -> impl IntoView + use<> {
    (product.stock > 0).then(|| {
        view! {
            <form class="add" method="post" action=Path::Cart.to_string()>
                <input type="hidden" name="slug" value=product.slug.clone()/>
                <input type="hidden" name="action" value="add"/>
                <Quantity id="quantity".to_owned() value="1".to_owned() max=product.stock/>
                <button class="button">"Add to cart"</button>
            </form>
        }
    })
}
