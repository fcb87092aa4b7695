//! What is shown when there is nothing else to show.

use axum::http::StatusCode;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::Title;

use crate::api::{Code, Path, PublicError};

#[component]
pub fn NotFound() -> impl IntoView {
    expect_context::<ResponseOptions>().set_status(StatusCode::NOT_FOUND);
    view! { <ErrorPage error=Code::NotFound.into()/> }
}

#[component]
pub fn ErrorPage(error: PublicError) -> impl IntoView {
    let (heading, sentence) = match error.code {
        Code::NotFound => (
            "This page does not exist",
            "The address may be mistyped, or what was here has moved.".to_owned(),
        ),
        _ => ("That did not work", error.message),
    };
    view! {
        <Title text=format!("{heading} – Latchkey")/>
        <div class="narrow lost">
            <h1>{heading}</h1>
            <p>{sentence}</p>
            <p class="onward">
                <a class="button secondary" href=Path::Catalogue.to_string()>"To the catalogue"</a>
                <a href=Path::Cart.to_string()>"Your cart"</a>
            </p>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        api::{Code, Path},
        testing::Fake,
    };

    #[tokio::test]
    async fn an_unknown_address_says_so_and_leads_on() {
        let answer = Fake::default().get("/moat").await;
        assert_eq!(answer.status, 404);
        let page = answer.document.first("main");
        page.says("This page does not exist");
        page.leads("To the catalogue", Path::Catalogue);
        page.leads("Your cart", Path::Cart);
    }

    #[tokio::test]
    async fn a_refusal_stands_in_place_of_the_page() {
        let answer = Fake::default().refused(Path::Cart, Code::CrossSite).await;
        let page = answer.document.first("main");
        page.says("That did not work");
        page.says("That request came from another site, so it was not carried out.");
        page.never_says("There is nothing in it yet.");
    }

    #[tokio::test]
    async fn our_own_mistakes_are_ours() {
        let fake = Fake { trouble: Some(Code::Internal), ..Fake::default() };
        let answer = fake.get(Path::Cart).await;
        assert_eq!(answer.status, 500);
        answer.document.first("main").says("Something went wrong on our side. Please try again.");
    }
}
