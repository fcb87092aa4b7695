//! Where to go after signing in: `?next=…`.

/// `path?next=…`, with the query's own characters escaped.
#[must_use]
pub fn with_next(path: &str, next: &str) -> String {
    format!("{path}?next={}", escaped(next))
}

/// A value in a query.
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

/// `next` if a browser would stay in this store with it, else `/`. Browsers take
/// `//` and `/\` for the start of another host, and leave out tabs and newlines
/// before they look.
#[must_use]
pub fn same_origin_path(next: &str) -> &str {
    let local = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(|c: char| c == '\\' || c.is_control());
    if local { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::{same_origin_path, with_next};

    #[test]
    fn the_way_on_survives_in_a_query() {
        assert_eq!(with_next("/sign-in", "/checkout"), "/sign-in?next=/checkout");
        assert_eq!(with_next("/sign-up", "/a?b=c&d#é"), "/sign-up?next=/a%3Fb%3Dc%26d%23%C3%A9");
    }

    #[test]
    fn the_next_page_is_one_of_this_store() {
        for next in ["/", "/cart", "/products/lantern?from=/cart#main"] {
            assert_eq!(same_origin_path(next), next);
        }
        let elsewhere = ["", "cart", "//evil.example", "/\\evil.example", "/\t/evil.example"];
        for next in elsewhere.into_iter().chain(["https://evil.example/", "javascript:alert(1)"]) {
            assert_eq!(same_origin_path(next), "/");
        }
    }
}
