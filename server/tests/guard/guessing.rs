//! Guessing at passwords, recovery codes and usernames, as fast as somebody likes.

use axum::http::{StatusCode, header::RETRY_AFTER};
use futures::future::join_all;

use crate::support::{
    on_both,
    visitor::{Answer, Shop, Visitor},
};

const SECOND: i64 = 1_000;

async fn guess(visitor: &mut Visitor, username: &str) -> Answer {
    let fields = [("username", username), ("password", "a wrong password"), ("next", "/cart")];
    visitor.post("/sign-in", &fields).await
}

/// As often as it takes until it is refused; how often that was.
async fn guess_until_refused(visitor: &mut Visitor, username: &str) -> usize {
    for tries in 0..1_000 {
        if guess(visitor, username).await.status == StatusCode::TOO_MANY_REQUESTS {
            return tries;
        }
    }
    panic!("nobody refused");
}

/// The shop behind a proxy that says where visitors are.
async fn behind_proxy(shop: &Shop) -> Shop {
    shop.changed(|config| config.limits.proxies = vec!["127.0.0.1/32".parse().unwrap()]).await
}

#[on_both]
async fn guessing_a_password_is_slowed_down(shop: Shop) {
    shop.member_with_password("robin").await;
    let mut attacker = shop.visitor();
    assert_eq!(guess_until_refused(&mut attacker, "robin").await, 5);

    // The right one, too, or the answer would tell.
    let refused = attacker.sign_in_with_password("robin").await.expect_status(429);
    assert_eq!(refused.headers[RETRY_AFTER], "12");
    let refused = refused.expect_text("try again in 12 seconds");
    refused.expect_text("value=\"robin\"").expect_text("role=\"alert\"");
    let fields = [("username", "robin"), ("password", "another")];
    let refused = attacker.post_by_script("/sign-in", &fields).await;
    assert_eq!(refused.headers[RETRY_AFTER], "12");
    refused.expect_refusal(429, "too_many_tries");

    shop.clock.advance(12 * SECOND);
    guess(&mut attacker, "Robin ").await.expect_status(401);
    guess(&mut attacker, "robin").await.expect_status(429);
    shop.clock.advance(12 * SECOND);
    attacker.sign_in_with_password("robin").await.expect_redirect("/cart");
    let mut other = shop.visitor();
    assert_eq!(guess_until_refused(&mut other, "robin").await, 5, "a sign-in forgets them");
}

#[on_both]
async fn enumeration_by_the_limit_learns_nothing(shop: Shop) {
    shop.member_with_password("robin").await;
    shop.member("keyholder").await;
    for username in ["robin", "keyholder", "nobody", "no such name", ""] {
        let mut attacker = shop.visitor();
        assert_eq!(guess_until_refused(&mut attacker, username).await, 5, "{username}");
    }
}

#[on_both]
async fn nobody_can_lock_the_owner_out(shop: Shop) {
    let mut robin = shop.member_with_password("robin").await;
    let mut passkey = crate::support::authenticator::Authenticator::new();
    robin.add(&mut passkey).await.expect_status(200);
    robin.sign_out().await;
    guess_until_refused(&mut shop.visitor(), "robin").await;

    robin.sign_in_with_password("robin").await.expect_redirect("/cart");
    robin.sign_out().await;
    // A passkey is slowed nowhere.
    guess_until_refused(&mut shop.visitor(), "robin").await;
    shop.visitor().sign_in(&mut passkey).await.expect_status(200);
    // A browser that the account knows is counted by itself, and counted it is.
    assert_eq!(guess_until_refused(&mut robin, "robin").await, 5);
    robin.sign_in_with_password("robin").await.expect_status(429);
}

#[on_both]
async fn an_account_that_somebody_has_is_no_way_to_another(shop: Shop) {
    shop.member_with_password("robin").await;
    let mut mallory = shop.member_with_password("mallory").await;
    mallory.sign_out().await;
    let known = mallory.others.iter().find(|(name, _)| name == "latchkey-known").unwrap();
    assert!(!known.1.contains("mallory"));
    guess_until_refused(&mut shop.visitor(), "robin").await;
    guess(&mut mallory, "robin").await.expect_status(429);
}

