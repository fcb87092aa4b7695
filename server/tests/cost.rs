//! What a ceremony costs the database, on SQLite: commits, as its write-ahead log has them, and
//! statements, as sqlx logs them (BEGIN and COMMIT not counted). Whoever adds one is told here.

use std::fs;

use serde_json::json;

use crate::{
    Log, start_log,
    support::{
        authenticator::{Authenticator, UP, UV},
        on_sqlite,
        town::{LINK, Town, choose, come_back, leave, leave_by_form, token_for},
        visitor::{Answer, PASSWORD, Shop, Visitor},
    },
};

/// The header of SQLite's write-ahead log, and that of a frame in it, in bytes.
const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Commits and statements.
type Cost = (usize, usize);

struct Meter {
    log: Log,
    /// The write-ahead log.
    wal: String,
}

impl Meter {
    fn new(log: Log, shop: &Shop) -> Self {
        Self { log, wal: format!("{}-wal", shop.database().strip_prefix("sqlite:").unwrap()) }
    }

    /// How many there were until now.
    fn read(&self) -> Cost {
        (self.commits(), self.statements())
    }

    /// In the header of a frame, the size of the database stands where a commit ends, and zero
    /// elsewhere (SQLite, "WAL File Format").
    fn commits(&self) -> usize {
        let wal = fs::read(&self.wal).unwrap();
        let word = |at: usize| u32::from_be_bytes(wal[at..at + 4].try_into().unwrap());
        let frame = FRAME_HEADER + usize::try_from(word(8)).unwrap();
        (HEADER..wal.len()).step_by(frame).filter(|at| word(at + 4) != 0).count()
    }

    fn statements(&self) -> usize {
        let around = ["BEGIN", "COMMIT", "ROLLBACK"].map(|word| format!("summary=\"{word}"));
        let text = self.log.text();
        let logged = text.lines().filter(|line| line.contains("sqlx::query: summary="));
        logged.filter(|line| !around.iter().any(|word| line.contains(word))).count()
    }

    /// A step, and what it may cost.
    #[track_caller]
    fn expect(&self, step: &str, before: Cost, expected: Cost) {
        let now = self.read();
        let cost = (now.0 - before.0, now.1 - before.1);
        assert_eq!(cost, expected, "{step}: commits and statements");
    }
}

macro_rules! costs {
    ($meter:ident, $step:literal, $expected:expr, $do:expr) => {{
        let before = $meter.read();
        let done = $do;
        $meter.expect($step, before, $expected);
        done
    }};
}

/// A visitor with something in the cart.
async fn shopper(shop: &Shop) -> Visitor {
    let mut visitor = shop.visitor();
    let slug = shop.plenty().await;
    visitor.post("/cart", &[("slug", &slug), ("quantity", "1"), ("action", "add")]).await;
    visitor
}

#[tokio::test]
async fn a_start_writes_nothing_and_a_finish_once() {
    let log = start_log().await;
    on_sqlite(async |town: Town| {
        let shop = &town.shop;
        let meter = Meter::new(log.clone(), shop);

        // Signing up and in with a passkey
        let mut visitor = shopper(shop).await;
        let mut passkey = Authenticator::new();
        let options =
            costs!(meter, "sign-up, start", (0, 2), visitor.sign_up_options("robin").await);
        let created = passkey.create(&options);
        costs!(
            meter,
            "sign-up, finish",
            (1, 9),
            visitor.finish_sign_up(&created).await.expect_status(200)
        );
        for (mut visitor, finish) in [(shop.visitor(), 6), (shopper(shop).await, 9)] {
            let start = usize::from(visitor.cookie.is_some());
            let options =
                costs!(meter, "sign-in, start", (0, start), visitor.sign_in_options().await);
            let assertion = passkey.get(&options);
            costs!(
                meter,
                "sign-in, finish",
                (1, finish),
                visitor.finish_sign_in(&assertion).await.expect_status(200)
            );
            costs!(
                meter,
                "sign-in, replay",
                (0, 3),
                visitor.finish_sign_in(&assertion).await.expect_status(400)
            );
        }
    })
    .await;
}
