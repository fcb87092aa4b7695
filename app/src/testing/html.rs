//! HTML, read for what a person would notice: words, links, buttons and fields. It reads what
//! Leptos writes, where every `<`, `>` and `"` of a text or an attribute is escaped.

use std::fmt::Display;

/// These stand within a sentence; around any other a word ends.
const INLINE: [&str; 6] = ["a", "code", "leptos-island", "span", "strong", "time"];
/// These have no content.
const VOID: [&str; 3] = ["img", "input", "source"];

/// A piece of a page, from one tag to the one that closes it.
#[derive(Clone, Debug)]
pub(crate) struct Html(String);

impl Html {
    pub(crate) fn new(html: &str) -> Self {
        Self(html.to_owned())
    }

    /// All words, also those for screen readers only, with single spaces.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for piece in self.0.split('<') {
            let (tag, words) = piece.split_once('>').unwrap_or(("", piece));
            let name = tag_name(tag.trim_start_matches('/'));
            let inline = INLINE.contains(&name) || tag.starts_with('!');
            text.push_str(if inline || tag.is_empty() { "" } else { " " });
            text.push_str(words);
        }
        unescaped(&text).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) {
        let text = self.text();
        assert!(text.contains(words), "“{words}” is not in: {text}");
    }

    #[track_caller]
    pub(crate) fn never_says(&self, words: &str) {
        let text = self.text();
        assert!(!text.contains(words), "“{words}” is in: {text}");
    }

    /// Every element of this kind.
    pub(crate) fn all(&self, element: &str) -> Vec<Self> {
        let open = |rest: &str| rest.starts_with('<') && tag_name(&rest[1..]) == element;
        let starts = self.0.match_indices('<').map(|(at, _)| &self.0[at..]);
        starts.filter(|rest| open(rest)).map(|rest| Self::new(whole(rest, element))).collect()
    }

    #[track_caller]
    pub(crate) fn first(&self, element: &str) -> Self {
        let found = self.all(element).into_iter().next();
        found.unwrap_or_else(|| panic!("there is no <{element}> in: {}", self.0))
    }

    /// The element of this kind with just these words.
    #[track_caller]
    pub(crate) fn one(&self, element: &str, words: &str) -> Self {
        let mut all = self.all(element);
        let texts: Vec<_> = all.iter().map(Self::text).collect();
        let found = texts.iter().position(|text| text == words);
        all.swap_remove(found.unwrap_or_else(|| panic!("<{element}>: no “{words}” in {texts:?}")))
    }

    /// The input or text area with this name.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> Self {
        let fields = [self.all("input"), self.all("textarea")].concat();
        let found =
            fields.into_iter().find(|field| field.attribute("name").as_deref() == Some(name));
        found.unwrap_or_else(|| panic!("there is no field {name} in: {}", self.0))
    }

    /// An attribute of the outermost element; empty where it has no value.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        let tag = self.0.trim_start_matches('<').split('>').next().unwrap_or_default();
        let mut rest = tag[tag_name(tag).len()..].trim_start();
        while !rest.is_empty() {
            let end = rest.find(['=', ' ']).unwrap_or(rest.len());
            let (this, after) = rest.split_at(end);
            let value = after.strip_prefix("=\"").and_then(|after| after.split_once('"'));
            let (value, after) = value.unwrap_or(("", after));
            if this == name {
                return Some(unescaped(value));
            }
            rest = after.trim_start();
        }
        None
    }

    pub(crate) fn has(&self, attribute: &str) -> bool {
        self.attribute(attribute).is_some()
    }

    /// What a field holds.
    #[track_caller]
    pub(crate) fn holds(&self, field: &str) -> String {
        let field = self.field(field);
        field.attribute("value").unwrap_or_else(|| field.text())
    }

    /// There is a link with just these words, to this address.
    #[track_caller]
    pub(crate) fn leads(&self, words: &str, to: impl Display) {
        assert_eq!(self.one("a", words).attribute("href"), Some(to.to_string()), "{words}");
    }

    /// There is a button with just these words, in a form that posts to this address.
    #[track_caller]
    pub(crate) fn posts(&self, button: &str, to: impl Display) {
        let form = self.form(button);
        assert_eq!(form.attribute("method").as_deref(), Some("post"), "{button}");
        assert_eq!(form.attribute("action"), Some(to.to_string()), "{button}");
    }

    /// The form with this button.
    #[track_caller]
    pub(crate) fn form(&self, button: &str) -> Self {
        let has_it = |form: &Self| form.all("button").iter().any(|found| found.text() == button);
        let found = self.all("form").into_iter().find(has_it);
        found.unwrap_or_else(|| panic!("no form has a button “{button}”: {}", self.text()))
    }

    /// The part of the page under a heading, which names it.
    #[track_caller]
    pub(crate) fn part(&self, heading: &str) -> Self {
        let headed = |part: &Self| part.all("h2").first().is_some_and(|h2| h2.text() == heading);
        let found = self.all("section").into_iter().find(headed);
        found.unwrap_or_else(|| panic!("no part of the page is headed “{heading}”"))
    }

    /// Whether what is folded away under these words is shown.
    #[track_caller]
    pub(crate) fn is_open(&self, summary: &str) -> bool {
        let folded = self.all("details").into_iter();
        let mut folded = folded.filter(|details| details.first("summary").text() == summary);
        folded.next().unwrap_or_else(|| panic!("nothing is under “{summary}”")).has("open")
    }
}

/// The name that a tag begins with.
fn tag_name(tag: &str) -> &str {
    let end = tag.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    &tag[..end.unwrap_or(tag.len())]
}

/// The element that `html` begins with.
fn whole<'a>(html: &'a str, element: &str) -> &'a str {
    let mut depth = 0;
    for (at, _) in html.match_indices('<') {
        let tag = &html[at + 1..];
        let end = at + tag.find('>').map_or(tag.len(), |end| end + 2);
        match tag.strip_prefix('/') {
            Some(tag) if tag_name(tag) == element => depth -= 1,
            None if tag_name(tag) == element && !VOID.contains(&element) => depth += 1,
            _ => {}
        }
        if depth == 0 {
            return &html[..end];
        }
    }
    html
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&#x27;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::Html;

    #[test]
    fn words_are_read_as_they_are_seen() {
        let page = Html::new(
            "<div class=\"a\"><h1>Fish &amp; chips</h1><p>To <a href=\"/\">go<!> now</a>.</p></div>",
        );
        assert_eq!(page.text(), "Fish & chips To go now.");
        page.leads("go now", "/");
    }

    #[test]
    fn elements_within_their_like_are_told_apart() {
        let list = Html::new("<ul><li id=\"a\"><ul><li>One</li></ul></li><li>Two</li></ul>");
        let texts: Vec<_> = list.all("li").iter().map(Html::text).collect();
        assert_eq!(texts, ["One", "One", "Two"]);
        assert_eq!(list.first("li").attribute("id").as_deref(), Some("a"));
    }

    #[test]
    fn attributes_are_found_with_and_without_a_value() {
        let field = Html::new("<input required name=\"a b\" value=\"&quot;c&quot; name=d\">");
        assert!(field.has("required"));
        assert!(!field.has("d"));
        assert_eq!(field.attribute("value").as_deref(), Some("\"c\" name=d"));
        assert_eq!(field.holds("a b"), "\"c\" name=d");
    }
}
