//! Providers that are down, fail halfway or are declined.

use serde_json::json;

use crate::support::{
    on_both,
    town::{
        TOO_LATE, Town, UNAVAILABLE, UNVERIFIED, callback, expect_other_ways, leave, through,
        token_for,
    },
};

#[on_both]
async fn a_provider_that_is_down_leaves_the_other_ways(town: Town) {
    let mut town = town;
    town.acorn.close().await;
    let mut visitor = town.shop.visitor();
    let answer = visitor.get("/federated/acorn?next=/orders").await;
    expect_other_ways(answer, 502, UNAVAILABLE, "/orders");
    through(&mut visitor, &town.birch, "robin", "/orders")
        .await
        .expect_redirect("/sign-up/provider?next=/orders");
}

#[on_both]
async fn a_provider_that_fails_halfway_leaves_the_other_ways(town: Town) {
    let mut visitor = town.member("robin").await;
    visitor.sign_out().await;
    for body in [json!("Out of order"), json!(""), json!({ "unexpected": true })] {
        town.acorn.books().answer = Some((500, body));
        let answer = through(&mut visitor, &town.acorn, "robin", "/orders").await;
        expect_other_ways(answer, 502, UNAVAILABLE, "/orders");
        assert!(!visitor.is_signed_in().await);
    }
    town.acorn.books().answer = None;
    through(&mut visitor, &town.acorn, "robin", "/orders").await.expect_redirect("/orders");
}

#[on_both]
async fn mix_up_by_metadata_of_another_provider_is_refused(town: Town) {
    let mut visitor = town.shop.visitor();
    let other = json!({
        "issuer": town.birch.issuer,
        "authorization_endpoint": format!("{}/authorize", town.birch.issuer),
        "token_endpoint": format!("{}/token", town.birch.issuer),
        "jwks_uri": format!("{}/keys", town.birch.issuer),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    });
    for answer in
        [(200, other), (404, json!("Nothing here")), (500, json!({})), (200, json!("<html>"))]
    {
        town.acorn.books().discovery = Some(answer);
        let answer = visitor.get("/federated/acorn?next=/orders").await;
        expect_other_ways(answer, 502, UNAVAILABLE, "/orders");
    }
    // Not remembered: it is asked again.
    town.acorn.books().discovery = None;
    leave(&mut visitor, "/federated/acorn").await;
}

#[on_both]
async fn who_declines_can_sign_in_another_way(town: Town) {
    let mut visitor = town.shop.visitor();
    for (error, sentence) in
        [("access_denied", "declined or cancelled"), ("server_error", UNVERIFIED)]
    {
        let asked = leave(&mut visitor, "/federated/acorn?next=/orders").await;
        let path = format!("/federated/acorn/callback?error={error}&state={}", asked.state());
        expect_other_ways(visitor.get(&path).await, 400, sentence, "/orders");
        // That was the answer.
        let code = town.acorn.code(&asked, &token_for(&town.acorn, "robin", &asked));
        expect_other_ways(
            visitor.get(&callback(&town.acorn, &asked, &code)).await,
            400,
            TOO_LATE,
            "/",
        );
    }
    // Neither, and both.
    for query in ["", "&code=1&error=access_denied"] {
        let asked = leave(&mut visitor, "/federated/acorn").await;
        let path = format!("/federated/acorn/callback?state={}{query}", asked.state());
        visitor.get(&path).await.expect_status(400);
    }
    assert_eq!(town.acorn.books().asked_for_tokens, 0);
}
