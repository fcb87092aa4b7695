//! `/leaving`: on to a provider, after a form that our own policy keeps in this store. The
//! answer to the form leads on by itself (`Refresh`).

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{pages::errors::NotFound, request::form_outcome};

#[component]
pub fn Leaving() -> impl IntoView {
    let outcome = form_outcome();
    let (Some(provider), Some(url)) = (outcome.value("provider"), outcome.value("url")) else {
        return NotFound().into_any();
    };
    let heading = format!("On to {provider}");
    view! {
        <Title text=format!("{heading} – Latchkey")/>
        <div class="narrow">
            <h1>{heading.clone()}</h1>
            <p>"You will be back here once you have signed in there."</p>
            <p><a class="button" href=url.to_owned()>"Continue"</a></p>
        </div>
    }
    .into_any()
}
