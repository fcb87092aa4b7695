//! `/leaving`: on to a provider, after a form that our own policy keeps in this shop. The
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

#[cfg(test)]
mod tests {
    use crate::{
        api::Path,
        testing::{Fake, outcome},
    };

    #[tokio::test]
    async fn after_a_form_it_says_where_it_goes() {
        let url = "https://gate.example/authorize?a=b&c=d";
        let outcome = outcome(&[("provider", "Gate"), ("url", url)], &[]);
        let page = Fake::default().posted(Path::Leaving, outcome).await.main();
        assert_eq!(page.first("h1").text(), "On to Gate");
        page.leads("Continue", url);
    }

    #[tokio::test]
    async fn an_open_redirect_by_its_address_leads_nowhere() {
        let address = format!("{}?provider=Gate&url=https://evil.example", Path::Leaving);
        let answer = Fake::default().get(address).await;
        assert_eq!(answer.status, 404);
        answer.document.never_says("On to Gate");
    }
}
