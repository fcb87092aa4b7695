//! Signing in with a password that is typed, and guessing one.

use crate::support::{
    on_both,
    visitor::{PASSWORD, Shop},
};

#[on_both]
async fn a_password_signs_up_and_in(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await.expect_redirect("/");
    assert!(visitor.is_signed_in().await);
    visitor.post("/sign-out", &[]).await.expect_redirect("/");
    assert!(!visitor.is_signed_in().await);

    let fields = [("username", "ROBIN"), ("password", PASSWORD), ("next", "/account")];
    visitor.post("/sign-in", &fields).await.expect_redirect("/account");
    assert!(visitor.is_signed_in().await);
}

#[on_both]
async fn enumeration_by_the_answer_learns_nothing(shop: Shop) {
    shop.visitor().sign_up_with_password("robin").await.expect_redirect("/");
    shop.member("keyholder").await;
    let mut answers = Vec::new();
    for username in ["robin", "nobody", "keyholder", "no such name"] {
        let fields = [("username", username), ("password", "a wrong password")];
        let answer = shop.visitor().post("/sign-in", &fields).await.expect_status(401);
        assert!(answer.body.contains(&format!("value=\"{username}\"")), "the name is kept");
        assert!(!answer.body.contains("a wrong password"));
        let api = shop.visitor().post_by_script("/sign-in", &fields).await.expect_status(401);
        let page = answer.body.replace(username, "NAME");
        let said = page.split("role=\"alert\"").nth(1).unwrap()[..80].to_owned();
        answers.push((said, api.status, api.body));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
}

#[on_both]
async fn open_redirect_after_a_sign_in_is_refused(shop: Shop) {
    shop.visitor().sign_up_with_password("robin").await.expect_redirect("/");
    for elsewhere in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:1",
        "\t//evil.example",
    ] {
        let fields = [("username", "robin"), ("password", PASSWORD), ("next", elsewhere)];
        shop.visitor().post("/sign-in", &fields).await.expect_redirect("/");
        let path = format!(
            "/sign-in?next={}",
            url::form_urlencoded::byte_serialize(elsewhere.as_bytes()).collect::<String>()
        );
        assert!(!shop.visitor().get(&path).await.body.contains("evil.example"));
    }
}