#[on_both]
async fn guessing_from_many_addresses_is_counted_by_the_account(shop: Shop) {
    shop.member_with_password("robin").await;
    let shop = behind_proxy(&shop).await;
    let mut let_through = 0;
    // A botnet of 3,600, one a second.
    for second in 0..3_600 {
        let mut attacker = shop.visitor_at(&format!("10.0.{}.{}", second / 256, second % 256));
        if guess(&mut attacker, "robin").await.status == StatusCode::UNAUTHORIZED {
            let_through += 1;
        }
        if second == 59 {
            assert_eq!(let_through, 9);
        }
        shop.clock.advance(SECOND);
    }
    assert!((90..=100).contains(&let_through), "{let_through}");
}

#[on_both]
async fn guessing_at_many_names_is_counted_by_the_address(shop: Shop) {
    let shop = behind_proxy(&shop).await;
    let guess_at = async |address: &str, name: usize| {
        guess(&mut shop.visitor_at(address), &format!("name{name}")).await.status.as_u16()
    };
    for name in 0..30 {
        assert_eq!(guess_at("192.0.2.1", name).await, 401);
    }
    assert_eq!(guess_at("192.0.2.1", 30).await, 429);
    assert_eq!(guess_at("192.0.2.2", 30).await, 401);
    // Whoever has a network of IPv6 has no end of addresses.
    for name in 100..220 {
        let address = format!("2001:db8:0:{}::{name:x}", name % 8);
        assert_eq!(guess_at(&address, name).await, 401, "{name}");
    }
    assert_eq!(guess_at("2001:db8:0:99::1", 300).await, 429);
    assert_eq!(guess_at("2001:db8:1::1", 300).await, 401);
}

#[on_both]
async fn a_forged_address_is_not_believed(shop: Shop) {
    for name in 0..30 {
        let mut attacker = shop.visitor_at(&format!("10.0.0.{name}"));
        guess(&mut attacker, &format!("name{name}")).await.expect_status(401);
    }
    guess(&mut shop.visitor_at("10.0.1.1"), "name").await.expect_status(429);
}

#[on_both]
async fn guesses_at_once_are_counted_one_by_one(shop: Shop) {
    shop.member_with_password("robin").await;
    let guesses = (0..20).map(|_| async {
        let mut attacker = shop.visitor();
        guess(&mut attacker, "robin").await.status
    });
    let answers = join_all(guesses).await;
    let tried = answers.iter().filter(|status| **status == StatusCode::UNAUTHORIZED).count();
    assert_eq!(tried, 5, "{answers:?}");
}

#[on_both]
async fn two_servers_count_together(shop: Shop) {
    shop.member_with_password("robin").await;
    let other = shop.changed(|_| ()).await;
    for server in [&shop, &other, &shop, &other, &shop] {
        guess(&mut server.visitor(), "robin").await.expect_status(401);
    }
    for server in [&shop, &other] {
        guess(&mut server.visitor(), "robin").await.expect_status(429);
    }
}

#[on_both]
async fn guessing_a_proof_is_slowed_down(shop: Shop) {
    let mut robin = shop.member_with_password("robin").await;
    for expected in [401, 401, 401, 401, 401, 429] {
        let answer = robin.post("/confirm", &[("password", "a wrong password")]).await;
        answer.expect_status(expected);
    }
    assert!(robin.is_signed_in().await);
}

#[on_both]
async fn enumeration_of_usernames_at_the_sign_up_is_slowed_down(shop: Shop) {
    shop.member("robin").await;
    let mut attacker = shop.visitor();
    for _ in 0..30 {
        attacker.sign_up_options_or_refusal("robin").await.expect_refusal(409, "username_taken");
    }
    // Of those that are free nothing is told either.
    for name in ["robin", "wren"] {
        let refused = attacker.sign_up_options_or_refusal(name).await;
        refused.expect_refusal(429, "too_many_tries");
        attacker.sign_up_with_password(name).await.expect_status(429);
    }
    shop.clock.advance(2 * SECOND);
    attacker.sign_up_options_or_refusal("wren").await.expect_status(200);
}

#[on_both]
async fn what_was_typed_is_not_kept(shop: Shop) {
    guess(&mut shop.visitor(), "my secret, in the wrong field").await.expect_status(401);
    let subjects = shop.column("SELECT MAX(subject) FROM tries WHERE subject <> $1", "").await;
    assert!(!subjects.contains("secret"), "{subjects}");
    assert_eq!(subjects.len(), 22);
}

#[on_both]
async fn tries_are_forgotten_in_the_end(shop: Shop) {
    guess(&mut shop.visitor(), "robin").await.expect_status(401);
    assert_eq!(shop.store.delete_expired(shop.clock.now()).await.unwrap(), 0);
    shop.clock.advance(73 * SECOND);
    assert_eq!(shop.store.delete_expired(shop.clock.now()).await.unwrap(), 2);
}
