//! After a new password: throwing out what somebody else left.

use crate::support::{
    authenticator::Authenticator,
    on_both,
    time::{MINUTE, STALE},
    town::{Town, come_back, leave_by_form, token_for},
    visitor::{FIREFOX, OTHER_PASSWORD, PASSWORD, Shop, Visitor},
};

const REVIEW: &str = "/account/review";

async fn change_password(visitor: &mut Visitor) {
    let fields = [("action", "set"), ("password", OTHER_PASSWORD)];
    visitor.post("/account/password", &fields).await.expect_redirect(REVIEW);
}

async fn confirm(visitor: &mut Visitor) {
    let fields = [("password", PASSWORD), ("next", "/account/password")];
    visitor.post("/confirm", &fields).await.expect_redirect("/account/password");
}

/// What the form would send as it is: everything that is shown, and what has a tick.
fn filled_in(page: &str) -> Vec<(&'static str, String)> {
    let value =
        |input: &str| input.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let inputs = page.split("<input").skip(1).map(|input| input.split('>').next().unwrap());
    inputs
        .filter_map(|input| match input {
            _ if input.contains("name=\"shown\"") => Some(("shown", value(input))),
            _ if input.contains("name=\"keep\"") && input.contains(" checked") => {
                Some(("keep", value(input)))
            }
            _ => None,
        })
        .collect()
}

async fn press(
    visitor: &mut Visitor,
    fields: &[(&'static str, String)],
) -> crate::support::visitor::Answer {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    visitor.post(REVIEW, &fields).await
}

#[on_both]
async fn an_intruders_ways_in_are_thrown_out_in_one_press(town: Town) {
    let shop = &town.shop;
    let mut owner = shop.member_with_password("robin").await;
    let mut own = Authenticator::new();
    owner.add(&mut own).await.expect_status(200);
    shop.clock.advance(10 * MINUTE);

    let mut thief = Visitor { user_agent: FIREFOX, ..shop.visitor() };
    thief.sign_in_with_password("robin").await.expect_redirect("/cart");
    let mut planted = Authenticator::new();
    thief.add(&mut planted).await.expect_status(200);
    let asked = leave_by_form(&mut thief, "/account/providers/birch/link", "").await;
    let token = token_for(&town.birch, "thief", &asked);
    come_back(&mut thief, &town.birch, &asked, &token).await.expect_redirect("/account");
    let codes = thief.recovery_codes().await;

    confirm(&mut owner).await;
    change_password(&mut owner).await;
    assert!(!thief.is_signed_in().await);
    // The thief is back before the owner has looked.
    shop.clock.advance(MINUTE);
    thief.sign_in(&mut planted).await.expect_status(200);

    let page = owner.get(REVIEW).await.expect_text("Your password is changed.");
    let page = page.expect_text("Firefox on Windows").expect_text("Birch");
    let page = page.expect_text("10 recovery codes").expect_text("Signed in with a passkey");
    let fields = filled_in(&page.body);
    assert_eq!(fields.iter().filter(|(name, _)| *name == "shown").count(), 5, "{fields:?}");
    let kept: Vec<_> = fields.iter().filter(|(name, _)| *name == "keep").collect();
    assert_eq!(kept, [&("keep", format!("passkey:{}", own.id()))]);
    press(&mut owner, &fields).await.expect_redirect("/account");

    assert!(!thief.is_signed_in().await);
    thief.sign_in(&mut planted).await.expect_status(404);
    let code = [("username", "robin"), ("code", codes[0].as_str())];
    thief.post("/recover", &code).await.expect_status(401);
    let page = owner.get("/account").await.expect_text("thrown out").expect_text("You have none.");
    page.expect_text("Unlinked Birch").expect_text("Recovery codes deleted");
    shop.visitor().sign_in(&mut own).await.expect_status(200);
}

#[on_both]
async fn what_the_owner_made_is_kept(shop: Shop) {
    let mut owner = shop.member_with_password("robin").await;
    shop.clock.advance(10 * MINUTE);
    confirm(&mut owner).await;
    // In this very session, since the last proof but one.
    let mut own = Authenticator::new();
    owner.add(&mut own).await.expect_status(200);
    owner.recovery_codes().await;
    change_password(&mut owner).await;
    let page = owner.get(REVIEW).await.expect_status(200).expect_text("Chrome on Linux");
    let fields = filled_in(&page.body);
    assert_eq!(fields.iter().filter(|(name, _)| *name == "keep").count(), 2, "{fields:?}");
    press(&mut owner, &fields).await.expect_redirect("/account");
    owner.get("/account").await.expect_text("10 of 10 left").expect_text("You have looked through");
    shop.visitor().sign_in(&mut own).await.expect_status(200);
}

#[on_both]
async fn what_was_not_shown_is_not_thrown_out(shop: Shop) {
    let mut owner = shop.member_with_password("robin").await;
    let (mut first, mut second) = (Authenticator::new(), Authenticator::new());
    owner.add(&mut first).await.expect_status(200);
    change_password(&mut owner).await;
    let shown = [("shown", format!("passkey:{}", first.id()))];
    // In another tab.
    owner.add(&mut second).await.expect_status(200);
    press(&mut owner, &shown).await.expect_redirect("/account");
    shop.visitor().sign_in(&mut first).await.expect_status(404);
    shop.visitor().sign_in(&mut second).await.expect_status(200);

    // Nor anybody else's, whatever the form says.
    let (mut other, mut others) = shop.member("other").await;
    let foreign = [("shown", format!("passkey:{}", others.id())), ("shown", "session:".into())];
    press(&mut owner, &foreign).await.expect_redirect("/account");
    assert!(other.is_signed_in().await);
    shop.visitor().sign_in(&mut others).await.expect_status(200);
}

#[on_both]
async fn nobody_throws_out_the_last_way_in(shop: Shop) {
    let (mut owner, mut passkey) = shop.careful("robin").await;
    change_password(&mut owner).await;
    let all = [("shown", format!("passkey:{}", passkey.id()))];
    let page = press(&mut owner, &all).await.expect_status(409);
    page.expect_text("That is the last way to sign in").expect_text("Is all of this yours?");
    shop.visitor().sign_in(&mut passkey).await.expect_status(200);
}

#[on_both]
async fn looking_through_it_asks_for_a_fresh_proof(shop: Shop) {
    let mut owner = shop.member_with_password("robin").await;
    let passkey = Authenticator::new();
    owner.get(REVIEW).await.expect_redirect("/account");
    shop.clock.advance(STALE);
    let confirm = "/confirm?next=/account/review";
    owner.get(REVIEW).await.expect_redirect(confirm);
    let fields = [("shown", format!("passkey:{}", passkey.id()))];
    press(&mut owner, &fields).await.expect_redirect(confirm);
    press(&mut shop.visitor(), &fields).await.expect_redirect("/sign-in?next=/account");
}
