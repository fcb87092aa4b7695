//! `/products/{slug}`: this describes a product, which can be put into the cart.

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

#[cfg(test)]
mod tests {
    use crate::{
        api::Path,
        testing::{Fake, Html, samples::product},
    };

    async fn shown(stock: i64) -> Html {
        let fake = Fake { products: vec![product("lantern", stock)], ..Fake::default() };
        fake.shows(Path::product("lantern")).await
    }

    #[tokio::test]
    async fn what_is_there_can_be_put_into_the_cart() {
        let page = shown(3).await;
        assert_eq!(page.first("h1").text(), "The lantern");
        page.says("€ 48.00");
        page.says("3 left");
        page.posts("Add to cart", Path::Cart);
        let form = page.form("Add to cart");
        assert_eq!(form.holds("slug"), "lantern");
        assert_eq!(form.field("quantity").attribute("max").as_deref(), Some("3"));
    }

    #[tokio::test]
    async fn what_is_sold_out_cannot() {
        let page = shown(0).await;
        page.says("Sold out");
        page.never_says("Add to cart");
    }

    #[tokio::test]
    async fn an_unknown_product_is_not_found() {
        let answer = Fake::default().get(Path::product("moat")).await;
        assert_eq!(answer.status, 404);
        answer.document.first("main").says("This page does not exist");
    }
}
