//! What an attacker would try with a provider's answer.

use serde_json::json;

use crate::support::{
    on_both,
    provider::{BENT, CLIENT, UNREADABLE},
    time::MINUTE,
    town::{
        TOO_LATE, Town, UNAVAILABLE, UNVERIFIED, bring, callback, come_back, expect_other_ways,
        leave, nonce, through, token_for,
    },
};

#[on_both]
async fn forged_tokens_sign_nobody_in(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    let bent = BENT.map(|bent| (bent, 400, UNVERIFIED));
    // What cannot be read is as good as no answer.
    let unreadable = UNREADABLE.map(|bent| (bent, 502, UNAVAILABLE));
    for ((name, bend), status, sentence) in bent.into_iter().chain(unreadable) {
        let asked = leave(&mut visitor, "/federated/acorn?next=/orders").await;
        let mut token = token_for(&town.acorn, "robin", &asked);
        bend(&mut token);
        let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
        assert_eq!(answer.status, status, "{name}");
        expect_other_ways(answer, status, sentence, "/orders");
        assert!(!visitor.is_signed_in().await, "{name}");
    }
    through(&mut visitor, &town.acorn, "robin", "/orders").await.expect_redirect("/orders");
}

#[on_both]
async fn one_audience_more_is_fine_when_it_is_this_shop(town: Town) {
    let mut visitor = town.member("robin").await;
    visitor.sign_out().await;
    let asked = leave(&mut visitor, "/federated/acorn?next=/cart").await;
    let mut token = token_for(&town.acorn, "robin", &asked);
    (token.claims["aud"], token.claims["azp"]) = (json!([CLIENT]), CLIENT.into());
    come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_redirect("/cart");
}

#[on_both]
async fn without_an_id_token_nobody_is_signed_in(town: Town) {
    let mut visitor = town.shop.visitor();
    let only = json!({ "access_token": "unused", "token_type": "Bearer" });
    town.acorn.books().answer = Some((200, only));
    let answer = through(&mut visitor, &town.acorn, "robin", "/orders").await;
    expect_other_ways(answer, 400, UNVERIFIED, "/orders");
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn login_csrf_with_an_attackers_answer_is_refused(town: Town) {
    let (mut visitor, mut other) = (town.shop.visitor(), town.shop.visitor());
    let asked = leave(&mut visitor, "/federated/acorn?next=/orders").await;
    let code = town.acorn.code(&asked, &token_for(&town.acorn, "robin", &asked));
    leave(&mut other, "/federated/acorn").await;
    // What an attacker began is not finished in somebody else's browser.
    expect_other_ways(other.get(&callback(&town.acorn, &asked, &code)).await, 400, TOO_LATE, "/");
    let mut stranger = town.shop.visitor();
    expect_other_ways(
        stranger.get(&callback(&town.acorn, &asked, &code)).await,
        400,
        TOO_LATE,
        "/",
    );
    for query in [format!("code={code}&state=another"), format!("code={code}"), String::new()] {
        let path = format!("/federated/acorn/callback?{query}");
        expect_other_ways(visitor.get(&path).await, 400, TOO_LATE, "/");
    }
    assert_eq!(town.acorn.books().asked_for_tokens, 0);
    // It waits still.
    let path = callback(&town.acorn, &asked, &code);
    visitor.get(&path).await.expect_redirect("/sign-up/provider?next=/orders");
}

#[on_both]
async fn an_answer_that_the_database_cannot_even_look_for_is_not_taken(town: Town) {
    let mut visitor = town.shop.visitor();
    leave(&mut visitor, "/federated/acorn?next=/orders").await;
    let answer = visitor.get("/federated/acorn/callback?code=1&state=%00").await;
    expect_other_ways(answer, 400, TOO_LATE, "/");
    nonce(&mut visitor, "acorn").await;
    bring(&mut visitor, "acorn", "\0", "token").await.expect_refusal(400, "provider_timeout");
}

#[on_both]
async fn replay_of_an_answer_is_refused(town: Town) {
    let mut visitor = town.member("robin").await;
    visitor.sign_out().await;
    let asked = leave(&mut visitor, "/federated/acorn?next=/orders").await;
    let code = town.acorn.code(&asked, &token_for(&town.acorn, "robin", &asked));
    let path = callback(&town.acorn, &asked, &code);
    let mut copy = visitor.clone();
    let (one, two) = tokio::join!(visitor.get(&path), copy.get(&path));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 400]);
    let before = town.acorn.books().asked_for_tokens;
    let mut signed_in = if one.status == 303 { visitor } else { copy };
    expect_other_ways(signed_in.get(&path).await, 400, TOO_LATE, "/");
    assert_eq!(town.acorn.books().asked_for_tokens, before);
    assert!(signed_in.is_signed_in().await);
}

