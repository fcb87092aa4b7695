//! Getting people a passkey after they have signed in another way.

use serde_json::Value;

use crate::support::{
    authenticator::{Attests, Authenticator, BS, UP, UV},
    on_both,
    page::offer,
    time::DAY,
    visitor::{FIREFOX, PASSWORD, Shop, Visitor},
};

/// A passkey that the browser created by itself: nobody was present.
fn conditional() -> Authenticator {
    let mut passkey = Authenticator::new();
    passkey.flags = 0;
    passkey
}

#[on_both]
async fn after_a_password_the_browser_may_create_a_passkey(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    assert_eq!(offer(&visitor.get("/").await.body).as_deref(), Some("passkey"));
    visitor.sign_out_and_in("robin").await;
    assert_eq!(offer(&visitor.get("/cart").await.body).as_deref(), Some("automatic"));

    shop.clock.advance(1000);
    let options = visitor.addition_options(true).await.options();
    assert_eq!(options["authenticatorSelection"]["userVerification"], "preferred");
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
    // Chromium refuses this one where user verification is not required.
    assert_eq!(options["extensions"].get("credentialProtectionPolicy"), None);
    let mut passkey = conditional();
    visitor.finish_addition(&passkey.create(&options)).await.expect_status(200);
    assert_eq!(offer(&visitor.get("/cart").await.body), None);

    visitor.get("/account").await.expect_text("Not yet");

    // To sign in with it, somebody has to be there.
    passkey.flags = 0;
    shop.visitor().sign_in(&mut passkey).await.expect_refusal(400, "user_not_present");
    passkey.flags = UP | UV;
    shop.visitor().sign_in(&mut passkey).await.expect_status(200);
}

#[on_both]
async fn it_is_tried_once_and_then_asked(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    visitor.sign_out_and_in("robin").await;
    visitor.addition_options(true).await.options();
    assert_eq!(offer(&visitor.get("/").await.body).as_deref(), Some("passkey"));
    assert_eq!(visitor.addition_options(true).await.expect_status(200).json(), Value::Null);
}

#[on_both]
async fn somebody_may_be_present_at_a_conditional_creation(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    visitor.sign_out_and_in("robin").await;
    let options = visitor.addition_options(true).await.options();
    // Then nothing is overlooked, and a statement may say what it likes.
    let mut passkey = Authenticator::attested();
    passkey.flags = UP;
    visitor.finish_addition(&passkey.create(&options)).await.expect_status(200);
}

#[on_both]
async fn not_now_holds_for_thirty_days(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    visitor.post("/account/offer/dismiss", &[("next", "/cart")]).await.expect_redirect("/cart");
    assert_eq!(offer(&visitor.get("/").await.body), None);
    let mut elsewhere = Visitor { user_agent: FIREFOX, ..shop.visitor() };
    elsewhere.sign_in_with_password("robin").await;
    assert_eq!(offer(&elsewhere.get("/").await.body).as_deref(), Some("automatic_only"));
    elsewhere.addition_options(true).await.options();
    assert_eq!(offer(&elsewhere.get("/").await.body), None);
    shop.clock.advance(30 * DAY - 1);
    elsewhere.sign_in_with_password("robin").await;
    assert_eq!(offer(&elsewhere.get("/").await.body).as_deref(), Some("automatic_only"));
    shop.clock.advance(1);
    elsewhere.sign_in_with_password("robin").await;
    assert_eq!(offer(&elsewhere.get("/").await.body).as_deref(), Some("automatic"));
}

#[on_both]
async fn after_another_devices_passkey_one_for_this_device_is_offered(shop: Shop) {
    let (mut visitor, mut phone) = shop.member("robin").await;
    assert_eq!(offer(&visitor.get("/").await.body), None, "just created");
    phone.attachment = "cross-platform";
    let mut elsewhere = Visitor { user_agent: FIREFOX, ..shop.visitor() };
    elsewhere.sign_in(&mut phone).await.expect_status(200);
    assert_eq!(offer(&elsewhere.get("/").await.body).as_deref(), Some("this_device"));

    let mut laptop = Authenticator::new();
    elsewhere.add(&mut laptop).await.expect_status(200);
    assert_eq!(offer(&elsewhere.get("/").await.body), None);
    // This browser has one now.
    elsewhere.sign_in(&mut phone).await.expect_status(200);
    assert_eq!(offer(&elsewhere.get("/").await.body), None);
    // After a password, its password manager may see for itself, and nobody is asked.
    elsewhere.post("/account/password", &[("action", "set"), ("password", PASSWORD)]).await;
    elsewhere.sign_in_with_password("robin").await;
    assert_eq!(offer(&elsewhere.get("/").await.body).as_deref(), Some("automatic_only"));
    elsewhere.addition_options(true).await.options();
    assert_eq!(offer(&elsewhere.get("/").await.body), None);
}

#[on_both]
async fn nobody_is_absent_from_a_ceremony_that_was_not_conditional(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    visitor.add(&mut conditional()).await.expect_refusal(400, "user_not_present");
    // And a passkey's sign-in starts none.
    let (mut member, _) = shop.member("other").await;
    assert_eq!(member.addition_options(true).await.expect_status(200).json(), Value::Null);
    let mut stranger = shop.visitor();
    stranger.sign_up("third", &mut conditional()).await.expect_refusal(400, "user_not_present");
}

#[on_both]
async fn a_conditional_creation_is_verified_in_all_else(shop: Shop) {
    type Bend = fn(&mut Authenticator);
    let cases: [(&str, Bend); 6] = [
        ("wrong_origin", |passkey| passkey.origin = "https://evil.example".into()),
        ("wrong_relying_party", |passkey| passkey.rp_id = "evil.example".into()),
        ("wrong_type", |passkey| passkey.client_data_type = Some("webauthn.get")),
        ("backup_flags_wrong", |passkey| passkey.flags = BS),
        ("challenge_unknown", |passkey| passkey.challenge = Some("AAAA".into())),
        // Its flags are signed: what is not there cannot be overlooked.
        ("ceremony_refused", |passkey| passkey.attests = Attests::Model),
    ];
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    for (code, bend) in cases {
        visitor.sign_out_and_in("robin").await;
        let options = visitor.addition_options(true).await.options();
        let mut passkey = conditional();
        bend(&mut passkey);
        visitor.finish_addition(&passkey.create(&options)).await.expect_refusal(400, code);
    }
    let account = shop.account("robin").await;
    assert!(shop.store.passkeys_of(account).await.unwrap().is_empty());
}

#[on_both]
async fn replay_of_a_conditional_creation_elsewhere_is_refused(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    visitor.sign_out_and_in("robin").await;
    let options = visitor.addition_options(true).await.options();
    let created = conditional().create(&options);
    let mut thief = shop.visitor();
    thief.sign_up_with_password("thief").await;
    thief.finish_addition(&created).await.expect_refusal(400, "challenge_unknown");
    visitor.post("/sign-out", &[]).await;
    visitor.finish_addition(&created).await.expect_refusal(401, "sign_in_required");
}
