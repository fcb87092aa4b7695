//! The keys that a provider signs with.

use serde_json::json;
use tokio::task::yield_now;

use crate::support::{
    on_both,
    time::{MINUTE, SECOND},
    town::{Town, UNVERIFIED, add_to_cart, bring, expect_other_ways, nonce, through},
};

#[on_both]
async fn a_provider_may_change_its_keys(town: Town) {
    let mut visitor = town.member("robin").await;
    assert_eq!(town.acorn.books().asked_for_keys, 1);
    visitor.sign_out().await;
    through(&mut visitor, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
    assert_eq!(town.acorn.books().asked_for_keys, 1);
    visitor.sign_out().await;

    town.shop.clock.advance(10 * SECOND);
    town.acorn.change_keys("second");
    through(&mut visitor, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
    assert_eq!(town.acorn.books().asked_for_keys, 2);
    visitor.sign_out().await;

    // Nobody makes the shop ask all the time.
    town.acorn.change_keys("third");
    town.shop.clock.advance(10 * SECOND - 1);
    let answer = through(&mut visitor, &town.acorn, "robin", "/orders").await;
    expect_other_ways(answer, 400, UNVERIFIED, "/orders");
    assert_eq!(town.acorn.books().asked_for_keys, 2);
    town.shop.clock.advance(1);
    through(&mut visitor, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
    assert_eq!(town.acorn.books().asked_for_keys, 3);
}

#[on_both]
async fn a_new_key_may_have_the_old_name(town: Town) {
    let mut visitor = town.member("robin").await;
    visitor.sign_out().await;
    town.shop.clock.advance(10 * SECOND);
    town.acorn.change_keys("first");
    through(&mut visitor, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
    assert_eq!(town.acorn.books().asked_for_keys, 2);
}

#[on_both]
async fn who_goes_away_while_new_keys_are_fetched_leaves_nobody_waiting(town: Town) {
    town.member("robin").await;
    town.shop.clock.advance(10 * SECOND);
    town.acorn.change_keys("second");
    let mut one = town.shop.visitor();
    let first = nonce(&mut one, "acorn").await;
    let token = town.acorn.sign(&town.acorn.token("robin", &first));
    let mut two = town.shop.visitor();
    let second = nonce(&mut two, "acorn").await;
    // The first connection is gone as soon as the provider is asked.
    town.acorn.books().holds_keys = true;
    let asked = async {
        while town.acorn.books().asked_for_keys < 2 {
            yield_now().await;
        }
    };
    tokio::select! {
        _ = bring(&mut one, "acorn", &first, &token) => panic!("it was answered too early"),
        () = asked => {}
    }
    town.acorn.books().holds_keys = false;
    let token = town.acorn.sign(&town.acorn.token("robin", &second));
    bring(&mut two, "acorn", &second, &token).await.expect_status(200);
}

#[on_both]
async fn two_who_come_with_a_new_key_at_once_are_both_let_in(town: Town) {
    town.member("robin").await;
    town.shop.clock.advance(10 * SECOND);
    town.acorn.change_keys("second");
    let (mut one, mut two) = (town.shop.visitor(), town.shop.visitor());
    let (first, second) = (nonce(&mut one, "acorn").await, nonce(&mut two, "acorn").await);
    let token = |nonce| town.acorn.sign(&town.acorn.token("robin", nonce));
    let (for_one, for_two) = (token(&first), token(&second));
    let (one, two) = tokio::join!(
        bring(&mut one, "acorn", &first, &for_one),
        bring(&mut two, "acorn", &second, &for_two),
    );
    one.expect_status(200);
    two.expect_status(200);
    assert_eq!(town.acorn.books().asked_for_keys, 2);
}

#[on_both]
async fn a_forged_key_does_not_make_the_shop_forget_the_real_ones(town: Town) {
    let mut visitor = town.member("robin").await;
    visitor.sign_out().await;
    town.shop.clock.advance(10 * SECOND);
    town.acorn.books().discovery = Some((503, json!("")));
    let given = nonce(&mut visitor, "acorn").await;
    let mut token = town.acorn.token("robin", &given);
    token.header["kid"] = json!("made up");
    let token = town.acorn.sign(&token);
    bring(&mut visitor, "acorn", &given, &token).await.expect_refusal(502, "provider_unavailable");
    through(&mut visitor, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
}

#[on_both]
async fn forgery_with_a_retired_key_fails_after_an_hour(town: Town) {
    let mut visitor = town.member("robin").await;
    visitor.sign_out().await;
    let stolen = town.acorn.change_keys("second");
    town.shop.clock.advance(60 * MINUTE);
    // With something in the cart, a session lives longer than that.
    add_to_cart(&mut visitor, "1").await;
    through(&mut visitor, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
    visitor.sign_out().await;

    add_to_cart(&mut visitor, "1").await;
    let wanted = nonce(&mut visitor, "acorn").await;
    let current = town.acorn.use_keys(stolen);
    let forged = town.acorn.sign(&town.acorn.token("robin", &wanted));
    town.acorn.use_keys(current);
    bring(&mut visitor, "acorn", &wanted, &forged).await.expect_refusal(400, "provider_refused");
    assert_eq!(town.acorn.books().asked_for_keys, 2);
}
