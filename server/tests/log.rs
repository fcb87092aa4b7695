//! What the log tells, and what it never does.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[allow(dead_code, unused_imports, reason = "one test uses a part")]
mod support;

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use support::{authenticator::Authenticator, on_sqlite, visitor::Shop};
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

/// The only test of this program: a subscriber is for the whole process.
#[tokio::test]
async fn the_log_tells_requests_and_no_secrets() {
    let log = Log::default();
    let filter = EnvFilter::new("debug");
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(log.clone())
        .init();
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
        let cookie = visitor.cookie.unwrap();
        secrets.push(cookie.split('=').nth(1).unwrap().to_owned());

        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let line = log.lines().find(|line| line.contains(id) && line.contains("milliseconds"));
        assert!(
            line.unwrap().contains("method=GET route=\"/orders/{number}\" status=404"),
            "{line:?}"
        );
        assert!(log.contains("route=\"/sign-up\" status=303"));
        secrets.extend(["in-the-query", "LK-PRIVATE", "$argon2id$"].map(str::to_owned));
        for secret in &secrets {
            assert!(!log.contains(secret), "«{secret}» in {log}");
        }
    })
    .await;
}
