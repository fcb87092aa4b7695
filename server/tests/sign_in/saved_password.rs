//! Passwords that the pages' own script posts, chosen from the saved ones or typed.

use serde_json::json;

use crate::support::{
    on_both,
    saved::{expect_nothing_told, saved},
    visitor::{OTHER_PASSWORD, PASSWORD, Shop},
};

#[on_both]
async fn a_saved_password_is_checked_like_a_typed_one(shop: Shop) {
    shop.visitor().sign_up_with_password("robin").await.expect_redirect("/");
    let mut visitor = shop.visitor();
    let wrong = [("username", "robin"), ("password", "plovers like umbrellas")];
    visitor.post_by_script("/sign-in", &wrong).await.expect_refusal(401, "wrong_password");
    let right = [("username", "robin"), ("password", PASSWORD)];
    visitor.post_by_script("/sign-in", &right).await.expect_status(200);
    assert!(visitor.is_signed_in().await);
}

#[on_both]
async fn a_saved_password_signs_in(shop: Shop) {
    shop.member_with_password("robin").await;
    let mut visitor = shop.visitor();
    let answer = visitor.post_by_script("/sign-in", &saved(PASSWORD)).await.expect_status(200);
    let name = json!({ "username": "robin", "display_name": "Robin" });
    assert_eq!(answer.json(), json!({ "to": "/orders", "name": name }));
    visitor.get("/account").await.expect_text("With the password").expect_no_text("Undo");
    // It was chosen, so it proves who sits there.
    visitor.get("/account/password").await.expect_status(200);
    let hostile = [("username", "robin"), ("password", PASSWORD), ("next", "//evil.example")];
    let answer = shop.visitor().post_by_script("/sign-in", &hostile).await.expect_status(200);
    assert_eq!(answer.json()["to"], "/");
}

#[on_both]
async fn a_password_that_is_not_saved_any_more_is_refused(shop: Shop) {
    shop.member_with_password("robin").await;
    let mut visitor = shop.visitor();
    let answer = visitor.post_by_script("/sign-in", &saved(OTHER_PASSWORD)).await;
    assert_eq!(answer.by_hand(), None);
    answer.expect_refusal(401, "wrong_password");
    let nobody = [("username", "nobody"), ("password", PASSWORD)];
    visitor.post_by_script("/sign-in", &nobody).await.expect_refusal(401, "wrong_password");
    visitor
        .post_by_script("/sign-in", &[("username", "robin")])
        .await
        .expect_refusal(400, "malformed");
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn a_second_factor_follows_a_saved_password(shop: Shop) {
    let (_, mut passkey) = shop.careful("robin").await;
    let mut visitor = shop.visitor();
    let answer = visitor.post_by_script("/sign-in", &saved(PASSWORD)).await.expect_status(200);
    assert_eq!(answer.json(), json!({ "to": "/second-factor?next=/orders", "name": null }));
    expect_nothing_told(&answer);
    assert!(!visitor.is_signed_in().await);
    visitor.prove(&mut passkey).await.expect_status(200);
    assert!(visitor.is_signed_in().await);
}

#[on_both]
async fn a_script_signs_up_and_changes_the_password(shop: Shop) {
    let mut visitor = shop.visitor();
    let mut fields = [
        ("username", "robin"),
        ("display_name", "Robin"),
        ("password", "short"),
        ("way", "password"),
        ("next", "/orders"),
    ];
    visitor.post_by_script("/sign-up", &fields).await.expect_status(422);
    fields[2].1 = PASSWORD;
    let answer = visitor.post_by_script("/sign-up", &fields).await.expect_status(200);
    let name = json!({ "username": "robin", "display_name": "Robin" });
    assert_eq!(answer.json(), json!({ "to": "/orders", "name": name }));
    assert!(visitor.is_signed_in().await);
    shop.visitor().post_by_script("/sign-up", &fields).await.expect_refusal(409, "username_taken");

    let change = [("action", "set"), ("password", "short")];
    visitor
        .post_by_script("/account/password", &change)
        .await
        .expect_refusal(422, "password_too_short");
    let change = [("action", "set"), ("password", OTHER_PASSWORD)];
    let answer = visitor.post_by_script("/account/password", &change).await.expect_status(200);
    assert_eq!(answer.json(), json!({ "to": "/account/review", "name": name }));
    visitor.get("/account").await.expect_text("Your password is changed.");
    shop.clock.advance(5 * 60 * 1000);
    visitor
        .post_by_script("/account/password", &change)
        .await
        .expect_refusal(403, "proof_required");
    shop.visitor().post_by_script("/sign-in", &saved(OTHER_PASSWORD)).await.expect_status(200);
    shop.visitor().post_by_script("/sign-in", &saved(PASSWORD)).await.expect_status(401);
}

#[on_both]
async fn what_is_no_form_is_not_read(shop: Shop) {
    let headers = [("latchkey-script", "1"), ("content-type", "multipart/form-data")];
    let mut visitor = shop.visitor();
    visitor
        .send("POST".parse().unwrap(), "/sign-in", &headers, "x".into())
        .await
        .expect_refusal(400, "malformed");
    let broken =
        [("latchkey-script", "1"), ("content-type", "multipart/form-data; boundary=parts")];
    visitor
        .send("POST".parse().unwrap(), "/sign-in", &broken, "--parts\r\n".into())
        .await
        .expect_refusal(400, "malformed");
    let large = "x".repeat(70_000);
    visitor.post_by_script("/sign-in", &saved(&large)).await.expect_refusal(413, "too_large");
}

#[on_both]
async fn csrf_with_what_a_script_posts_is_refused(shop: Shop) {
    let mut owner = shop.member_with_password("robin").await;
    let sign_up = [
        ("username", "other"),
        ("display_name", "Other"),
        ("password", PASSWORD),
        ("way", "password"),
    ];
    let change = [("action", "set"), ("password", OTHER_PASSWORD)];
    let posts: [(&str, &[(&str, &str)]); 3] =
        [("/sign-in", &saved(PASSWORD)), ("/sign-up", &sign_up), ("/account/password", &change)];
    let script = ("latchkey-script", "1");
    for (path, fields) in posts {
        for headers in [
            // A form of another site cannot have the header, which browsers ask for first.
            &[("sec-fetch-site", "same-origin")][..],
            &[],
            &[script, ("sec-fetch-site", "cross-site")],
            &[script, ("sec-fetch-site", "same-site")],
            &[script, ("origin", "https://evil.example")],
        ] {
            let mut visitor =
                if path == "/account/password" { owner.clone() } else { shop.visitor() };
            visitor.post_multipart(path, headers, fields).await.expect_refusal(403, "cross_site");
            assert_eq!(visitor.by_hand, owner.by_hand);
        }
    }
    assert!(owner.is_signed_in().await);
    assert!(!shop.store.username_taken("other").await.unwrap());
    shop.visitor().sign_in_with_password("robin").await.expect_redirect("/cart");
}
