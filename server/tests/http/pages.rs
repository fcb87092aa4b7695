//! What every page has, and what is no page.

use axum::{
    body::{Body, to_bytes},
    http::Request,
};
use serde_json::json;
use tokio::{runtime::Handle, task::spawn_blocking};
use tower::ServiceExt;

use crate::support::{on_both, town::Town, visitor::Shop};

#[on_both]
async fn what_does_not_exist_is_a_404_in_the_shops_look(shop: Shop) {
    let (mut member, _) = shop.member("robin").await;
    for page in ["/no-such-page", "/products/no-such-thing", "/orders/LK-NOSUCHONE", "/checkout/x"]
    {
        let answer = member.get(page).await.expect_status(404);
        answer.expect_text("<header").expect_text("Latchkey");
    }
}

#[on_both]
async fn what_cannot_be_done_here_is_a_page_too(shop: Shop) {
    let mut visitor = shop.visitor();
    for page in ["/", "/account", "/products/no-such-thing"] {
        let answer = visitor.post(page, &[("a", "b")]).await.expect_status(405);
        assert_eq!(answer.headers["allow"], "GET,HEAD");
        answer.expect_text("<header");
    }
    let answer = visitor.get("/sign-out").await.expect_status(405).expect_text("<header");
    assert_eq!(answer.headers["allow"], "POST");
    visitor.post("/no-such-page", &[("a", "b")]).await.expect_status(404).expect_text("<header");
}

#[on_both]
async fn open_redirect_by_a_path_like_a_host_is_refused(shop: Shop) {
    let answer = shop.visitor().get("//evil.example/x").await.expect_status(404);
    assert!(!answer.body.contains("evil.example"), "{}", answer.body);
}

#[on_both]
async fn an_error_leaks_nothing_of_the_inside(shop: Shop) {
    shop.store.close().await;
    let mut visitor = shop.visitor();
    visitor.cookie = Some("latchkey=AAAAAAAAAAAAAAAAAAAAAA".into());
    let page = visitor.get("/").await.expect_status(500).expect_text("<header");
    let api = visitor.api("passkey/sign-in/start", json!({})).await;
    api.expect_no_internals();
    page.expect_no_internals();
    api.expect_refusal(500, "internal");
}

#[on_both]
async fn an_address_that_cannot_be_read_is_refused_in_the_shops_words(town: Town) {
    let mut visitor = town.shop.visitor();
    for path in [
        "/federated/acorn?next=/a&next=/b",
        "/federated/acorn/callback?code=1&code=2",
        "/federated/%FF",
    ] {
        let page = visitor.get(path).await.expect_status(400);
        page.expect_text("That request could not be read.").expect_no_internals();
    }
}

/// A request may begin on one of the server's threads and end on another one.
#[on_both]
async fn a_page_is_finished_on_whatever_thread(town: Town) {
    let (visitor, _) = town.careful("robin").await;
    let mut half = town.shop.visitor();
    half.sign_in_with_password("robin").await.expect_redirect("/second-factor?next=/cart");
    let stranger = town.shop.visitor();
    let account =
        ["/account", "/confirm", "/account/password", "/account/passkeys/new", "/checkout"];
    let others =
        ["/", "/sign-in", "/sign-up", "/one-button", "/browser-support", "/products/lantern"];
    for (visitor, paths) in
        [(&visitor, &account[..]), (&half, &["/second-factor"]), (&stranger, &others)]
    {
        for path in paths {
            let cookie = visitor.cookie.clone().unwrap_or_default();
            let request =
                Request::get(*path).header("accept", "text/html").header("cookie", cookie);
            let request = request.body(Body::empty()).unwrap();
            let response = visitor.router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), 200, "{path}");
            let body = response.into_body();
            let here = Handle::current();
            let read = spawn_blocking(move || here.block_on(to_bytes(body, usize::MAX)));
            let page = read.await.unwrap_or_else(|_| panic!("{path}")).unwrap();
            assert!(String::from_utf8_lossy(&page).contains("</html>"), "{path}");
        }
    }
}
