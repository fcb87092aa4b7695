//! Ten codes, each of which signs in once.

use crate::support::{authenticator::Authenticator, on_both, visitor::Shop};

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
    assert_eq!(shop.store.recovery_codes_left(shop.account("robin").await).await.unwrap(), 10);
}
