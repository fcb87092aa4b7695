//! Tokens that the browser itself brings (FedCM).

use serde_json::json;

use crate::support::{
    on_both,
    provider::{BENT, UNREADABLE},
    time::MINUTE,
    town::{TOO_LATE, Town, add_to_cart, bring, choose, leave, nonce},
};

#[on_both]
async fn a_token_that_the_browser_brings_signs_in(town: Town) {
    let mut visitor = town.shop.visitor();
    let wanted = nonce(&mut visitor, "acorn").await;
    let token = town.acorn.sign(&town.acorn.token("robin", &wanted));
    let answer = bring(&mut visitor, "acorn", &wanted, &token).await.expect_status(200);
    assert_eq!(answer.json(), json!({ "to": "/sign-up/provider?next=/orders", "name": null }));
    assert!(!visitor.is_signed_in().await);
    choose(&mut visitor, "robin").await.expect_redirect("/cart");
    visitor.sign_out().await;

    add_to_cart(&mut visitor, "2").await;
    let wanted = nonce(&mut visitor, "acorn").await;
    let token = town.acorn.sign(&town.acorn.token("robin", &wanted));
    let answer = bring(&mut visitor, "acorn", &wanted, &token).await.expect_status(200);
    assert_eq!(answer.headers["set-login"], "logged-in");
    let name = json!({ "username": "robin", "display_name": "Robin" });
    assert_eq!(answer.json(), json!({ "to": "/orders", "name": name }));
    visitor.get("/cart").await.expect_text("door-mat");
    visitor.get("/account").await.expect_text("With Acorn");
    // No code was exchanged for it.
    assert_eq!(town.acorn.books().asked_for_tokens, 0);
}

#[on_both]
async fn a_second_factor_follows_a_token_too(town: Town) {
    let (_, mut passkey) = town.careful("robin").await;
    let mut visitor = town.shop.visitor();
    let wanted = nonce(&mut visitor, "acorn").await;
    let token = town.acorn.sign(&town.acorn.token("robin", &wanted));
    let answer = bring(&mut visitor, "acorn", &wanted, &token).await.expect_status(200);
    assert_eq!(answer.json(), json!({ "to": "/second-factor?next=/orders", "name": null }));
    assert!(!visitor.is_signed_in().await);
    visitor.prove(&mut passkey).await.expect_status(200);
    assert!(visitor.is_signed_in().await);
}

#[on_both]
async fn fedcm_is_for_providers_that_take_part_and_for_own_pages(town: Town) {
    let without = town.shop.changed(|config| config.providers.0[0].fedcm = None).await;
    without
        .visitor()
        .post_by_script("/federated/acorn/nonce", &[])
        .await
        .expect_refusal(404, "not_found");
    town.shop
        .visitor()
        .post_by_script("/federated/nobody/nonce", &[])
        .await
        .expect_refusal(404, "not_found");
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    let wanted = nonce(&mut visitor, "acorn").await;
    let token = town.acorn.sign(&town.acorn.token("robin", &wanted));
    let fields = [("nonce", wanted.as_str()), ("token", &token)];
    let site = [("latchkey-script", "1"), ("sec-fetch-site", "cross-site")];
    visitor
        .post_multipart("/federated/acorn/token", &site, &fields)
        .await
        .expect_refusal(403, "cross_site");
    visitor
        .post_multipart("/federated/acorn/nonce", &site, &[])
        .await
        .expect_refusal(403, "cross_site");
    assert!(!visitor.is_signed_in().await);
    bring(&mut visitor, "acorn", &wanted, &token).await.expect_status(200);
}

#[on_both]
async fn replay_of_a_token_is_refused_and_its_nonce_expires(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    let wanted = nonce(&mut visitor, "acorn").await;
    let token = town.acorn.sign(&town.acorn.token("robin", &wanted));
    // In another session, which waits for a token too.
    let mut thief = town.shop.visitor();
    let other = nonce(&mut thief, "acorn").await;
    bring(&mut thief, "acorn", &wanted, &token).await.expect_refusal(400, "provider_timeout");
    bring(&mut town.shop.visitor(), "acorn", &wanted, &token)
        .await
        .expect_refusal(400, "provider_timeout");
    // A token that was made for another nonce.
    bring(&mut thief, "acorn", &other, &token).await.expect_refusal(400, "provider_refused");
    bring(&mut thief, "acorn", &other, &token).await.expect_refusal(400, "provider_timeout");
    assert!(!thief.is_signed_in().await);

    bring(&mut visitor, "acorn", &wanted, &token).await.expect_status(200);
    let before = visitor.cookie.clone();
    bring(&mut visitor, "acorn", &wanted, &token).await.expect_refusal(400, "provider_timeout");
    assert_eq!(visitor.cookie, before);
    visitor.sign_out().await;
    bring(&mut visitor, "acorn", &wanted, &token).await.expect_refusal(400, "provider_timeout");

    let wanted = nonce(&mut visitor, "acorn").await;
    town.shop.clock.advance(15 * MINUTE);
    let token = town.acorn.sign(&town.acorn.token("robin", &wanted));
    bring(&mut visitor, "acorn", &wanted, &token).await.expect_refusal(400, "provider_timeout");
}

#[on_both]
async fn mix_up_of_nonces_and_states_is_refused(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    for (wanted_by, brought_to) in [("acorn", "birch"), ("birch", "acorn")] {
        let wanted = nonce(&mut visitor, wanted_by).await;
        let token = town.acorn.sign(&town.acorn.token("robin", &wanted));
        bring(&mut visitor, brought_to, &wanted, &token)
            .await
            .expect_refusal(400, "provider_timeout");
    }
    // Birch's token is not Acorn's, even with Acorn's name on it.
    let wanted = nonce(&mut visitor, "acorn").await;
    let mut token = town.birch.token("robin", &wanted);
    token.claims["iss"] = town.acorn.issuer.clone().into();
    let token = town.birch.sign(&token);
    bring(&mut visitor, "acorn", &wanted, &token).await.expect_refusal(400, "provider_refused");

    let wanted = nonce(&mut visitor, "acorn").await;
    visitor
        .get(&format!("/federated/acorn/callback?code=1&state={wanted}"))
        .await
        .expect_text(TOO_LATE);
    let asked = leave(&mut visitor, "/federated/acorn").await;
    for wanted in [asked.state(), asked.get("nonce").unwrap()] {
        let token = town.acorn.sign(&town.acorn.token("robin", wanted));
        bring(&mut visitor, "acorn", wanted, &token).await.expect_refusal(400, "provider_timeout");
    }
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn forged_tokens_from_the_browser_sign_nobody_in(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    for (name, bend) in BENT.into_iter().chain(UNREADABLE) {
        let wanted = nonce(&mut visitor, "acorn").await;
        let mut token = town.acorn.token("robin", &wanted);
        bend(&mut token);
        let token = town.acorn.sign(&token);
        let answer = bring(&mut visitor, "acorn", &wanted, &token).await;
        assert_eq!(answer.status, 400, "{name}");
        answer.expect_refusal(400, "provider_refused");
        assert!(!visitor.is_signed_in().await, "{name}");
    }
}
