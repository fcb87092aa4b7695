//! The session and its cookie, from the first visit to the sign-out.

use std::time::Duration;

use latchkey::session::Lifetimes;

use crate::support::{on_both, time::DAY, visitor::Shop};

#[on_both]
async fn looking_around_leaves_no_trace(shop: Shop) {
    let mut visitor = shop.visitor();
    let product = format!("/products/{}", shop.plenty().await);
    for page in ["/", &product, "/cart", "/sign-in", "/sign-up", "/one-button"] {
        let answer = visitor.get(page).await.expect_status(200);
        assert_eq!(answer.cookie(), None, "{page}");
    }
    assert_eq!(visitor.get("/checkout").await.cookie(), None);
    assert_eq!(visitor.get("/no-such-page").await.cookie(), None);
    assert_eq!(shop.sessions().await, 0);
}

#[on_both]
async fn cookies_are_as_strict_as_the_address_allows(shop: Shop) {
    let slug = shop.plenty().await;
    let add = [("slug", slug.as_str()), ("quantity", "1"), ("action", "add")];
    let local = shop.visitor().post("/cart", &add).await;
    let cookie = local.cookie().unwrap();
    assert!(
        cookie.starts_with("latchkey=")
            && cookie.contains("HttpOnly")
            && cookie.contains("SameSite=Lax")
    );

    let secure = shop.at("https://store.example").await;
    let mut visitor = secure.visitor();
    visitor.post("/cart", &add).await;
    let answer = visitor.post("/sign-out", &[]).await;
    for cookie in [visitor.post("/cart", &add).await.cookie().unwrap(), answer.cookie().unwrap()] {
        assert!(cookie.starts_with("__Host-latchkey="), "{cookie}");
        for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"));
    }
    assert!(answer.cookie().unwrap().contains("Max-Age=0"));
}

#[on_both]
async fn a_session_expires(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    // Used now and then, it lives on, and its cookie with it.
    for _ in 0..3 {
        shop.clock.advance(29 * DAY);
        let page = visitor.get("/account").await.expect_status(200);
        assert!(page.cookie().is_some());
    }
    // But not for ever.
    shop.clock.advance(3 * DAY);
    assert!(!visitor.is_signed_in().await);

    let (mut visitor, _) = shop.member("rowan").await;
    shop.clock.advance(30 * DAY);
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn how_long_a_session_lives_is_configured(shop: Shop) {
    let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
    let lifetimes = Lifetimes { idle: days(2), absolute: days(5) };
    let shop = shop.changed(|config| config.lifetimes = lifetimes).await;
    let (mut visitor, mut passkey) = shop.member("robin").await;
    shop.clock.advance(2 * DAY);
    assert!(!visitor.is_signed_in().await);
    visitor.sign_in(&mut passkey).await.expect_status(200);
    for _ in 0..4 {
        shop.clock.advance(DAY);
        assert!(visitor.is_signed_in().await);
    }
    shop.clock.advance(DAY);
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn the_first_two_presses_at_once_both_count(shop: Shop) {
    let slug = shop.plenty().await;
    let add = [("slug", slug.as_str()), ("quantity", "1"), ("action", "add")];
    let mut visitor = shop.visitor();
    visitor.get(&format!("/products/{slug}")).await.expect_status(200);
    let mut tabs = [visitor.clone(), visitor];
    let [one, other] = &mut tabs;
    let (first, second) = tokio::join!(one.post("/cart", &add), other.post("/cart", &add));
    first.expect_redirect("/cart");
    second.expect_redirect("/cart");
    // Whichever cookie the browser keeps.
    for tab in &mut tabs {
        tab.get("/cart").await.expect_text("with pieces: </span>2");
    }
    // Another browser has another cart.
    let mut stranger = shop.visitor();
    stranger.get(&format!("/products/{slug}")).await;
    stranger.post("/cart", &add).await;
    stranger.get("/cart").await.expect_text("with pieces: </span>1");
}

#[on_both]
async fn an_ended_session_is_not_brought_back_by_a_page_that_was_under_way(shop: Shop) {
    let (visitor, _) = shop.member("robin").await;
    for _ in 0..10 {
        let (mut tab, mut other) = (visitor.clone(), visitor.clone());
        let name = [("username", "robin"), ("display_name", "Robin")];
        tab.post("/account/name", &name).await;
        let (page, _) = tokio::join!(tab.get("/cart"), other.post("/sign-out", &[]));
        // It has cleared the notice, or found nobody.
        page.expect_status(200);
        assert!(!tab.is_signed_in().await);
        assert_eq!(shop.sessions().await, 0);
    }
}

#[on_both]
async fn session_fixation_before_a_sign_in_gains_nothing(shop: Shop) {
    let (_, mut passkey) = shop.member("robin").await;
    let mut visitor = shop.visitor();
    let slug = shop.plenty().await;
    let add = [("slug", slug.as_str()), ("quantity", "1"), ("action", "add")];
    visitor.post("/cart", &add).await.expect_redirect("/cart");
    let mut seen = vec![visitor.cookie.clone().unwrap()];
    for _ in 0..2 {
        visitor.sign_in(&mut passkey).await.expect_status(200);
        seen.push(visitor.cookie.clone().unwrap());
    }
    seen.dedup();
    assert_eq!(seen.len(), 3);
    for old in &seen[..2] {
        let mut thief = shop.visitor();
        thief.cookie = Some(old.clone());
        assert!(!thief.is_signed_in().await);
    }
}

#[on_both]
async fn a_stolen_cookie_is_worth_nothing_after_the_sign_out(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    let mut copy = visitor.clone();
    let answer = visitor.post("/sign-out", &[]).await.expect_redirect("/");
    assert!(answer.cookie().unwrap().contains("Max-Age=0"));
    assert_eq!(visitor.cookie, None);
    assert!(!copy.is_signed_in().await);
    assert_eq!(shop.sessions().await, 0);
}

#[on_both]
async fn no_race_resurrects_an_ended_session(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    let slug = shop.plenty().await;
    // Requests that write to the session, in a race with the sign-out.
    let mut racers = Vec::new();
    for _ in 0..6 {
        let (mut racer, slug) = (visitor.clone(), slug.clone());
        racers.push(tokio::spawn(async move {
            racer.post("/cart", &[("slug", &slug), ("quantity", "1"), ("action", "add")]).await;
            racer.sign_up_options_or_refusal("someone").await;
        }));
    }
    let mut copy = visitor.clone();
    visitor.post("/sign-out", &[]).await.expect_redirect("/");
    for racer in racers {
        racer.await.unwrap();
    }
    assert!(!copy.is_signed_in().await);
}
