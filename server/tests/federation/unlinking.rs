//! What is unlinked opens nothing, and nobody is locked out by it.

use crate::support::{
    authenticator::Authenticator,
    on_both,
    time::STALE,
    town::{CHANGE, Town, come_back, leave_by_form, through, token_for},
    visitor::PASSWORD,
};

#[on_both]
async fn what_is_unlinked_opens_nothing(town: Town) {
    let mut visitor = town.member("robin").await;
    let unlink = town.unlink("robin").await;
    visitor.add(&mut Authenticator::new()).await.expect_status(200);
    town.shop.clock.advance(STALE);
    let confirm = format!("/confirm?next={unlink}");
    visitor.get(&unlink).await.expect_redirect(&confirm);
    visitor.post(&unlink, &[]).await.expect_redirect(&confirm);
    assert_eq!(town.identities("robin").await.len(), 1);

    let asked = leave_by_form(&mut visitor, "/confirm/acorn", &unlink).await;
    let token = token_for(&town.acorn, "robin", &asked);
    come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_redirect(&unlink);
    visitor.get(&unlink).await.expect_status(200).expect_text("Acorn (robin) will not sign in");
    visitor.post(&unlink, &[]).await.expect_redirect("/account");
    visitor.get("/account").await.expect_text("Acorn is unlinked").expect_text("Unlinked Acorn");
    visitor.post(&unlink, &[]).await.expect_status(404);
    let mut elsewhere = town.shop.visitor();
    through(&mut elsewhere, &town.acorn, "robin", "/")
        .await
        .expect_redirect("/sign-up/provider?next=/");
}

#[on_both]
async fn nobody_unlinks_what_is_somebody_elses(town: Town) {
    town.member("robin").await;
    let unlink = town.unlink("robin").await;
    let (mut other, _) = town.shop.member("other").await;
    other.get(&unlink).await.expect_status(404);
    other.post(&unlink, &[]).await.expect_status(404);
    other.post("/account/identities/%00/unlink", &[]).await.expect_status(404);
    assert_eq!(town.identities("robin").await.len(), 1);
}

#[on_both]
async fn no_lock_out_by_unlinking_the_last_way_in(town: Town) {
    let mut visitor = town.member("robin").await;
    let unlink = town.unlink("robin").await;
    let page = visitor.get(&unlink).await.expect_status(200).expect_text("only way to sign in");
    page.expect_no_text("class=\"button danger\"");
    visitor
        .post(&unlink, &[])
        .await
        .expect_status(409)
        .expect_text("That is the last way to sign in");
    assert_eq!(town.identities("robin").await.len(), 1);
    visitor
        .post("/account/password", &[("action", "set"), ("password", PASSWORD)])
        .await
        .expect_redirect("/account");
    visitor.post(&unlink, &[]).await.expect_redirect("/account");
}

#[on_both]
async fn a_provider_is_a_way_in_as_long_as_the_shop_works_with_it(town: Town) {
    let mut visitor = town.member("robin").await;
    let asked = leave_by_form(&mut visitor, "/account/providers/birch/link", "").await;
    let token = token_for(&town.birch, "robin", &asked);
    come_back(&mut visitor, &town.birch, &asked, &token).await.expect_redirect("/account");
    let (acorn, birch) = {
        let identities = town.identities("robin").await;
        let path = |issuer: &str| {
            let found = identities.iter().find(|identity| identity.issuer == issuer).unwrap();
            format!("/account/identities/{}/unlink", found.id)
        };
        (path(&town.acorn.issuer), path(&town.birch.issuer))
    };

    let without_birch = town.shop.changed(|config| config.providers.0.truncate(1)).await;
    visitor.router = without_birch.router.clone();
    visitor.get("/account").await.expect_text("does not work with it any more");
    visitor.post(&acorn, &[]).await.expect_status(409);
    let mut stranger = without_birch.visitor();
    stranger.get("/federated/birch").await.expect_status(404);

    // Neither is a passkey given up for it.
    let mut passkey = Authenticator::new();
    visitor.add(&mut passkey).await.expect_status(200);
    visitor.post(&acorn, &[]).await.expect_redirect("/account");
    let delete = format!("/account/passkeys/{}/delete", passkey.id());
    visitor.post(&delete, &[]).await.expect_status(409);
    // What opens nothing can go.
    visitor.post(&birch, &[]).await.expect_redirect("/account");
    assert!(town.identities("robin").await.is_empty());
}

#[on_both]
async fn what_is_left_after_the_last_passkey_is_said_as_it_is(town: Town) {
    let mut visitor = town.member("robin").await;
    let mut passkey = Authenticator::new();
    visitor.add(&mut passkey).await.expect_status(200);
    let delete = format!("/account/passkeys/{}/delete", passkey.id());
    visitor.get(&delete).await.expect_text("this account opens only with Acorn.");
    visitor
        .post(CHANGE, &[("action", "set"), ("password", PASSWORD)])
        .await
        .expect_redirect("/account");
    visitor.get(&delete).await.expect_text("opens only with your password or Acorn.");
    visitor.post("/account/recovery-codes", &[]).await.expect_status(200);
    visitor
        .get(&delete)
        .await
        .expect_text("opens only with your password, Acorn or your recovery codes.");
}

#[on_both]
async fn a_passkey_can_go_while_a_provider_stays(town: Town) {
    let (mut visitor, mut passkey) = (town.member("robin").await, Authenticator::new());
    visitor.add(&mut passkey).await.expect_status(200);
    let delete = format!("/account/passkeys/{}/delete", passkey.id());
    visitor.get(&delete).await.expect_text("Delete this passkey");
    visitor.post(&delete, &[]).await.expect_redirect("/account");
    visitor.post(&town.unlink("robin").await, &[]).await.expect_status(409);
}

#[on_both]
async fn no_lock_out_by_two_deletions_at_once(town: Town) {
    for username in ["robin", "wren", "finch", "heron", "plover"] {
        let (mut visitor, mut passkey) = (town.member(username).await, Authenticator::new());
        visitor.add(&mut passkey).await.expect_status(200);
        let unlink = town.unlink(username).await;
        let delete = format!("/account/passkeys/{}/delete", passkey.id());
        let mut other = visitor.clone();
        let (one, two) = tokio::join!(visitor.post(&unlink, &[]), other.post(&delete, &[]));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409], "{} {}", one.body, two.body);
    }
}
