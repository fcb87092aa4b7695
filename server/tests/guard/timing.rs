//! Enumeration by the time that an answer takes: whether somebody has a username.

use std::time::{Duration, Instant};

use crate::support::{on_both, visitor::Shop};

const PAIRS: usize = 60;

/// Asks for a name that somebody has and one that nobody has, in turns, and guesses after each pair
/// that the slower one exists, or after all of them that it does not. A coin would be right about
/// half of the time; with four fifths somebody learns something. (Load makes both slower.)
async fn expect_no_difference(ask: impl AsyncFn(&str) -> Duration) {
    let mut slower = 0;
    for pair in 0..PAIRS {
        // Neither is always the first one.
        let (robin, nobody) = if pair % 2 == 0 {
            let robin = ask("robin").await;
            (robin, ask("nobody").await)
        } else {
            let nobody = ask("nobody").await;
            (ask("robin").await, nobody)
        };
        slower += usize::from(robin > nobody);
    }
    assert!((PAIRS / 5..=PAIRS * 4 / 5).contains(&slower), "{slower} of {PAIRS}");
}

/// A shop that lets everybody guess.
async fn open(shop: &Shop) -> Shop {
    shop.changed(|config| {
        config.limits.tries_per_account = config.limits.tries_per_account.times(1_000);
        config.limits.tries_per_address = config.limits.tries_per_address.times(1_000);
    })
    .await
}

#[on_both]
async fn a_wrong_password_does_not_tell(shop: Shop) {
    let shop = open(&shop).await;
    shop.member_with_password("robin").await;
    expect_no_difference(async |username| {
        let fields = [("username", username), ("password", "a wrong password")];
        let begun = Instant::now();
        shop.visitor().post_by_script("/sign-in", &fields).await.expect_status(401);
        begun.elapsed()
    })
    .await;
}

#[on_both]
async fn a_wrong_recovery_code_does_not_tell(shop: Shop) {
    let shop = open(&shop).await;
    let mut robin = shop.member_with_password("robin").await;
    robin.recovery_codes().await;
    expect_no_difference(async |username| {
        let fields = [("username", username), ("password", ""), ("code", "aaaa-aaaa-aaaa-aaaa")];
        let begun = Instant::now();
        shop.visitor().post("/recover", &fields).await.expect_status(401);
        begun.elapsed()
    })
    .await;
}
