//! Passkeys of an account: adding, naming and deleting.

use crate::support::{
    authenticator::{Authenticator, BE, BS, UP, UV},
    on_both,
    time::MINUTE,
    visitor::{FIREFOX, PASSWORD, Shop, Visitor},
};

#[on_both]
async fn a_second_passkey_signs_in_like_the_first(shop: Shop) {
    let (mut visitor, first) = shop.member("robin").await;
    let options = visitor.addition_options(false).await.options();
    let excluded: Vec<_> = options["excludeCredentials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|excluded| excluded["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(excluded, [first.id()]);
    assert_eq!(options["user"]["name"], "robin");
    assert_eq!(options["authenticatorSelection"]["residentKey"], "required");

    let mut second = Authenticator::new();
    visitor.finish_addition(&second.create(&options)).await.expect_status(200);
    shop.visitor().sign_in(&mut second).await.expect_status(200);
    let cards = visitor.get("/account").await;
    assert_eq!(cards.body.matches("class=\"key\"").count(), 2);
}

#[on_both]
async fn a_passkey_has_its_owners_name_for_it(shop: Shop) {
    let (mut visitor, passkey) = shop.member("robin").await;
    let path = format!("/account/passkeys/{}/name", passkey.id());
    visitor.post(&path, &[("name", "  My <desk>  ")]).await.expect_redirect("/account");
    visitor
        .get("/account")
        .await
        .expect_text("My &lt;desk&gt;")
        .expect_text("The passkey has its new name.");
    visitor.get("/account").await.expect_no_text("The passkey has its new name.");

    let long = "x".repeat(65);
    visitor
        .post(&path, &[("name", &long)])
        .await
        .expect_status(422)
        .expect_text("at most 64 characters")
        .expect_text(&long)
        .expect_text("My &lt;desk&gt;");
    visitor.get(&path).await.expect_redirect("/account");

    visitor.post(&path, &[("name", " ")]).await.expect_redirect("/account");
    visitor.get("/account").await.expect_no_text("My &lt;desk&gt;");
}

#[on_both]
async fn the_last_use_is_kept_with_browser_and_backup_state(shop: Shop) {
    let (mut visitor, mut passkey) = (shop.visitor(), Authenticator::new());
    passkey.flags = UP | UV | BE;
    visitor.sign_up("robin", &mut passkey).await.expect_status(200);
    visitor.get("/account").await.expect_text("This device only").expect_text("This device</li>");
    visitor.add(&mut Authenticator::new()).await.expect_status(200);

    shop.clock.advance(10 * MINUTE);
    passkey.flags = UP | UV | BE | BS;
    let mut elsewhere = Visitor { user_agent: FIREFOX, ..shop.visitor() };
    elsewhere.sign_in(&mut passkey).await.expect_status(200);
    let page = elsewhere.get("/account").await;
    page.expect_text("with Firefox on Windows").expect_text("Synced");
}

#[on_both]
async fn a_deleted_passkey_opens_nothing(shop: Shop) {
    let (mut visitor, mut first) = shop.member("robin").await;
    visitor.add(&mut Authenticator::new()).await.expect_status(200);
    let path = format!("/account/passkeys/{}/delete", first.id());
    visitor.get(&path).await.expect_status(200).expect_text("Delete this passkey");
    visitor.post(&path, &[]).await.expect_redirect("/account");
    visitor.get("/account").await.expect_text("opens nothing any more");
    shop.visitor().sign_in(&mut first).await.expect_refusal(404, "unknown_credential");
    visitor.post(&path, &[]).await.expect_status(404);
}

#[on_both]
async fn an_addition_is_verified_like_a_sign_up(shop: Shop) {
    let (mut robin, _) = shop.member("robin").await;
    for (flags, code) in
        [(UP, "user_not_verified"), (UV, "user_not_present"), (0, "user_not_present")]
    {
        let mut passkey = Authenticator::new();
        passkey.flags = flags;
        robin.add(&mut passkey).await.expect_refusal(400, code);
    }
}

#[on_both]
async fn planting_a_passkey_in_another_account_is_refused(shop: Shop) {
    let (mut robin, _) = shop.member("robin").await;
    let (mut thief, _) = shop.member("thief").await;
    let options = robin.addition_options(false).await.options();
    let mut passkey = Authenticator::new();
    let created = passkey.create(&options);
    thief.finish_addition(&created).await.expect_refusal(400, "challenge_unknown");

    // The same browser, signed in to another account meanwhile.
    let (_, mut other) = shop.member("other").await;
    let options = robin.addition_options(false).await.options();
    robin.sign_in(&mut other).await.expect_status(200);
    robin.finish_addition(&passkey.create(&options)).await.expect_refusal(400, "challenge_unknown");
    assert!(shop.store.passkey(&passkey.id()).await.unwrap().is_none());
}

#[on_both]
async fn a_passkey_of_somebody_else_cannot_be_added(shop: Shop) {
    let (mut robin, _) = shop.member("robin").await;
    let (_, mut other) = shop.member("other").await;
    robin.add(&mut other).await.expect_refusal(409, "credential_taken");
}

#[on_both]
async fn direct_references_to_what_is_others_find_nothing(shop: Shop) {
    let (mut robin, theirs) = shop.member("robin").await;
    let (mut thief, _) = shop.member("thief").await;
    let account = shop.account("robin").await;
    let event = shop.store.events_of(account, "sign_in_failed").await.unwrap()[0].id.clone();
    let session = shop.store.sessions_of(account, shop.clock.now()).await.unwrap()[0].key.clone();

    robin.get(&format!("/account/events/{event}")).await.expect_status(200);
    for id in [event.as_str(), "nonsense", "%00"] {
        thief.get(&format!("/account/events/{id}")).await.expect_status(404);
    }
    for id in [theirs.id().as_str(), "nonsense", "%00"] {
        thief.get(&format!("/account/passkeys/{id}/delete")).await.expect_status(404);
        thief.post(&format!("/account/passkeys/{id}/delete"), &[]).await.expect_status(404);
        let path = format!("/account/passkeys/{id}/name");
        thief.post(&path, &[("name", "mine")]).await.expect_status(404);
        thief.post(&path, &[("name", &"x".repeat(65))]).await.expect_status(404);
    }
    for id in [session.as_str(), "nonsense", "%00"] {
        thief.post(&format!("/account/sessions/{id}/end"), &[]).await.expect_status(404);
    }
    assert!(robin.is_signed_in().await);
    let passkey = shop.store.passkey(&theirs.id()).await.unwrap().unwrap();
    assert_eq!((passkey.account, passkey.own_name), (account, None));
}

#[on_both]
async fn no_lock_out_by_deleting_the_last_way_in(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    let path = format!("/account/passkeys/{}/delete", passkey.id());
    visitor
        .get(&path)
        .await
        .expect_status(200)
        .expect_text("only way to sign in")
        .expect_no_text("Delete this passkey</button>");
    visitor.post(&path, &[]).await.expect_status(409).expect_text("last way to sign in");
    shop.visitor().sign_in(&mut passkey).await.expect_status(200);

    // With a password it may go, after a warning; then the password has to stay.
    let set = [("action", "set"), ("password", PASSWORD)];
    visitor.post("/account/password", &set).await.expect_redirect("/account");
    visitor.get(&path).await.expect_text("last passkey").expect_text("Delete this passkey");
    visitor.post(&path, &[]).await.expect_redirect("/account");
    visitor.post("/account/password", &[("action", "remove")]).await.expect_status(409);
    visitor.get("/account").await.expect_text("Change or remove the password");
}

#[on_both]
async fn no_lock_out_by_two_deletions_at_once(shop: Shop) {
    for round in 0..4 {
        let (mut visitor, first) = shop.member(&format!("robin-{round}")).await;
        let mut second = Authenticator::new();
        visitor.add(&mut second).await.expect_status(200);
        let paths = [first.id(), second.id()].map(|id| format!("/account/passkeys/{id}/delete"));
        let mut tab = visitor.clone();
        let (one, other) = tokio::join!(visitor.post(&paths[0], &[]), tab.post(&paths[1], &[]));
        let mut outcomes = [one.status.as_u16(), other.status.as_u16()];
        outcomes.sort_unstable();
        assert_eq!(outcomes, [303, 409]);
    }
}
