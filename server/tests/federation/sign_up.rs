//! A newcomer whom a provider vouches for chooses a username.

use crate::support::{
    on_both,
    time::MINUTE,
    town::{Town, choose, come_back, leave, through, token_for},
};

#[on_both]
async fn a_username_that_will_not_do_shows_the_page_again(town: Town) {
    town.shop.member("taken").await;
    let mut visitor = town.shop.visitor();
    through(&mut visitor, &town.acorn, "taken", "/cart").await;
    // What is taken is not suggested.
    visitor.get("/sign-up/provider").await.expect_text("(taken)").expect_no_text("value=\"taken\"");
    let again = choose(&mut visitor, "taken")
        .await
        .expect_status(409)
        .expect_text("That username is taken");
    again
        .expect_text("value=\"taken\"")
        .expect_text("value=\"Robin\"")
        .expect_text("value=\"/cart\"");
    choose(&mut visitor, "a b")
        .await
        .expect_status(422)
        .expect_text("value=\"a b\"")
        .expect_text("3 to 64 letters");
    let nameless = [("username", "robin"), ("display_name", " ")];
    visitor
        .post("/sign-up/provider", &nameless)
        .await
        .expect_status(422)
        .expect_text("enter a name");
    assert!(!visitor.is_signed_in().await);
    choose(&mut visitor, "robin").await.expect_redirect("/cart");
    assert!(visitor.is_signed_in().await);
}

#[on_both]
async fn a_newcomer_has_a_quarter_of_an_hour(town: Town) {
    let mut visitor = town.shop.visitor();
    through(&mut visitor, &town.acorn, "robin", "/cart").await;
    town.shop.clock.advance(15 * MINUTE - 1);
    visitor.get("/sign-up/provider?next=/cart").await.expect_status(200);
    town.shop.clock.advance(1);
    visitor.get("/sign-up/provider?next=/cart").await.expect_redirect("/sign-in?next=/cart");
    choose(&mut visitor, "robin").await.expect_redirect("/sign-up?next=/cart");
    assert!(!town.has_account("robin").await);
}

#[on_both]
async fn cross_site_scripting_by_a_providers_names_stays_text(town: Town) {
    let mut visitor = town.shop.visitor();
    let asked = leave(&mut visitor, "/federated/acorn").await;
    let mut token = token_for(&town.acorn, "robin", &asked);
    let hostile = "\"><script>alert(1)</script>";
    (token.claims["name"], token.claims["preferred_username"]) = (hostile.into(), hostile.into());
    come_back(&mut visitor, &town.acorn, &asked, &token)
        .await
        .expect_redirect("/sign-up/provider?next=/");
    visitor.get("/sign-up/provider").await.expect_status(200).expect_no_text("<script>alert");
    choose(&mut visitor, "robin").await.expect_redirect("/cart");
    visitor.get("/account").await.expect_text("alert(1)").expect_no_text("<script>alert");
    visitor
        .get(&town.unlink("robin").await)
        .await
        .expect_status(200)
        .expect_no_text("<script>alert");
}

#[on_both]
async fn nobody_gets_an_account_without_a_provider(town: Town) {
    let mut visitor = town.shop.visitor();
    visitor.get("/sign-up/provider").await.expect_redirect("/sign-in?next=/");
    choose(&mut visitor, "robin").await.expect_redirect("/sign-up?next=/cart");
    // Nor twice, after the first one.
    let mut visitor = town.member("robin").await;
    choose(&mut visitor, "again").await.expect_redirect("/sign-up?next=/cart");
    assert!(!town.has_account("again").await);
}

#[on_both]
async fn one_identity_gets_one_account(town: Town) {
    let (mut one, mut two) = (town.shop.visitor(), town.shop.visitor());
    through(&mut one, &town.acorn, "robin", "/cart").await;
    through(&mut two, &town.acorn, "robin", "/cart").await;
    let (first, second) = tokio::join!(choose(&mut one, "first"), choose(&mut two, "second"));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409], "{} {}", first.body, second.body);
    let refused = if first.status == 409 { first } else { second };
    refused.expect_text("linked to another account of this store");
    assert_ne!(town.has_account("first").await, town.has_account("second").await);
}
