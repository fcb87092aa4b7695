//! What the shop's cookies are like.

use std::collections::BTreeSet;

use crate::support::{
    on_both,
    saved::by_itself,
    town::{Town, through},
    visitor::PASSWORD,
};

/// One at each of the ways by which a cookie is set or removed. Returns all that were sent.
async fn walk(town: &Town) -> Vec<String> {
    let mut visitor = town.shop.visitor();
    visitor.sign_up_with_password("robin").await.expect_redirect("/");
    visitor.sign_out().await;
    by_itself(&mut visitor, PASSWORD).await.expect_status(403);
    visitor.sign_in_options().await;
    visitor.sign_in_with_password("robin").await.expect_redirect("/cart");
    visitor.sign_out().await;
    through(&mut visitor, &town.acorn, "robin", "/cart").await;
    visitor.sent
}

/// The names, without the part that is another one each time.
fn names(sent: &[String]) -> BTreeSet<&str> {
    sent.iter().map(|cookie| kind(cookie.split_once('=').unwrap().0)).collect()
}

fn kind(name: &str) -> &str {
    const ATTEMPT: &str = "latchkey-attempt-";
    name.find(ATTEMPT).map_or(name, |at| &name[..at + ATTEMPT.len()])
}

#[on_both]
async fn over_tls_every_cookie_is_for_this_host_alone(town: Town) {
    let mut town = town;
    town.shop = town.shop.at("https://store.example").await;
    let sent = walk(&town).await;
    // RFC 6265bis §4.1.3.2.
    for cookie in &sent {
        let attributes: Vec<_> = cookie.split("; ").skip(1).collect();
        for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(attributes.contains(&attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    let all = [
        "__Host-latchkey",
        "__Host-latchkey-attempt-",
        "__Host-latchkey-browser",
        "__Host-latchkey-by-hand",
        "__Host-latchkey-known",
    ];
    assert_eq!(names(&sent), all.into());
}

#[on_both]
async fn on_localhost_the_names_are_plain(town: Town) {
    let sent = walk(&town).await;
    assert!(sent.iter().all(|cookie| !cookie.contains("Secure")), "{sent:?}");
    let all =
        ["latchkey", "latchkey-attempt-", "latchkey-browser", "latchkey-by-hand", "latchkey-known"];
    assert_eq!(names(&sent), all.into());
}

#[on_both]
async fn what_another_host_of_the_domain_could_have_set_is_not_read(town: Town) {
    let shop = town.shop.at("https://store.example").await;
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await.expect_redirect("/");
    assert!(visitor.is_signed_in().await);
    let plain = visitor.cookie.unwrap().strip_prefix("__Host-").unwrap().to_owned();
    visitor.cookie = Some(plain);
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn who_signed_out_before_the_prefix_is_remembered_until_they_sign_in(town: Town) {
    let shop = town.shop.at("https://store.example").await;
    shop.member_with_password("robin").await;
    let mut visitor = shop.visitor();
    visitor.by_hand = true;
    by_itself(&mut visitor, PASSWORD).await.expect_status(403);
    visitor.by_hand_name = "latchkey-by-hand".to_owned();
    visitor.sign_in_with_password("robin").await.expect_redirect("/cart");
    let removed = "latchkey-by-hand=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure";
    assert!(visitor.sent.iter().any(|cookie| cookie == removed), "{:?}", visitor.sent);
}
