//! What a ceremony costs the database, on SQLite: commits, as its write-ahead log has them, and
//! statements, as sqlx logs them (BEGIN and COMMIT not counted). Whoever adds one is told here: a
//! start commits nothing and takes at most three statements, a finish one commit and nine; where
//! wrong tries came before it, one more forgets them. Statements that go as one text count each, also
//! where one fails before the others. A page asks nothing for a stranger, and once for somebody who
//! is signed in.

use std::fs;

use latchkey::store::session_key;

use crate::{
    Log, start_log,
    support::{
        authenticator::{Authenticator, UP, UV},
        on_sqlite,
        town::{
            CHANGE, LINK, Town, bring, choose, come_back, leave, leave_by_form, leave_by_itself,
            nonce, token_for,
        },
        visitor::{PASSWORD, Shop, Visitor},
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
        Self { log, wal: format!("{}-wal", shop.config.database.strip_prefix("sqlite:").unwrap()) }
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
        let around =
            ["BEGIN", "COMMIT", "ROLLBACK", "PRAGMA"].map(|word| format!("summary=\"{word}"));
        let text = self.log.text();
        let logged = text.lines().filter(|line| line.contains("sqlx::query: summary="));
        let counted = logged.filter(|line| !around.iter().any(|word| line.contains(word)));
        // Those of a batch are one text, each with its end.
        let many = |line: &str| line.matches(";\\n").count().max(1);
        counted.map(many).sum()
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
    visitor.get("/cart").await;
    visitor
}

#[tokio::test]
async fn a_start_writes_nothing_and_a_finish_once() {
    let log = start_log().await;
    on_sqlite(async |shop: Shop| {
        let meter = Meter::new(log.clone(), &shop);
        let mut visitor = shopper(&shop).await;
        let mut passkey = Authenticator::new();
        let options =
            costs!(meter, "sign-up, start", (0, 2), visitor.sign_up_options("robin").await);
        let created = passkey.create(&options);
        let finish = costs!(meter, "sign-up", (1, 9), visitor.finish_sign_up(&created).await);
        finish.expect_status(200);

        for (mut visitor, finish) in [(shop.visitor(), 6), (shopper(&shop).await, 9)] {
            let load = usize::from(visitor.cookie.is_some());
            let options =
                costs!(meter, "sign-in, start", (0, load), visitor.sign_in_options().await);
            let assertion = passkey.get(&options);
            let done =
                costs!(meter, "sign-in", (1, finish), visitor.finish_sign_in(&assertion).await);
            done.expect_status(200);
            let replay = costs!(meter, "replay", (0, 4), visitor.finish_sign_in(&assertion).await);
            replay.expect_status(400);
        }
        let mut stranger = shop.visitor();
        let options = stranger.sign_in_options().await;
        passkey.flags = UP;
        let bad = passkey.get(&options);
        let refused =
            costs!(meter, "a refused sign-in", (1, 3), stranger.finish_sign_in(&bad).await);
        refused.expect_status(400);
        passkey.flags = UP | UV;

        let options =
            costs!(meter, "reauthentication, start", (0, 2), visitor.proof_options().await);
        let assertion = passkey.get(&options.options());
        let done =
            costs!(meter, "reauthentication", (1, 6), visitor.finish_proof(&assertion).await);
        done.expect_status(200);
        let options =
            costs!(meter, "addition, start", (0, 3), visitor.addition_options(false).await);
        let created = Authenticator::new().create(&options.options());
        let done = costs!(meter, "addition", (1, 8), visitor.finish_addition(&created).await);
        done.expect_status(200);
    })
    .await;
}

#[tokio::test]
async fn passwords_and_recovery_codes_are_one_commit_each() {
    let log = start_log().await;
    on_sqlite(async |shop: Shop| {
        let meter = Meter::new(log.clone(), &shop);
        let mut visitor = shopper(&shop).await;
        let done = costs!(meter, "sign-up", (1, 9), visitor.sign_up_with_password("robin").await);
        done.expect_redirect("/");
        visitor.get("/cart").await;
        let mut elsewhere = shopper(&shop).await;
        let done = costs!(meter, "sign-in", (1, 8), elsewhere.sign_in_with_password("robin").await);
        done.expect_redirect("/cart");
        let by_itself = [("username", "robin"), ("password", PASSWORD), ("automatic", "yes")];
        // Wrong tries, once there were some, are one statement more: they are forgotten.
        for wrong_before in [false, true] {
            if wrong_before {
                let wrong = [("username", "robin"), ("password", "something else")];
                shop.visitor().post_by_script("/sign-in", &wrong).await.expect_status(401);
            }
            let mut elsewhere = shopper(&shop).await;
            let expected = (1, 9 + usize::from(wrong_before));
            let finish = elsewhere.post_by_script("/sign-in", &by_itself);
            costs!(meter, "automatic", expected, finish.await).expect_status(200);
        }
        let wrong = [("username", "robin"), ("password", "something else")];
        let mut stranger = shop.visitor();
        let done =
            costs!(meter, "wrong", (1, 4), stranger.post_by_script("/sign-in", &wrong).await);
        done.expect_status(401);
        let (mut tab, fields) = (visitor.clone(), [("password", PASSWORD), ("next", "/cart")]);
        let done = costs!(meter, "reauthentication", (1, 5), tab.post("/confirm", &fields).await);
        done.expect_redirect("/cart");
        let fields = [("action", "set"), ("password", "herons prefer galoshes")];
        let done = costs!(meter, "change", (1, 9), tab.post("/account/password", &fields).await);
        done.expect_redirect("/account/review");

        let path = "/account/recovery-codes";
        tab.get("/account").await.expect_status(200);
        let done = costs!(meter, "codes", (1, 8), tab.post(path, &[]).await);
        done.expect_status(200);
        let codes = tab.recovery_codes().await;
        let fields = [("username", "robin"), ("code", codes[0].as_str())];
        let mut lost = shop.visitor();
        let done = costs!(meter, "recovery code", (1, 7), lost.post("/recover", &fields).await);
        done.expect_redirect("/account/passkeys/new?next=/");
        let wrong = [("username", "robin"), ("code", "aaaa-aaaa-aaaa-aaaa")];
        let mut stranger = shop.visitor();
        let done =
            costs!(meter, "wrong code", (1, 4), stranger.post_by_script("/recover", &wrong).await);
        done.expect_status(401);
        let wrong = [("password", "something else")];
        let done =
            costs!(meter, "wrong proof", (1, 8), tab.post_by_script("/confirm", &wrong).await);
        done.expect_status(401);
    })
    .await;
}

#[tokio::test]
async fn a_second_factor_is_one_commit_more() {
    let log = start_log().await;
    on_sqlite(async |shop: Shop| {
        let (_, mut passkey) = shop.careful("robin").await;
        let meter = Meter::new(log.clone(), &shop);
        let mut visitor = shopper(&shop).await;
        let done = costs!(meter, "password", (1, 5), visitor.sign_in_with_password("robin").await);
        done.expect_redirect("/second-factor?next=/cart");
        let options = costs!(meter, "start", (0, 2), visitor.proof_options().await).options();
        let assertion = passkey.get(&options);
        let done = costs!(meter, "passkey", (1, 9), visitor.finish_proof(&assertion).await);
        done.expect_status(200);
    })
    .await;
}

#[tokio::test]
async fn the_way_to_a_provider_writes_nothing_and_the_way_back_once() {
    let log = start_log().await;
    on_sqlite(async |town: Town| {
        let meter = Meter::new(log.clone(), &town.shop);
        let mut visitor = shopper(&town.shop).await;
        let (path, acorn) = ("/federated/acorn?next=/cart", &town.acorn);
        let asked = costs!(meter, "start", (0, 1), leave(&mut visitor, path).await);
        let token = token_for(acorn, "robin", &asked);
        let done = costs!(
            meter,
            "somebody new",
            (1, 4),
            come_back(&mut visitor, acorn, &asked, &token).await
        );
        done.expect_redirect("/sign-up/provider?next=/cart");
        let done = costs!(meter, "sign-up", (1, 9), choose(&mut visitor, "robin").await);
        done.expect_redirect("/cart");

        let mut visitor = shopper(&town.shop).await;
        let asked = leave(&mut visitor, path).await;
        let token = token_for(acorn, "robin", &asked);
        let done =
            costs!(meter, "sign-in", (1, 8), come_back(&mut visitor, acorn, &asked, &token).await);
        done.expect_redirect("/cart");

        let (mut other, _) = town.shop.member("other").await;
        other.get("/").await;
        let asked = costs!(meter, "link, start", (0, 1), leave_by_form(&mut other, LINK, "").await);
        let token = token_for(acorn, "squirrel", &asked);
        let done =
            costs!(meter, "link", (1, 8), come_back(&mut other, acorn, &asked, &token).await);
        done.expect_redirect("/account");
    })
    .await;
}

#[tokio::test]
async fn what_a_provider_proves_is_one_commit_more() {
    let log = start_log().await;
    on_sqlite(async |town: Town| {
        let meter = Meter::new(log.clone(), &town.shop);
        let acorn = &town.acorn;
        let mut owner = town.member("robin").await;
        owner.get("/").await;
        let start = leave_by_form(&mut owner, "/confirm/acorn", CHANGE);
        let asked = costs!(meter, "reauthentication, start", (0, 2), start.await);
        let token = token_for(acorn, "robin", &asked);
        let finish = come_back(&mut owner, acorn, &asked, &token);
        let done = costs!(meter, "reauthentication", (1, 6), finish.await);
        done.expect_redirect(CHANGE);

        let mut visitor = shopper(&town.shop).await;
        let nonce = costs!(meter, "FedCM, start", (0, 1), nonce(&mut visitor, "acorn").await);
        let token = acorn.sign(&acorn.token("robin", &nonce));
        let finish = bring(&mut visitor, "acorn", &nonce, &token);
        costs!(meter, "FedCM", (1, 8), finish.await).expect_status(200);

        let mut visitor = shopper(&town.shop).await;
        let asked =
            costs!(meter, "automatic, start", (0, 2), leave_by_itself(&mut visitor, acorn).await);
        let token = token_for(acorn, "robin", &asked);
        let finish = come_back(&mut visitor, acorn, &asked, &token);
        costs!(meter, "automatic", (1, 9), finish.await).expect_redirect("/cart");
    })
    .await;
}

#[tokio::test]
async fn a_second_factor_after_a_provider_is_one_commit_more() {
    let log = start_log().await;
    on_sqlite(async |town: Town| {
        let meter = Meter::new(log.clone(), &town.shop);
        let acorn = &town.acorn;
        let (mut owner, mut passkey) = town.careful("robin").await;
        let codes = owner.recovery_codes().await;
        for code in [None, Some(codes[0].as_str())] {
            let mut visitor = shopper(&town.shop).await;
            let asked = leave(&mut visitor, "/federated/acorn?next=/cart").await;
            let token = token_for(acorn, "robin", &asked);
            let finish = come_back(&mut visitor, acorn, &asked, &token);
            let done = costs!(meter, "provider", (1, 5), finish.await);
            done.expect_redirect("/second-factor?next=/cart");
            let Some(code) = code else {
                let options = visitor.proof_options().await.options();
                let assertion = passkey.get(&options);
                let finish = visitor.finish_proof(&assertion);
                costs!(meter, "passkey", (1, 9), finish.await).expect_status(200);
                continue;
            };
            let fields = [("code", code)];
            let finish = visitor.post("/second-factor", &fields);
            let done = costs!(meter, "recovery code", (1, 9), finish.await);
            assert!(done.status.is_redirection());
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_asks_once_at_most() {
    let log = start_log().await;
    on_sqlite(async |shop: Shop| {
        let meter = Meter::new(log.clone(), &shop);
        let slug = shop.plenty().await;
        let product = format!("/products/{slug}");
        let (mut member, _) = shop.member("robin").await;
        member.post("/cart", &[("slug", &slug), ("quantity", "1"), ("action", "add")]).await;
        // The browser has been told of the passkey.
        let cookie = member.cookie.clone().unwrap();
        let key = session_key(cookie.split('=').nth(1).unwrap());
        shop.store.set_signalled(&key, 0).await.unwrap();
        for page in ["/", &product, "/cart"] {
            // The first stranger's page is rendered, those of others are kept.
            for _ in 0..2 {
                let mut stranger = shop.visitor();
                costs!(meter, "a stranger's page", (0, 0), stranger.get(page).await);
            }
            costs!(meter, "a member's page", (0, 1), member.get(page).await);
        }
        member.get("/cart").await.expect_text("1");
    })
    .await;
}
