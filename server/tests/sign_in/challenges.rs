//! A challenge is answered once, in time, where it was asked and for what it was asked.

use crate::support::{
    authenticator::{Authenticator, UP, UV},
    on_both,
    visitor::Shop,
};

/// Five minutes and a bit, in milliseconds.
const TOO_LATE: i64 = 5 * 60 * 1000 + 1;

#[on_both]
async fn no_two_challenges_are_alike(shop: Shop) {
    let mut visitor = shop.visitor();
    let [one, other] = [visitor.sign_in_options().await, visitor.sign_in_options().await];
    assert_ne!(one["challenge"], other["challenge"]);
}

#[on_both]
async fn a_challenge_is_good_for_five_minutes(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    visitor.post("/sign-out", &[]).await;
    let options = visitor.sign_in_options().await;
    shop.clock.advance(TOO_LATE);
    let answer = visitor.finish_sign_in(&passkey.get(&options)).await;
    answer.expect_refusal(400, "challenge_unknown");

    let options = visitor.sign_in_options().await;
    shop.clock.advance(TOO_LATE - 2);
    visitor.finish_sign_in(&passkey.get(&options)).await.expect_status(200);
}

#[on_both]
async fn a_challenge_is_used_up_by_a_failure(shop: Shop) {
    let (_, mut passkey) = shop.member("robin").await;
    let mut visitor = shop.visitor();
    let options = visitor.sign_in_options().await;
    passkey.flags = UP;
    visitor.finish_sign_in(&passkey.get(&options)).await.expect_refusal(400, "user_not_verified");
    passkey.flags = UP | UV;
    visitor.finish_sign_in(&passkey.get(&options)).await.expect_refusal(400, "challenge_unknown");
}

#[on_both]
async fn replay_of_an_assertion_is_refused(shop: Shop) {
    let (_, mut passkey) = shop.member("robin").await;
    let mut visitor = shop.visitor();
    let options = visitor.sign_in_options().await;
    let anonymous = visitor.clone();
    visitor.finish_sign_in(&passkey.get(&options)).await.expect_status(200);
    for mut again in [visitor, anonymous] {
        let answer = again.finish_sign_in(&passkey.get(&options)).await;
        answer.expect_refusal(400, "challenge_unknown");
    }
}

#[on_both]
async fn of_many_simultaneous_replays_one_is_taken(shop: Shop) {
    let (_, mut passkey) = shop.member("robin").await;
    let mut visitor = shop.visitor();
    let options = visitor.sign_in_options().await;
    let tries = (0..8).map(|_| {
        let (mut visitor, assertion) = (visitor.clone(), passkey.get(&options));
        tokio::spawn(async move { visitor.finish_sign_in(&assertion).await.status.as_u16() })
    });
    let mut taken = 0;
    for attempt in tries.collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            200 => taken += 1,
            status => assert_eq!(status, 400),
        }
    }
    assert_eq!(taken, 1);
}

#[on_both]
async fn replay_in_another_session_is_refused(shop: Shop) {
    let (_, mut passkey) = shop.member("robin").await;
    let (mut victim, mut thief) = (shop.visitor(), shop.visitor());
    let options = victim.sign_in_options().await;
    thief.sign_in_options().await;
    let assertion = passkey.get(&options);
    thief.finish_sign_in(&assertion).await.expect_refusal(400, "challenge_unknown");
    let mut nobody = shop.visitor();
    nobody.finish_sign_in(&assertion).await.expect_refusal(400, "challenge_unknown");
    // And nobody else can use it up.
    victim.finish_sign_in(&assertion).await.expect_status(200);
}

#[on_both]
async fn replay_for_another_purpose_is_refused(shop: Shop) {
    let (_, mut passkey) = shop.member("robin").await;
    let mut visitor = shop.visitor();
    let sign_up = visitor.sign_up_options("other").await;
    visitor.finish_sign_in(&passkey.get(&sign_up)).await.expect_refusal(400, "challenge_unknown");

    let mut sign_in = visitor.sign_in_options().await;
    sign_in["user"] = sign_up["user"].clone();
    let created = Authenticator::new().create(&sign_in);
    visitor.finish_sign_up(&created).await.expect_refusal(400, "challenge_unknown");
}
