//! An account's owner links an identity to it.

use axum::http::Method;

use crate::support::{
    on_both,
    time::STALE,
    town::{
        LINK, TOO_LATE, Town, callback, choose, come_back, expect_other_ways, leave_by_form,
        through, token_for,
    },
    visitor::Answer,
};

/// Whether anything of the answer leads to a provider.
fn leads_away(answer: &Answer) -> bool {
    answer.headers.contains_key("refresh") || answer.body.contains("/authorize")
}

#[on_both]
async fn an_account_is_linked_by_its_owner(town: Town) {
    let (mut visitor, _) = town.shop.member("robin").await;
    visitor.get("/account").await.expect_text("Link Acorn").expect_text("Link Birch");
    let asked = leave_by_form(&mut visitor, LINK, "").await;
    let token = token_for(&town.acorn, "squirrel", &asked);
    come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_redirect("/account");
    let page =
        visitor.get("/account").await.expect_text("Acorn is linked. You can sign in with it.");
    page.expect_text("squirrel")
        .expect_text("Linked Acorn")
        .expect_text("/unlink")
        .expect_no_text("Link Acorn");
    // Once more changes nothing.
    let asked = leave_by_form(&mut visitor, LINK, "").await;
    let token = token_for(&town.acorn, "squirrel", &asked);
    come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_redirect("/account");
    assert_eq!(town.identities("robin").await.len(), 1);

    let mut elsewhere = town.shop.visitor();
    through(&mut elsewhere, &town.acorn, "squirrel", "/cart").await.expect_redirect("/cart");
    elsewhere.get("/account").await.expect_text("Username: <!>robin");
}

#[on_both]
async fn linking_asks_for_a_fresh_proof(town: Town) {
    let (mut visitor, mut passkey) = town.shop.member("robin").await;
    town.shop.clock.advance(STALE);
    let answer = visitor.post(LINK, &[]).await.expect_redirect(&format!("/confirm?next={LINK}"));
    assert!(!leads_away(&answer));
    visitor.prove(&mut passkey).await.expect_status(200);
    visitor.get(LINK).await.expect_redirect("/account");
    leave_by_form(&mut visitor, LINK, "").await;
    town.shop.visitor().post(LINK, &[]).await.expect_redirect("/sign-in?next=/account");
}

#[on_both]
async fn csrf_begins_no_link(town: Town) {
    let (mut visitor, _) = town.shop.member("robin").await;
    let answer = visitor.get(LINK).await.expect_redirect("/account");
    assert!(!leads_away(&answer));
    for site in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
    ] {
        let headers =
            [("accept", "text/html"), ("content-type", "application/x-www-form-urlencoded"), site];
        let answer = visitor.send(Method::POST, LINK, &headers, "".into()).await.expect_status(403);
        assert!(!leads_away(&answer));
    }
    visitor.post("/account/providers/nobody/link", &[]).await.expect_status(404);
}

#[on_both]
async fn login_csrf_links_nothing_to_who_is_signed_in_already(town: Town) {
    let (mut visitor, _) = town.shop.member("robin").await;
    through(&mut visitor, &town.acorn, "attacker", "/cart")
        .await
        .expect_redirect("/sign-up/provider?next=/cart");
    assert!(town.identities("robin").await.is_empty());
    choose(&mut visitor, "attacker").await.expect_redirect("/cart");
    visitor.get("/account").await.expect_text("Username: <!>attacker");
    assert!(town.identities("robin").await.is_empty());
}

#[on_both]
async fn a_stranger_at_the_provider_is_welcome_also_in_a_session_that_outlived_others(town: Town) {
    let (mut visitor, _) = town.shop.member("robin").await;
    visitor.post("/account/sessions/end-others", &[]).await.expect_redirect("/account");
    through(&mut visitor, &town.acorn, "other", "/cart")
        .await
        .expect_redirect("/sign-up/provider?next=/cart");
    assert!(visitor.is_signed_in().await);
    choose(&mut visitor, "other").await.expect_redirect("/cart");
    visitor.get("/account").await.expect_text("Username: <!>other");
}

#[on_both]
async fn the_identity_of_another_account_is_not_linked(town: Town) {
    town.member("robin").await;
    let (mut visitor, _) = town.shop.member("other").await;
    let asked = leave_by_form(&mut visitor, LINK, "").await;
    let token = token_for(&town.acorn, "robin", &asked);
    let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_status(409);
    answer.expect_text("linked to another account of this store").expect_text("Username: <!>other");
    assert!(town.identities("other").await.is_empty());
    assert_eq!(town.identities("robin").await.len(), 1);
}

#[on_both]
async fn two_accounts_do_not_link_the_same_identity_at_once(town: Town) {
    let ((mut one, _), (mut two, _)) =
        (town.shop.member("one").await, town.shop.member("two").await);
    let asked = leave_by_form(&mut one, LINK, "").await;
    let token = token_for(&town.acorn, "squirrel", &asked);
    let first = callback(&town.acorn, &asked, &town.acorn.code(&asked, &token));
    let asked = leave_by_form(&mut two, LINK, "").await;
    let token = token_for(&town.acorn, "squirrel", &asked);
    let second = callback(&town.acorn, &asked, &town.acorn.code(&asked, &token));
    let (first, second) = tokio::join!(one.get(&first), two.get(&second));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
}

#[on_both]
async fn a_link_is_for_the_account_that_asked_for_it(town: Town) {
    let (_, mut other) = town.shop.member("other").await;
    // Another account in place of the one that asked, without signing out.
    let (mut visitor, mut passkey) = town.shop.member("robin").await;
    let asked = leave_by_form(&mut visitor, LINK, "").await;
    visitor.sign_in(&mut other).await.expect_status(200);
    let token = token_for(&town.acorn, "squirrel", &asked);
    let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
    expect_other_ways(answer, 400, TOO_LATE, "/");
    // Signed out meanwhile, and somebody else is signed in.
    visitor.sign_in(&mut passkey).await.expect_status(200);
    for goes_on_as_other in [false, true] {
        let asked = leave_by_form(&mut visitor, LINK, "").await;
        visitor.sign_out().await;
        if goes_on_as_other {
            visitor.sign_in(&mut other).await.expect_status(200);
        }
        let token = token_for(&town.acorn, "squirrel", &asked);
        let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
        expect_other_ways(answer, 400, TOO_LATE, "/");
        visitor.sign_in(&mut passkey).await.expect_status(200);
    }
    // Ended from elsewhere: whoever was in there does not get their own identity in.
    let mut owner = town.shop.visitor();
    owner.sign_in(&mut passkey).await.expect_status(200);
    let asked = leave_by_form(&mut visitor, LINK, "").await;
    owner.post("/account/sessions/end-others", &[]).await.expect_redirect("/account");
    let token = token_for(&town.acorn, "squirrel", &asked);
    let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
    expect_other_ways(answer, 400, TOO_LATE, "/");
    for account in ["robin", "other"] {
        assert!(town.identities(account).await.is_empty());
    }
}

#[on_both]
async fn who_declines_to_link_is_back_on_the_account_page(town: Town) {
    let (mut visitor, _) = town.shop.member("robin").await;
    let asked = leave_by_form(&mut visitor, LINK, "").await;
    let path = format!("/federated/acorn/callback?error=access_denied&state={}", asked.state());
    visitor
        .get(&path)
        .await
        .expect_status(400)
        .expect_text("declined or cancelled")
        .expect_text("Username: <!>robin");
}
