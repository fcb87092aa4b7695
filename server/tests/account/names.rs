//! The username and the name.

use crate::support::{on_both, visitor::Shop};

#[on_both]
async fn an_account_is_renamed(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    shop.member("taken").await;
    for (username, display_name, status, sentence) in [
        ("TAKEN", "Robin", 409, "That username is taken"),
        ("a b", "Robin", 422, "3 to 64 letters"),
        ("robin", " ", 422, "at most 64 characters"),
    ] {
        let fields = [("username", username), ("display_name", display_name)];
        let answer = visitor.post("/account/name", &fields).await.expect_status(status);
        answer.expect_text(sentence);
    }
    let fields = [("username", "Robin2"), ("display_name", "Robin the Second")];
    visitor.post("/account/name", &fields).await.expect_redirect("/account");
    visitor.get("/account").await.expect_text("Robin the Second").expect_text("Robin2");
    // Its own name in another spelling is not taken.
    let fields = [("username", "ROBIN2"), ("display_name", "Robin")];
    visitor.post("/account/name", &fields).await.expect_redirect("/account");
    let answer = shop.visitor().sign_in(&mut passkey).await;
    assert_eq!(answer.json()["done"]["username"], "ROBIN2");
}
