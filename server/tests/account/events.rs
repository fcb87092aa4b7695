//! What an account's owner is told has happened.

use app::api::Timestamp;
use latchkey::{session::Event, store::Ceremony};
use uuid::Uuid;

use crate::support::{
    authenticator::{Authenticator, UP},
    on_both,
    time::{DAY, MINUTE},
    visitor::{FIREFOX, PASSWORD, Shop, Visitor},
};

#[on_both]
async fn what_happened_is_told_newest_first(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    for _ in 0..3 {
        shop.clock.advance(1000);
        let wrong = [("username", "robin"), ("password", "what it used to be")];
        shop.visitor().post("/sign-in", &wrong).await.expect_status(401);
    }
    shop.clock.advance(1000);
    visitor.add(&mut Authenticator::new()).await.expect_status(200);
    let events = shop.store.events_of(shop.account("robin").await, "sign_in_failed").await.unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    // Failures of one hour are one event: nobody can fill the database with them.
    assert_eq!(kinds, ["passkey_added", "sign_in_failed", "signed_in", "account_created"]);
    visitor
        .get("/account")
        .await
        .expect_text("Failed sign-in with a password")
        .expect_text("Added a passkey");

    // But each way that failed is told.
    let wrong = [("username", "robin"), ("code", "7XK2")];
    shop.visitor().post("/recover", &wrong).await.expect_status(401);
    visitor.get("/account").await.expect_text("Failed sign-in with a recovery code");
}

#[on_both]
async fn what_its_owner_changes_is_among_the_events(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    let mut second = Authenticator::new();
    visitor.add(&mut second).await.expect_status(200);
    let delete = format!("/account/passkeys/{}/delete", second.id());
    let changes = [
        (&*delete, vec![], "Deleted a passkey"),
        (
            "/account/name",
            vec![("username", "robin"), ("display_name", "R")],
            "Username or name changed",
        ),
        ("/account/password", vec![("action", "set"), ("password", PASSWORD)], "Password set"),
        (
            "/account/password",
            vec![("action", "set"), ("password", "nine other plovers")],
            "Password changed",
        ),
        ("/account/second-factor", vec![("on", "yes")], "Second factor switched on"),
        ("/account/second-factor", vec![("on", "no")], "Second factor switched off"),
        ("/account/automatic", vec![("on", "no")], "Automatic sign-in switched off"),
        ("/account/recovery-codes", vec![], "Recovery codes made"),
        ("/account/sessions/end-others", vec![], "All other sessions ended"),
        ("/account/password", vec![("action", "remove")], "Password removed"),
    ];
    for (path, fields, event) in changes {
        visitor.get("/account").await.expect_no_text(event);
        visitor.post(path, &fields).await;
        visitor.get("/account").await.expect_text(event);
    }
}

#[on_both]
async fn a_right_password_that_is_not_enough_is_told(shop: Shop) {
    let (mut visitor, mut passkey) = shop.careful("robin").await;
    visitor.sign_out_and_in("robin").await;
    visitor.prove(&mut passkey).await.expect_status(200);
    // A stranger does not hide behind what the owner did in the same hour.
    let mut stranger = Visitor { user_agent: FIREFOX, ..shop.visitor() };
    for _ in 0..3 {
        stranger.sign_in_with_password("robin").await;
    }
    let page = visitor.get("/account").await.body;
    assert_eq!(page.matches("Right password; the second factor was asked for").count(), 2);
}

#[on_both]
async fn a_proof_that_failed_is_told(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    visitor.post("/account/password", &[("action", "set"), ("password", PASSWORD)]).await;
    visitor.post("/confirm", &[("password", "what it used to be")]).await.expect_status(401);
    let options = visitor.proof_options().await.options();
    let mut unknown = Authenticator::new();
    unknown.create(&visitor.addition_options(false).await.options());
    visitor.finish_proof(&unknown.get(&options)).await.expect_refusal(404, "unknown_credential");
    let page = visitor.get("/account").await.expect_text("Failed sign-in with a password");
    page.expect_text("Failed sign-in with an unknown passkey");
}

#[on_both]
async fn a_refused_passkey_is_an_event_of_its_owner(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    passkey.flags = UP;
    shop.visitor().sign_in(&mut passkey).await.expect_refusal(400, "user_not_verified");
    visitor.get("/account").await.expect_text("Failed sign-in with a passkey");
}

#[on_both]
async fn events_are_kept_for_ninety_days(shop: Shop) {
    shop.member("robin").await;
    let account = shop.account("robin").await;
    let now = shop.clock.now().0;
    shop.store.delete_expired(Timestamp(now + 90 * DAY)).await.unwrap();
    assert_eq!(shop.store.events_of(account, "sign_in_failed").await.unwrap().len(), 2);
    shop.store.delete_expired(Timestamp(now + 90 * DAY + 1)).await.unwrap();
    assert_eq!(shop.store.events_of(account, "sign_in_failed").await.unwrap().len(), 0);
}

/// Somebody fails to sign in.
async fn fail(shop: &Shop, account: Uuid, detail: &str, browser: &str, now: Timestamp) {
    let events = [Event::SignInFailed.of(account, detail, browser.to_owned())];
    let ceremony = Ceremony { events: &events, ..Ceremony::default() };
    shop.store.complete(&ceremony, now).await.unwrap();
}

#[on_both]
async fn flooding_pushes_no_events_out_of_sight(shop: Shop) {
    shop.member("robin").await;
    let account = shop.account("robin").await;
    for hour in 0..100 {
        let at = Timestamp(shop.clock.now().0 + hour * 60 * MINUTE);
        fail(&shop, account, "with a password", "", at).await;
    }
    let events = shop.store.events_of(account, "sign_in_failed").await.unwrap();
    assert_eq!(events.len(), 22);
    assert_eq!(events.last().unwrap().kind, "account_created");
}

#[on_both]
async fn flooding_from_many_browsers_fills_no_database(shop: Shop) {
    shop.member("robin").await;
    let account = shop.account("robin").await;
    let failures = async || {
        let events = shop.store.events_of(account, "").await.unwrap();
        events.iter().filter(|event| event.kind == "sign_in_failed").count()
    };
    for hour in 1..=2 {
        for browser in 0..30 {
            let browser = browser.to_string();
            fail(&shop, account, "with a password", &browser, shop.clock.now()).await;
        }
        // Nor do they keep other failures out.
        fail(&shop, account, "with a recovery code", "", shop.clock.now()).await;
        assert_eq!(failures().await, hour * 4);
        shop.clock.advance(60 * MINUTE);
    }
}
