//! The session and its cookie, from the first visit to the sign-out.

use crate::support::{on_both, visitor::Shop};

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
    shop.clock.advance(29 * 24 * 60 * 60 * 1000);
    assert!(visitor.is_signed_in().await);
    shop.clock.advance(2 * 24 * 60 * 60 * 1000);
    assert!(!visitor.is_signed_in().await);
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
