//! Ten codes, each of which signs in once.

use crate::support::{
    authenticator::Authenticator,
    on_both,
    town::{Town, through},
    visitor::{PASSWORD, Shop},
};

#[on_both]
async fn a_recovery_code_signs_in_once(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    let codes = visitor.recovery_codes().await;
    visitor.get("/account/recovery-codes").await.expect_no_text(&codes[0]);
    visitor.get("/account").await.expect_text("10 of 10 left");

    let mut lost = shop.visitor();
    let typed = codes[0].to_lowercase().replace('-', " ");
    let fields = [("username", "Robin"), ("code", typed.as_str()), ("next", "/checkout")];
    lost.post("/recover", &fields).await.expect_redirect("/account/passkeys/new?next=/checkout");
    lost.get("/account/passkeys/new").await.expect_status(200).expect_text("used up");
    lost.add(&mut Authenticator::new()).await.expect_status(200);
    lost.get("/account").await.expect_text("9 of 10 left").expect_text("With a recovery code");

    let answer = shop.visitor().post("/recover", &fields).await.expect_status(401);
    answer
        .expect_text("not a recovery code of this account")
        .expect_text("value=\"Robin\"")
        .expect_no_text(&typed);
}

#[on_both]
async fn with_a_second_factor_a_code_stands_in_for_the_passkey_only(shop: Shop) {
    let (mut owner, _) = shop.careful("robin").await;
    let codes = owner.recovery_codes().await;
    shop.member("other").await;
    let wrong = "herons prefer galoshes";
    let refusals = [
        ("robin", "", codes[0].as_str()),
        ("robin", wrong, &codes[0]),
        ("robin", PASSWORD, "7XK2-M9QW-TAB3-HG5R-4YPN-Z8CE"),
        ("robin", "", "7XK2-M9QW-TAB3-HG5R-4YPN-Z8CE"),
        ("other", "", &codes[0]),
        ("nobody", PASSWORD, &codes[0]),
    ];
    let mut pages = vec![];
    for (username, password, code) in refusals {
        let fields = [("username", username), ("password", password), ("code", code)];
        let mut lost = shop.visitor();
        let page = lost.post("/recover", &fields).await.expect_status(401);
        assert!(!lost.is_signed_in().await);
        pages.push(page.expect_no_text(code).body.replace(&format!("value=\"{username}\""), ""));
    }
    // Nobody learns from it whether there is such an account, or what it asks for.
    let nonce =
        |page: &str| page.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let alike: Vec<_> = pages.iter().map(|page| page.replace(&nonce(page), "")).collect();
    assert!(alike.iter().all(|page| *page == alike[0]));
    assert!(pages[0].contains("wants its password here as well."));

    let fields = [("username", "robin"), ("password", PASSWORD), ("code", &codes[0])];
    let mut lost = shop.visitor();
    lost.post("/recover", &fields).await.expect_redirect("/account/passkeys/new?next=/");
    lost.get("/account/passkeys/new").await.expect_text("That recovery code is used up now.");
    lost.get("/account")
        .await
        .expect_text("9 of 10 left")
        .expect_text("With the password and a recovery code");
    shop.visitor().post("/recover", &fields).await.expect_status(401);
}

#[on_both]
async fn with_a_second_factor_and_no_password_a_provider_comes_first(town: Town) {
    let (mut owner, passkey) = town.careful("robin").await;
    let codes = owner.recovery_codes().await;
    owner.post("/account/password", &[("action", "remove")]).await.expect_redirect("/account");
    let alone = [("username", "robin"), ("code", codes[0].as_str())];
    town.shop.visitor().post("/recover", &alone).await.expect_status(401);
    town.shop.visitor().get("/recover").await.expect_text("Continue with Acorn");
    let mut lost = town.shop.visitor();
    through(&mut lost, &town.acorn, "robin", "/cart")
        .await
        .expect_redirect("/second-factor?next=/cart");
    let code = [("code", codes[0].as_str()), ("next", "/cart")];
    lost.post("/second-factor", &code).await.expect_redirect("/account/passkeys/new?next=/cart");

    // Where a passkey alone signs in, so does what stands in for it.
    let unlink = town.unlink("robin").await;
    owner.post(&unlink, &[]).await.expect_redirect("/account");
    drop(passkey);
    let alone = [("username", "robin"), ("code", codes[1].as_str())];
    let answer = town.shop.visitor().post("/recover", &alone).await;
    answer.expect_redirect("/account/passkeys/new?next=/");
}

#[on_both]
async fn new_recovery_codes_replace_the_old(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    let old = visitor.recovery_codes().await;
    let new = visitor.recovery_codes().await;
    let fields = |code: &str| [("username", "robin".to_owned()), ("code", code.to_owned())];
    for (code, status) in [(&old[0], 401), (&new[0], 303)] {
        let fields = fields(code);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        shop.visitor().post("/recover", &fields).await.expect_status(status);
    }
}

#[on_both]
async fn of_two_simultaneous_replays_of_a_recovery_code_one_gets_in(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    let codes = visitor.recovery_codes().await;
    let fields = [("username", "robin"), ("code", codes[0].as_str())];
    let (mut one, mut other) = (shop.visitor(), shop.visitor());
    let (one, other) = tokio::join!(one.post("/recover", &fields), other.post("/recover", &fields));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 401]);
}

#[on_both]
async fn a_recovery_code_is_for_its_account(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    shop.member("other").await;
    let codes = visitor.recovery_codes().await;
    for username in ["other", "nobody", "", "a b"] {
        let fields = [("username", username), ("code", codes[0].as_str())];
        shop.visitor()
            .post("/recover", &fields)
            .await
            .expect_status(401)
            .expect_text("That is not a recovery code of this account");
    }
    for code in ["", "7XK2-M9QW-TAB3-HG5R-4YPN-Z8CE", "-", &"x".repeat(5000)] {
        let fields = [("username", "robin"), ("code", code)];
        shop.visitor().post("/recover", &fields).await.expect_status(401);
    }
    let codes = shop.store.recovery_codes_of(shop.account("robin").await).await.unwrap();
    assert_eq!(codes.map(|codes| codes.left), Some(10));
}
