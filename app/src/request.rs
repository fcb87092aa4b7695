//! What a page knows of the request that it answers.

use std::{collections::HashMap, sync::Arc};

use axum::{extract::Query, http::Uri};
use leptos::reactive::owner::with_context;
use serde::Deserialize;

use crate::api::{FormOutcome, Next, Path, PublicError, Visitor};

/// What a page knows of the request that it answers: a context that whoever renders a page
/// provides. The server finds all of it out before it shows the page. What a page waits for is one
/// future, because Leptos polls several in turn, not together, and one could wait for what another
/// holds.
#[derive(Clone, Debug, Default)]
pub struct PageRequest {
    /// The address that was asked for; nothing where it is none of ours.
    pub path: Option<Path>,
    /// Path and query of the page, as far as a browser would stay in this shop with them: a
    /// request for `//elsewhere.example` is a page too.
    pub here: Next,
    /// Where the visitor was going: as the form said, else as the address says.
    pub next: Next,
    /// Who is looking.
    pub visitor: Visitor,
    /// What had been entered into the form that led here, and what was wrong with it; empty where
    /// none did.
    pub outcome: FormOutcome,
    /// A refusal that is shown in place of the page.
    pub refusal: Option<PublicError>,
}

/// Where browsers have assets from, by their paths; one that is not among them is where its path
/// says. A context, too.
#[derive(Clone, Debug, Default)]
pub struct AssetAddresses(pub Arc<HashMap<String, String>>);

impl AssetAddresses {
    pub(crate) fn of(&self, path: &str) -> String {
        self.0.get(path).map_or(path, String::as_str).to_owned()
    }
}

#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    next: Next,
}

impl PageRequest {
    /// The request for an address, by its path and query, with what a form brought back.
    #[must_use]
    pub fn new(uri: &Uri, visitor: Visitor, outcome: FormOutcome) -> Self {
        let here = uri.path_and_query().map_or("/", |here| here.as_str());
        let asked = || Query::<Asked>::try_from_uri(uri).unwrap_or_default().0.next;
        Self {
            path: Path::parse(uri.path()),
            here: Next::parse(here),
            next: outcome.value("next").map_or_else(asked, Next::parse),
            visitor,
            outcome,
            refusal: None,
        }
    }
}

/// What is asked of the request that is being answered, and no copy of more: a page asks often, and
/// much hangs on a request.
fn ask<T>(what: impl FnOnce(&PageRequest) -> T) -> T {
    with_context(what).expect("whoever renders a page provides its request")
}

/// Where a browser has the asset from that is at this path.
pub(crate) fn asset(path: String) -> String {
    with_context(|addresses: &AssetAddresses| addresses.of(&path)).unwrap_or(path)
}

/// The request that is being answered, with everything.
pub(crate) fn page_request() -> PageRequest {
    ask(Clone::clone)
}

/// Who is looking at the page.
pub(crate) fn visitor() -> Visitor {
    ask(|request| request.visitor.clone())
}

/// What had been entered into the form that led to the page, and what was wrong with it.
pub(crate) fn form_outcome() -> FormOutcome {
    ask(|request| request.outcome.clone())
}

/// Path and query of the page.
pub(crate) fn here() -> Next {
    ask(|request| request.here.clone())
}

/// Where the visitor was going when the page came up.
pub(crate) fn next() -> Next {
    ask(|request| request.next.clone())
}

/// Where signing in from the page leads: back to it, unless it is itself on the way to somewhere
/// else.
pub(crate) fn onward() -> Next {
    ask(|request| if is_passing(request) { request.next.clone() } else { request.here.clone() })
}

/// Whether the page only leads on to somewhere else, or away.
pub(crate) fn is_passing(request: &PageRequest) -> bool {
    request.path.as_ref().is_some_and(Path::is_passing)
}

/// The origins of the providers that people can sign in with.
pub(crate) fn origins() -> Vec<String> {
    ask(|request| {
        let providers = request.visitor.providers.iter();
        providers.filter_map(|provider| provider.origin.clone()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::outcome;

    fn request(uri: &'static str, posted: &[(&str, &str)]) -> PageRequest {
        PageRequest::new(&Uri::from_static(uri), Visitor::default(), outcome(posted, &[]))
    }

    #[test]
    fn the_page_and_where_it_stands_come_from_the_address() {
        let request = request("/products/lantern?from=/cart", &[]);
        assert_eq!(request.path, Some(Path::product("lantern")));
        assert_eq!(request.here.as_str(), "/products/lantern?from=/cart");
        assert_eq!(request.next, Next::default());
    }

    #[test]
    fn where_the_visitor_was_going_is_what_the_form_said_else_the_address() {
        let asked = "/sign-in?next=/cart%3Fa%3Db";
        assert_eq!(request(asked, &[]).next.as_str(), "/cart?a=b");
        assert_eq!(request(asked, &[("next", "/checkout")]).next.as_str(), "/checkout");
    }

    #[test]
    fn an_open_redirect_is_nowhere_to_come_back_or_go_on_to() {
        let request = request("//evil.example/?next=https://evil.example/", &[]);
        assert_eq!(
            (request.path, request.here, request.next),
            (None, Next::default(), Next::default())
        );
    }
}
