//! `/`: this shows all that there is to buy.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::{self, Path, Product, paths::IMAGES},
    components::{Picture, Stock},
    pages::load,
    request::asset,
};

#[component]
pub fn Catalogue() -> impl IntoView {
    let shop = api::shop();
    load(async move { shop.catalogue().await }, |products| {
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
                <img src=asset(format!("{IMAGES}/entrance.svg")) width="800" height="400" alt=""/>
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
            <h3><a href=Path::product(&product.slug).to_string()>{product.name}</a></h3>
            <p class="price">{product.price.to_string()}</p>
            <Stock pieces=product.stock/>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        api::{Code, Path},
        testing::{Fake, samples::product},
    };

    #[tokio::test]
    async fn every_product_is_on_the_shelf() {
        let products = vec![product("lantern", 0), product("mat", 3), product("hook", 40)];
        let page = Fake { products, ..Fake::default() }.shows(Path::Catalogue).await;
        page.leads("The lantern", Path::product("lantern"));
        let shelf: Vec<_> = page.all("li").iter().map(|card| card.text()).collect();
        assert_eq!(
            shelf,
            ["The lantern € 48.00 Sold out", "The mat € 48.00 3 left", "The hook € 48.00 In stock"]
        );
    }

    #[tokio::test]
    async fn trouble_is_admitted() {
        let fake = Fake { trouble: Some(Code::Busy), ..Fake::default() };
        let answer = fake.get(Path::Catalogue).await;
        assert_eq!(answer.status, 503);
        answer.document.first("main").says("The store is busy. Please try again in a moment.");
    }
}
