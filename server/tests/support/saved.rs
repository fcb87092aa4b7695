//! Saved passwords, as the pages' script posts them, and what the browser is told of it.

use super::visitor::{Answer, Visitor};

pub fn saved(password: &str) -> [(&str, &str); 3] {
    [("username", "robin"), ("password", password), ("next", "/orders")]
}

/// What the page's script posts when the browser has brought a password that nobody chose.
pub async fn by_itself(visitor: &mut Visitor, password: &str) -> Answer {
    let fields = [&saved(password)[..], &[("automatic", "yes")]].concat();
    visitor.post_by_script("/sign-in", &fields).await
}

/// It is refused, nothing is to be seen of it, and it is not tried again.
pub async fn expect_refused(visitor: &mut Visitor, password: &str, status: u16, code: &str) {
    let answer = by_itself(visitor, password).await;
    let cookie = answer.by_hand().expect("no cookie").to_owned();
    assert!(cookie.contains("=1; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax"), "{cookie}");
    assert!(!answer.headers.contains_key("set-login"));
    answer.expect_refusal(status, code);
    assert!(visitor.by_hand);
    let page = visitor.get("/cart").await.expect_status(200);
    page.expect_no_text("Signed in as").expect_no_text("role=\"alert\"");
}

/// The browser is told that somebody has signed out here.
#[track_caller]
pub fn expect_signed_out(answer: &Answer) {
    assert_eq!(answer.headers["set-login"], "logged-out");
    let cleared = &answer.headers["clear-site-data"];
    assert_eq!(cleared, "\"storage\", \"prefetchCache\", \"prerenderCache\"");
    let cookie = answer.by_hand().unwrap();
    assert!(
        cookie.starts_with("latchkey-by-hand=1;") && cookie.contains("Max-Age=34560000"),
        "{cookie}"
    );
}

/// Nobody has signed in or out.
#[track_caller]
pub fn expect_nothing_told(answer: &Answer) {
    assert!(!answer.headers.contains_key("set-login"), "{:?}", answer.headers);
    assert!(!answer.headers.contains_key("clear-site-data"), "{:?}", answer.headers);
    assert_eq!(answer.by_hand(), None);
}
