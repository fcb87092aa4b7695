//! What a page knows of the request that it answers.

use axum::{extract::Query, http::Uri};
use leptos::prelude::use_context;
use serde::Deserialize;

use crate::api::{FormOutcome, Next, Path, PublicError, Visitor};

/// Provided as a context by whoever renders a page. The server finds out before it shows the
/// page: what a page waits for is one future, because Leptos polls several in turn, not
/// together, and one could wait for what another holds.
#[derive(Clone, Debug, Default)]
pub struct PageRequest {
    /// None: there is no such page.
    pub path: Option<Path>,
    /// Path and query of the page, as far as a browser would stay in this shop with it: a
    /// request for `//elsewhere.example` is a page too.
    pub here: Next,
    /// Where the visitor was going: as the form said, else as the address says.
    pub next: Next,
    pub visitor: Visitor,
    /// What was wrong with the form that led here, if it was one.
    pub outcome: FormOutcome,
    /// Shown in place of the page.
    pub refusal: Option<PublicError>,
}

#[derive(Default, Deserialize)]
struct Asked {
    #[serde(default)]
    next: Next,
}

impl PageRequest {
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

/// The request that is being answered.
pub(crate) fn page_request() -> PageRequest {
    use_context().unwrap_or_default()
}

pub(crate) fn visitor() -> Visitor {
    page_request().visitor
}

pub(crate) fn form_outcome() -> FormOutcome {
    page_request().outcome
}

pub(crate) fn here() -> Next {
    page_request().here
}

pub(crate) fn next() -> Next {
    page_request().next
}

/// Where signing in leads: here, unless this page is itself on the way to somewhere else.
pub(crate) fn onward() -> Next {
    let request = page_request();
    if is_passing(&request) { request.next } else { request.here }
}

/// Whether the page only leads on to somewhere else, or away.
pub(crate) fn is_passing(request: &PageRequest) -> bool {
    request.path.as_ref().is_some_and(Path::is_passing)
}

/// Of the providers that people can sign in with.
pub(crate) fn origins() -> Vec<String> {
    visitor().providers.into_iter().filter_map(|provider| provider.origin).collect()
}
