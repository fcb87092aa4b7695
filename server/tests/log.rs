//! What the log tells, and what it never does; and what it tells about the cost of ceremonies.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[allow(dead_code, unused_imports, reason = "one test uses a part")]
mod support;

mod cost;

use std::{
    io::{self, Write},
    sync::{Arc, LazyLock, Mutex},
};

use sqlx::{AnyConnection, Connection, query};
use support::{
    authenticator::Authenticator,
    on_sqlite,
    visitor::{Answer, Shop},
};
use tokio::sync::MutexGuard;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// The log of this program, for one test at a time: a subscriber is for the whole process.
async fn start_log() -> MutexGuard<'static, Log> {
    static LOG: LazyLock<tokio::sync::Mutex<Log>> = LazyLock::new(|| {
        let log = Log::default();
        latchkey::log::start(EnvFilter::new("debug"), log.clone());
        tokio::sync::Mutex::new(log)
    });
    LOG.lock().await
}

#[tokio::test]
async fn the_log_tells_requests_and_no_secrets() {
    let log = start_log().await;
    let mut secrets = vec!["plovers dislike umbrellas".to_owned()];

    on_sqlite(async |shop: Shop| {
        let mut visitor = shop.visitor();
        let fields = [
            ("username", "robin@example.org"),
            ("display_name", "Robin"),
            ("password", "plovers dislike umbrellas"),
            ("way", "password"),
        ];
        visitor.post("/sign-up?secret=in-the-query", &fields).await.expect_redirect("/");
        let mut passkey = Authenticator::new();
        let options = visitor.sign_up_options("other").await;
        secrets.push(options["challenge"].as_str().unwrap().to_owned());
        visitor.finish_sign_up(&passkey.create(&options)).await.expect_status(200);
        visitor.sign_in(&mut passkey).await.expect_status(200);
        let answer = visitor.get("/orders/LK-PRIVATE").await.expect_status(404);
        let id = answer.headers["x-request-id"].to_str().unwrap();
        shop.visitor().post("/account/delete", &[]).await.expect_status(303);
        let cookie = visitor.cookie.unwrap();
        secrets.push(cookie.split('=').nth(1).unwrap().to_owned());

        let log = log.text();
        let line = log.lines().find(|line| line.contains(id) && line.contains("milliseconds"));
        assert!(
            line.unwrap().contains("method=GET route=\"/orders/{number}\" status=404"),
            "{line:?}"
        );
        assert!(log.contains("route=\"/sign-up\" status=303"));
        assert!(log.contains("route=\"/account/delete\" status=303 refused=SignInRequired"));
        secrets.extend(["in-the-query", "LK-PRIVATE", "$argon2id$"].map(str::to_owned));
        for secret in &secrets {
            assert!(!log.contains(secret), "«{secret}» in {log}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_log_tells_who_tried_what_and_how_it_ended() {
    let log = start_log().await;
    on_sqlite(async |shop: Shop| {
        let shop = shop.changed(|config| config.log_addresses = true).await;
        let mut visitor = shop.member_with_password("robin").await;
        let account = shop.account("robin").await.to_string();
        let expect = async |event: &str, answer: Answer, holds: &[&str]| {
            let id = answer.headers["x-request-id"].to_str().unwrap();
            let text = log.text();
            let told = text.lines().filter(|line| line.contains(id));
            let told: Vec<_> =
                told.filter(|line| line.contains(&format!("event=\"{event}\""))).collect();
            let [line] = told[..] else { panic!("{event} once: {told:#?}") };
            for part in holds.iter().chain(&["security", "address=127.0.0.1"]) {
                assert!(line.contains(part), "{part} in {line}");
            }
            assert!(!line.contains("robin") && !line.contains("nobody"), "{line}");
        };
        let owned = [account.as_str()];
        let how = [account.as_str(), "methods=\"password\""];
        expect("signed_in", visitor.sign_out_and_in("robin").await, &how).await;
        let (mut member, mut passkey) = shop.member("wren").await;
        member.sign_out().await;
        let credential = passkey.get(&member.sign_in_options().await);
        member.clone().finish_sign_in(&credential).await.expect_status(200);
        let again = member.finish_sign_in(&credential).await.expect_status(400);
        let id = again.headers["x-request-id"].to_str().unwrap();
        let text = log.text();
        let told = |line: &str| line.contains(id) && line.contains("event=\"signed_in\"");
        assert!(!text.lines().any(told), "a replay is told of as a sign-in");
        let password = [("action", "set"), ("password", "herons prefer galoshes")];
        let changed = visitor.post("/account/password", &password).await;
        expect("password_changed", changed, &owned).await;
        let guess = |name| [("username", name), ("password", "a wrong password")];
        let wrong = shop.visitor().post("/sign-in", &guess("robin")).await;
        expect("wrong_try", wrong, &owned).await;
        for _ in 0..5 {
            let wrong = shop.visitor().post("/sign-in", &guess("nobody")).await;
            expect("wrong_try", wrong, &["subject="]).await;
        }
        let throttled = shop.visitor().post("/sign-in", &guess("nobody")).await;
        expect("throttled", throttled, &["seconds=12", "subject="]).await;
    })
    .await;
}

#[tokio::test]
async fn the_cause_of_an_internal_error_is_found_by_the_id_of_its_request() {
    let log = start_log().await;
    on_sqlite(async |shop: Shop| {
        let mut database = AnyConnection::connect(&shop.config.database).await.unwrap();
        let behind_its_back = query("ALTER TABLE products RENAME TO elsewhere");
        behind_its_back.execute(&mut database).await.unwrap();
        let answer = shop.visitor().get("/").await.expect_status(500);
        answer.expect_no_internals();
        let id = answer.headers["x-request-id"].to_str().unwrap();
        let text = log.text();
        let told: Vec<_> = text.lines().filter(|line| line.contains("internal error")).collect();
        let [told] = told[..] else { panic!("once: {told:?}") };
        assert!(told.contains(id) && told.contains("no such table: products"), "{told}");
    })
    .await;
}