#[on_both]
async fn an_answer_is_waited_for_a_quarter_of_an_hour(town: Town) {
    let mut visitor = town.shop.visitor();
    for (wait, too_late) in [(15 * MINUTE - 1, false), (15 * MINUTE, true)] {
        let asked = leave(&mut visitor, "/federated/acorn?next=/orders").await;
        town.shop.clock.advance(wait);
        let token = token_for(&town.acorn, "robin", &asked);
        let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
        if too_late {
            expect_other_ways(answer, 400, TOO_LATE, "/");
        } else {
            answer.expect_redirect("/sign-up/provider?next=/orders");
        }
    }
}

#[on_both]
async fn mix_up_of_two_providers_is_refused(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    let asked = leave(&mut visitor, "/federated/birch?next=/orders").await;
    let before = town.acorn.books().asked_for_tokens;
    let code = town.acorn.code(&asked, &token_for(&town.acorn, "robin", &asked));
    expect_other_ways(visitor.get(&callback(&town.acorn, &asked, &code)).await, 400, TOO_LATE, "/");
    // At the right address, but by the wrong issuer (RFC 9207).
    let asked = leave(&mut visitor, "/federated/birch?next=/orders").await;
    let code = town.birch.code(&asked, &token_for(&town.birch, "robin", &asked));
    let path = format!("{}&iss={}", callback(&town.birch, &asked, &code), town.acorn.issuer);
    expect_other_ways(visitor.get(&path).await, 400, UNVERIFIED, "/orders");
    assert_eq!(town.acorn.books().asked_for_tokens, before);
    assert_eq!(town.birch.books().asked_for_tokens, 0);

    let asked = leave(&mut visitor, "/federated/birch?next=/orders").await;
    let code = town.birch.code(&asked, &token_for(&town.birch, "robin", &asked));
    let path = format!("{}&iss={}", callback(&town.birch, &asked, &code), town.birch.issuer);
    visitor.get(&path).await.expect_redirect("/sign-up/provider?next=/orders");
}

#[on_both]
async fn injection_and_replay_of_a_code_are_refused(town: Town) {
    let mut victim = town.member("robin").await;
    victim.sign_out().await;
    let asked = leave(&mut victim, "/federated/acorn?next=/cart").await;
    let used = town.acorn.code(&asked, &token_for(&town.acorn, "robin", &asked));
    victim.get(&callback(&town.acorn, &asked, &used)).await.expect_redirect("/cart");
    let asked = leave(&mut victim, "/federated/acorn?next=/cart").await;
    let stolen = town.acorn.code(&asked, &token_for(&town.acorn, "robin", &asked));

    let mut thief = town.shop.visitor();
    for code in [used.as_str(), &stolen, "guessed"] {
        let asked = leave(&mut thief, "/federated/acorn?next=/orders").await;
        let answer = thief.get(&callback(&town.acorn, &asked, code)).await;
        expect_other_ways(answer, 400, UNVERIFIED, "/orders");
        assert!(!thief.is_signed_in().await);
    }
}
