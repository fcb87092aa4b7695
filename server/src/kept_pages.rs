//! Pages of strangers, kept as they were rendered.
//!
//! What a stranger sees of the shop is the same for all of them, but for the nonce that the page's
//! own scripts carry. So it is rendered once for each state of the catalogue, and afterwards only
//! the nonce is put in.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use axum::http::HeaderMap;

/// The pages that were rendered since the catalogue has changed.
#[derive(Debug, Default)]
pub struct KeptPages(RwLock<Pages>);

#[derive(Debug, Default)]
struct Pages {
    /// That of the [`Catalogue`](crate::store::Catalogue).
    version: u64,
    pages: HashMap<Kind, Arc<KeptPage>>,
}

/// What pages differ by, beside the catalogue. There are few: of addresses, only those are kept
/// that have a page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    pub path: String,
    /// Whether the browser may sign in by itself.
    pub automatic: bool,
    /// Whether it is told not to.
    pub by_hand: bool,
}

/// A page without its nonce.
#[derive(Debug)]
pub struct KeptPage {
    pub headers: HeaderMap,
    /// The nonce stands between them.
    parts: Vec<String>,
}

impl KeptPages {
    #[must_use]
    pub fn get(&self, kind: &Kind, version: u64) -> Option<Arc<KeptPage>> {
        let pages = self.0.read().unwrap_or_else(PoisonError::into_inner);
        pages.pages.get(kind).filter(|_| pages.version == version).cloned()
    }

    /// Keeps a page that was rendered when the catalogue had this version, or later; unless by now
    /// it has changed again.
    pub fn keep(&self, kind: Kind, version: u64, page: KeptPage) {
        let mut pages = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if pages.version > version {
            return;
        }
        if pages.version < version {
            *pages = Pages { version, pages: HashMap::new() };
        }
        pages.pages.insert(kind, Arc::new(page));
    }
}

impl KeptPage {
    #[must_use]
    pub fn new(headers: HeaderMap, html: &str, nonce: &str) -> Self {
        Self { headers, parts: html.split(nonce).map(str::to_owned).collect() }
    }

    #[must_use]
    pub fn html(&self, nonce: &str) -> String {
        self.parts.join(nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(path: &str) -> Kind {
        Kind { path: path.into(), automatic: false, by_hand: false }
    }

    #[test]
    fn a_kept_page_has_the_new_nonce_and_none_of_the_old() {
        let html = "<script nonce=\"abc\"></script><p>ab c</p><script nonce=\"abc\">";
        let page = KeptPage::new(HeaderMap::new(), html, "abc");
        assert_eq!(page.html("xyz"), html.replace("abc", "xyz"));
    }

    #[test]
    fn a_change_of_the_catalogue_forgets_all_of_them() {
        let (pages, page) = (KeptPages::default(), || KeptPage::new(HeaderMap::new(), "", "n"));
        pages.keep(kind("/"), 1, page());
        pages.keep(kind("/cart"), 1, page());
        assert!(pages.get(&kind("/"), 1).is_some() && pages.get(&kind("/products/a"), 1).is_none());
        assert!(pages.get(&kind("/"), 2).is_none());
        pages.keep(kind("/"), 2, page());
        assert!(pages.get(&kind("/"), 2).is_some() && pages.get(&kind("/cart"), 2).is_none());
        pages.keep(kind("/cart"), 1, page());
        assert!(pages.get(&kind("/"), 2).is_some() && pages.get(&kind("/cart"), 2).is_none());
        assert!(pages.get(&Kind { automatic: true, ..kind("/") }, 2).is_none());
    }
}
