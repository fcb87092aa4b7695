//! Providers that are down, fail halfway or are declined.

use std::time::Duration;

use futures::future::join_all;
use latchkey::oidc::{ANSWER_TIMEOUT, Http, Provider, Providers};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::sleep,
};

use crate::support::{
    on_both,
    time::{MINUTE, SECOND},
    town::{
        TOO_LATE, Town, UNAVAILABLE, UNVERIFIED, bring, callback, come_back, expect_other_ways,
        leave, nonce, through, token_for,
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
        town.shop.clock.advance(MINUTE);
    }
    assert_eq!(town.acorn.books().asked_for_discovery, 4);
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

async fn expect_unavailable(town: &Town) {
    let answer = town.shop.visitor().get("/federated/acorn?next=/orders").await;
    expect_other_ways(answer, 502, UNAVAILABLE, "/orders");
}

#[on_both]
async fn a_provider_that_is_down_is_asked_again_with_growing_pauses(town: Town) {
    let clock = &town.shop.clock;
    town.acorn.books().discovery = Some((503, json!("")));
    let mut pause = SECOND;
    for asked in 1..=12 {
        // Whoever comes, also all at once.
        join_all((0..5).map(|_| expect_unavailable(&town))).await;
        assert_eq!(town.acorn.books().asked_for_discovery, asked);
        clock.advance(pause - 1);
        expect_unavailable(&town).await;
        assert_eq!(town.acorn.books().asked_for_discovery, asked, "before {pause} ms");
        clock.advance(1);
        pause = (2 * pause).min(5 * MINUTE);
    }

    // It is back, and all is forgotten.
    town.acorn.books().discovery = None;
    through(&mut town.shop.visitor(), &town.acorn, "robin", "/orders")
        .await
        .expect_redirect("/sign-up/provider?next=/orders");
    clock.advance(60 * MINUTE);
    town.acorn.books().discovery = Some((503, json!("")));
    town.acorn.books().asked_for_discovery = 0;
    expect_unavailable(&town).await;
    clock.advance(SECOND);
    expect_unavailable(&town).await;
    assert_eq!(town.acorn.books().asked_for_discovery, 2);
}

#[on_both]
async fn made_up_keys_do_not_shorten_the_pauses(town: Town) {
    let mut visitor = town.member("robin").await;
    town.shop.clock.advance(10 * SECOND);
    town.acorn.books().discovery = Some((503, json!("")));
    town.acorn.books().asked_for_discovery = 0;
    visitor.sign_out().await;
    for _ in 0..3 {
        let given = nonce(&mut visitor, "acorn").await;
        let mut token = town.acorn.token("robin", &given);
        token.header["kid"] = json!("made up");
        let token = town.acorn.sign(&token);
        let answer = bring(&mut visitor, "acorn", &given, &token).await;
        answer.expect_refusal(502, "provider_unavailable");
    }
    assert_eq!(town.acorn.books().asked_for_discovery, 1);
    // And what is known of it stays good.
    through(&mut visitor, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
}

#[on_both]
async fn addresses_without_tls_are_refused(town: Town) {
    for endpoint in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        for address in ["http://acorn.example/x", "http://localhost.example/x", "ftp://localhost/x"]
        {
            let mut metadata = town.acorn.books().metadata();
            metadata[endpoint] = json!(address);
            town.acorn.books().discovery = Some((200, metadata));
            expect_unavailable(&town).await;
            town.shop.clock.advance(5 * MINUTE);
        }
    }
    assert_eq!(town.acorn.books().asked_for_discovery, 9);

    // On this machine there is nobody to read along.
    let here = town.acorn.issuer.replace("localhost", "127.0.0.1");
    let mut metadata = town.acorn.books().metadata();
    metadata["jwks_uri"] = json!(format!("{here}/keys"));
    town.acorn.books().discovery = Some((200, metadata));
    leave(&mut town.shop.visitor(), "/federated/acorn").await;
}

/// What a provider says, with so many bytes more.
fn padded(mut answer: Value, bytes: usize) -> Value {
    answer["padding"] = json!("x".repeat(bytes));
    answer
}

#[on_both]
async fn endless_answers_are_not_read_to_the_end(town: Town) {
    let metadata = town.acorn.books().metadata();
    town.acorn.books().discovery = Some((200, padded(metadata.clone(), 256 * 1024)));
    expect_unavailable(&town).await;
    town.shop.clock.advance(MINUTE);
    // Just as much as one may say.
    let most = 256 * 1024 - padded(metadata.clone(), 0).to_string().len();
    town.acorn.books().discovery = Some((200, padded(metadata, most)));
    leave(&mut town.shop.visitor(), "/federated/acorn").await;

    // Tokens too.
    for (bytes, is_read) in [(200 * 1024, true), (256 * 1024, false)] {
        let mut visitor = town.shop.visitor();
        let asked = leave(&mut visitor, "/federated/acorn?next=/orders").await;
        let token = token_for(&town.acorn, "robin", &asked);
        let signed = town.acorn.sign(&token);
        let tokens =
            json!({ "access_token": "unused", "token_type": "Bearer", "id_token": signed });
        town.acorn.books().answer = Some((200, padded(tokens, bytes)));
        let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
        if is_read {
            answer.expect_redirect("/sign-up/provider?next=/orders");
        } else {
            expect_other_ways(answer, 502, UNAVAILABLE, "/orders");
        }
    }
}

#[on_both]
async fn redirection_to_elsewhere_is_not_followed(town: Town) {
    let elsewhere = format!("{}/.well-known/openid-configuration?again", town.acorn.issuer);
    for status in [301, 302, 303, 307, 308] {
        town.acorn.books().asked_for_discovery = 0;
        town.acorn.books().discovery = Some((status, json!(elsewhere)));
        expect_unavailable(&town).await;
        assert_eq!(town.acorn.books().asked_for_discovery, 1);
        town.shop.clock.advance(MINUTE);
    }
}

/// Accepts one, and says a letter now and then, for ever.
async fn drawl(listener: TcpListener) {
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.read_exact(&mut [0; 4]).await.unwrap();
    let mut said = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n").await;
    while said.is_ok() {
        sleep(Duration::from_millis(20)).await;
        said = stream.write_all(b" ").await;
    }
}

#[on_both]
async fn answers_that_do_not_end_are_not_waited_for(town: Town) {
    // Discovery takes two.
    const { assert!(2 * ANSWER_TIMEOUT.as_secs() <= 10) };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let slow = Provider {
        issuer: serde_json::from_value(json!(issuer)).unwrap(),
        http: Http::new(Duration::from_millis(300)).unwrap(),
        ..town.acorn.configured()
    };
    let other = town.birch.configured();
    let shop = town.shop.changed(|config| config.providers = Providers(vec![slow, other])).await;
    let mut visitor = shop.visitor();
    let (answer, ()) = tokio::join!(visitor.get("/federated/acorn?next=/orders"), drawl(listener));
    expect_other_ways(answer, 502, UNAVAILABLE, "/orders");
}
