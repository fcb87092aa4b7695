//! Where to go after signing in.

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
    use super::same_origin_path;

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
