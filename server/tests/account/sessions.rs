//! Ending sessions from elsewhere.

use std::convert::Infallible;

use axum::{body::Body, http::Method};
use futures::{join, stream};
use latchkey::session::Event;
use tokio::sync::oneshot;

use crate::support::{
    on_both,
    time::STALE,
    visitor::{FIREFOX, Shop, Visitor},
};

#[on_both]
async fn an_ended_session_is_out_at_its_next_request(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    let mut elsewhere = Visitor { user_agent: FIREFOX, ..shop.visitor() };
    elsewhere.sign_in(&mut passkey).await.expect_status(200);
    let page =
        visitor.get("/account").await.expect_text("Firefox on Windows").expect_text("This session");
    let end = page
        .body
        .split("action=\"")
        .find(|part| part.starts_with("/account/sessions/") && !part.contains("end-others"));
    let end = end.unwrap().split('"').next().unwrap().to_owned();

    visitor.post(&end, &[]).await.expect_redirect("/account");
    assert!(!elsewhere.is_signed_in().await);
    assert!(visitor.is_signed_in().await);
    visitor.get("/account").await.expect_text("Ended a session of Firefox on Windows");
    visitor.post(&end, &[]).await.expect_status(404);
}

#[on_both]
async fn a_host_ends_sessions_of_one_account_or_of_all(shop: Shop) {
    let mut robin = shop.member_with_password("Robin").await;
    let mut rowan = shop.member_with_password("rowan").await;
    let end = async |whose: Option<&str>| {
        let event = |account| Event::HostEndedSessions.of(account, "", String::new());
        shop.store.end_sessions(whose, event, shop.clock.now()).await.unwrap()
    };
    assert_eq!(end(Some("nobody")).await, 0);
    assert!(robin.is_signed_in().await);
    assert_eq!(end(Some("robin")).await, 1);
    assert!(!robin.is_signed_in().await && rowan.is_signed_in().await);
    robin.sign_in_with_password("robin").await.expect_redirect("/cart");
    robin.get("/account").await.expect_text("All sessions ended by the shop");
    assert_eq!(end(None).await, 2);
    assert!(!robin.is_signed_in().await && !rowan.is_signed_in().await);
}

#[on_both]
async fn a_session_that_changed_its_id_can_still_be_ended(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    let mut elsewhere = Visitor { user_agent: FIREFOX, ..shop.visitor() };
    elsewhere.sign_in(&mut passkey).await.expect_status(200);
    let page = visitor.get("/account").await;
    let forms = page.body.split("action=\"/account/sessions/").skip(1);
    let ends: Vec<_> = forms
        .map(|form| format!("/account/sessions/{}", form.split('"').next().unwrap()))
        .collect();
    let before = elsewhere.cookie.clone();
    elsewhere.prove(&mut passkey).await.expect_status(200);
    assert_ne!(elsewhere.cookie, before);
    let end = ends.iter().find(|end| !end.contains("end-others")).unwrap();
    visitor.post(end, &[]).await.expect_redirect("/account");
    assert!(!elsewhere.is_signed_in().await && visitor.is_signed_in().await);
}

#[on_both]
async fn who_is_shut_out_while_sending_does_nothing_more(shop: Shop) {
    let posts = [
        "/account/recovery-codes",
        "/account/delete",
        "/account/sessions/end-others",
        "/account/name",
    ];
    for (round, path) in posts.into_iter().enumerate() {
        let name = format!("robin{round}");
        let (mut visitor, mut passkey) = shop.member(&name).await;
        let mut elsewhere = shop.visitor();
        elsewhere.sign_in(&mut passkey).await.expect_status(200);
        let (asked, is_asked) = oneshot::channel::<()>();
        let (send, rest) = oneshot::channel::<()>();
        // The shop waits for this body, and meanwhile the session is ended.
        let body = stream::once(async move {
            asked.send(()).unwrap();
            rest.await.unwrap();
            Ok::<_, Infallible>("username=thief&display_name=Thief")
        });
        let headers = [
            ("accept", "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        let sending = elsewhere.send(Method::POST, path, &headers, Body::from_stream(body));
        let ending = async {
            is_asked.await.unwrap();
            visitor.post("/account/sessions/end-others", &[]).await.expect_redirect("/account");
            send.send(()).unwrap();
        };
        let (answer, ()) = join!(sending, ending);
        answer.expect_redirect("/sign-in?next=/account");
        let page = visitor.get("/account").await.expect_status(200);
        page.expect_text(&format!("Username: <!>{name}")).expect_text("You have none.");
    }
}

#[on_both]
async fn ending_sessions_asks_for_a_fresh_proof(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    let mut elsewhere = shop.visitor();
    elsewhere.sign_in(&mut passkey).await.expect_status(200);
    let page = visitor.get("/account").await.body;
    let ends = page.split("action=\"").map(|part| part.split('"').next().unwrap().to_owned());
    let ends: Vec<_> = ends.filter(|path| path.starts_with("/account/sessions/")).collect();
    assert_eq!(ends.len(), 2);
    shop.clock.advance(STALE);
    for end in &ends {
        let confirm = format!("/confirm?next={end}");
        visitor.post(end, &[]).await.expect_redirect(&confirm);
        // Whoever has confirmed it is back where the button is.
        visitor.get(end).await.expect_redirect("/account");
    }
    visitor
        .post("/account/automatic", &[("on", "no")])
        .await
        .expect_redirect("/confirm?next=/account/automatic");
    assert!(elsewhere.is_signed_in().await);
    visitor.prove(&mut passkey).await.expect_status(200);
    visitor.post(&ends[0], &[]).await.expect_redirect("/account");
    assert!(!elsewhere.is_signed_in().await);
}

#[on_both]
async fn the_page_shows_all_sessions_and_those_are_the_newest_twenty(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    let mut sessions = vec![];
    for _ in 0..21 {
        shop.clock.advance(1);
        let mut session = shop.visitor();
        session.sign_in(&mut passkey).await.expect_status(200);
        sessions.push(session);
    }
    assert!(!visitor.is_signed_in().await);
    assert!(!sessions[0].is_signed_in().await);
    assert!(sessions[1].is_signed_in().await);
    let page = sessions[20].get("/account").await.expect_status(200).body;
    assert_eq!(page.matches("action=\"/account/sessions/").count(), 19 + 1);
    assert_eq!(shop.sessions().await, 20);
}

#[on_both]
async fn all_other_sessions_end_together(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    let (mut other, _) = shop.member("other").await;
    let mut elsewhere = [shop.visitor(), shop.visitor()];
    for session in &mut elsewhere {
        session.sign_in(&mut passkey).await.expect_status(200);
    }
    visitor.post("/account/sessions/end-others", &[]).await.expect_redirect("/account");
    for session in &mut elsewhere {
        assert!(!session.is_signed_in().await);
    }
    assert!(visitor.is_signed_in().await && other.is_signed_in().await);
}
