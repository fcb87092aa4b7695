//! Where to go after signing in: `?next=…`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A path and query of this shop: where a visitor was going. Anything else that somebody may have
/// put into a link becomes the catalogue: an open redirect would lend this shop's name to any
/// other site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Next(String);

/// In bytes. It is kept in links, forms and cookies.
const LONGEST: usize = 2048;

impl Next {
    /// Takes `text` if a browser would stay in this shop with it and it is no longer than any
    /// address of ours, else `/`. Browsers take `//` and `/\` for the start of another host, and
    /// leave out tabs and newlines before they look (URL Standard, "basic URL parser"). What a
    /// browser takes for an address is ASCII, and so is the header that it is sent on with
    /// (RFC 9110 §10.2.2).
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(Self::local(text).to_owned())
    }

    /// `text` itself, or `/`: see [`Next::parse`].
    pub(crate) fn local(text: &str) -> &str {
        let local = text.len() <= LONGEST
            && text.starts_with('/')
            && !text.starts_with("//")
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if local { text } else { "/" }
    }

    /// The path and query, as a link or a redirect has them.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "ssr")]
impl Next {
    /// The address that it leads to, if that is one of ours; its query and fragment are left out.
    #[must_use]
    pub fn page(&self) -> Option<super::Path> {
        super::Path::parse(self.0.split(['?', '#']).next().unwrap_or_default())
    }
}

impl Default for Next {
    fn default() -> Self {
        Self::parse("/")
    }
}

impl From<String> for Next {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

impl From<Next> for String {
    fn from(next: Next) -> Self {
        next.0
    }
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value as it stands in a query, with everything escaped that has a meaning there (RFC 3986
/// §2.1).
#[must_use]
pub fn escaped(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                text.push(byte.into());
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Next;

    #[track_caller]
    fn refused(attack: &str) {
        assert_eq!(Next::parse(attack).as_str(), "/", "{attack}");
    }

    #[test]
    fn a_page_of_this_shop_is_kept() {
        for next in ["/", "/cart", "/products/lantern?from=/cart#main", "/a?b=https://c.example"] {
            assert_eq!(Next::parse(next).as_str(), next);
        }
    }

    #[test]
    fn an_open_redirect_by_a_host_without_a_scheme() {
        refused("//evil.example");
        refused("///evil.example");
    }

    #[test]
    fn an_open_redirect_by_backslashes() {
        refused("/\\evil.example");
        refused("\\\\evil.example");
        refused("/cart\\..\\..");
    }

    #[test]
    fn an_open_redirect_by_a_scheme() {
        for attack in ["https:evil.example", "https://evil.example/", "javascript:alert(1)"] {
            refused(attack);
        }
    }

    #[test]
    fn an_open_redirect_by_what_browsers_leave_out() {
        for attack in
            ["/\t/evil.example", "/\n/evil.example", "/\r\\evil.example", "\t//evil.example"]
        {
            refused(attack);
        }
    }

    #[test]
    fn a_header_cannot_be_split() {
        refused("/cart\r\nset-cookie: a=b");
        refused("/cart\0");
    }

    #[test]
    fn a_header_is_ascii() {
        for odd in ["/cárt", "/cart\u{FFFD}", "/a cart", "/\u{202E}tra"] {
            refused(odd);
        }
    }

    #[test]
    fn an_encoded_attack_stays_a_path() {
        // Browsers do not decode a path before they look for a host in it.
        for harmless in ["/%2Fevil.example", "/%5Cevil.example", "/%09/evil.example"] {
            assert_eq!(Next::parse(harmless).as_str(), harmless);
        }
        refused("%2F%2Fevil.example");
    }

    #[test]
    fn what_is_longer_than_any_address_is_not_carried_along() {
        let long = |length: usize| format!("/{}", "a".repeat(length - 1));
        assert_eq!(Next::parse(&long(2048)).as_str(), long(2048));
        refused(&long(2049));
    }

    #[test]
    fn no_text_is_the_catalogue() {
        for nothing in ["", "cart", " /cart", "?next=/cart"] {
            refused(nothing);
        }
    }
}
