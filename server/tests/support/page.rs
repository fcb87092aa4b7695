//! What stands in a page.

use serde_json::Value;

/// The value of a hidden field of a page.
pub fn hidden(page: &str, name: &str) -> String {
    let field = page.split("<input").find(|field| field.contains(&format!("name=\"{name}\"")));
    let value = field.unwrap().split("value=\"").nth(1).unwrap();
    value.split('"').next().unwrap().to_owned()
}

/// What an island of the page was given.
pub fn island(page: &str, name: &str) -> Option<Value> {
    let tag = page.split("<leptos-island").find(|part| part.contains(name))?;
    let props = tag.split("data-props=\"").nth(1)?.split('"').next()?;
    serde_json::from_str(&props.replace("&quot;", "\"").replace("&amp;", "&")).ok()
}

pub fn signals(page: &str) -> Option<Value> {
    let told = island(page, "BrowserUpkeep").map(|props| props["upkeep"]["signals"].clone());
    told.filter(|signals| !signals.is_null())
}

pub fn offer(page: &str) -> Option<String> {
    Some(island(page, "PasskeyOffer")?["offer"].as_str()?.to_owned())
}
