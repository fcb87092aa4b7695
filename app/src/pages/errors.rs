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
