//! Fills databases with accounts: Latchkey's as Latchkey writes them, the peer's by its own program.

use std::{
    error::Error,
    io::{BufWriter, Write},
    path::Path,
    process::{Command, Stdio},
};

use app::api::Timestamp;
use latchkey::{
    clock::Clock,
    session::{AuthenticationMethods, COOKIE_LIFETIME, Method, Session, SignedIn, Who},
    store::{Store, session_key},
};
use p256::ecdsa::VerifyingKey;
use serde_json::json;
use sqlx::{
    Any, AnyConnection, AssertSqlSafe, Connection, Transaction, any::install_default_drivers,
    query, raw_sql,
};
use tokio::runtime::Runtime;
use uuid::Uuid;
use webauthn_rs::prelude::{Credential, Passkey};
use webauthn_rs_core::proto::{
    COSEAlgorithm, COSEEC2Key, COSEKey, COSEKeyType, ECDSACurve, ParsedAttestation,
};
use webauthn_rs_proto::{AttestationFormat, RegisteredExtensions, UserVerificationPolicy};

use crate::{
    bench::Contestant,
    people::{Account, coordinates, cose, encode, everybody, stride},
    site::Kind,
};

pub type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Rows in one statement. SQLite looks for the name of each value among all of them.
const ROWS: usize = 25;
/// Statements in one transaction.
const STATEMENTS: usize = 8_000;

/// What is lost if the power fails now is made anew, and what belongs together is known to.
const QUICKLY: &str = "PRAGMA foreign_keys = OFF; PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000";

const BROWSER: &str = "Chrome on Linux";
const TRANSPORTS: [&str; 2] = ["internal", "hybrid"];

/// One value of a row.
enum Value {
    Text(String),
    Number(i64),
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// Rows of one table.
struct Rows {
    into: &'static str,
    columns: usize,
    values: Vec<Value>,
}

impl Rows {
    fn new(into: &'static str) -> Self {
        Self { into, columns: into.matches(',').count() + 1, values: vec![] }
    }

    fn push<const N: usize>(&mut self, row: [Value; N]) {
        debug_assert_eq!(N, self.columns);
        self.values.extend(row);
    }

    async fn insert(&mut self, tx: &mut Transaction<'_, Any>) -> sqlx::Result<()> {
        if self.values.is_empty() {
            return Ok(());
        }
        let row = |row: usize| {
            let places =
                (1..=self.columns).map(|column| format!("${}", row * self.columns + column));
            format!("({})", places.collect::<Vec<_>>().join(","))
        };
        let rows: Vec<_> = (0..self.values.len() / self.columns).map(row).collect();
        let sql = format!("INSERT INTO {} VALUES {}", self.into, rows.join(","));
        let mut insert = query(AssertSqlSafe(sql));
        for value in self.values.drain(..) {
            insert = match value {
                Value::Text(text) => insert.bind(text),
                Value::Number(number) => insert.bind(number),
            };
        }
        insert.execute(&mut **tx).await.map(drop)
    }
}

/// Makes a contestant's tables and accounts.
pub fn fill(contestant: &Contestant, url: &str, accounts: usize) -> Outcome {
    match contestant.kind {
        Kind::Latchkey => Runtime::new()?.block_on(latchkey(url, accounts)),
        Kind::Peer => peer(&contestant.program, url, accounts),
    }
}

/// Makes Latchkey's tables, and so many accounts, each with a passkey and a session.
async fn latchkey(url: &str, accounts: usize) -> Outcome {
    let now = Clock::system().now();
    Store::open(url).await?.close().await;
    install_default_drivers();
    let mut database = AnyConnection::connect(url).await?;
    let is_sqlite = url.starts_with("sqlite:");
    if is_sqlite {
        raw_sql(QUICKLY).execute(&mut database).await?;
    }
    let (people, stride) = (everybody(accounts), stride(accounts));
    let mut tables = tables();
    for begin in (0..accounts).step_by(ROWS * STATEMENTS) {
        let end = accounts.min(begin + ROWS * STATEMENTS);
        let mut tx = database.begin().await?;
        for number in begin..end {
            let key = people[number / stride].public_key();
            account(&mut tables, &Account::new(number), key, now)?;
            if (number + 1).is_multiple_of(ROWS) || number + 1 == end {
                for table in &mut tables {
                    table.insert(&mut tx).await?;
                }
            }
        }
        tx.commit().await?;
    }
    if is_sqlite {
        raw_sql("PRAGMA journal_mode = WAL").execute(&mut database).await?;
    }
    Ok(database.close().await?)
}

fn tables() -> [Rows; 4] {
    [
        "accounts (id, username, username_key, display_name, created_at)",
        "carts (id, account_id, updated_at)",
        "passkeys (id, account_id, credential, aaguid, transports, counter, backup_eligible, \
         backed_up, created_at, last_used_at, last_used_with, last_used_here, made_with)",
        "sessions (id, account_id, handle, data, created_at, expires_at, signalled)",
    ]
    .map(Rows::new)
}

/// The rows of one account: what `store/accounts.rs`, `passkeys.rs` and `sessions.rs` write when
/// somebody signs up with a passkey.
fn account(
    [accounts, carts, passkeys, sessions]: &mut [Rows; 4],
    account: &Account,
    key: &VerifyingKey,
    now: Timestamp,
) -> serde_json::Result<()> {
    let (id, name) = (account.id.to_string(), account.username.as_str());
    accounts.push([id.clone().into(), name.into(), name.into(), name.into(), now.0.into()]);
    carts.push([format!("account:{id}").into(), id.clone().into(), now.0.into()]);
    passkeys.push([
        account.credential_id.as_str().into(),
        id.clone().into(),
        passkey(account, key)?.into(),
        Uuid::nil().to_string().into(),
        json!(TRANSPORTS).to_string().into(),
        0.into(),
        1.into(),
        1.into(),
        now.0.into(),
        now.0.into(),
        BROWSER.into(),
        1.into(),
        BROWSER.into(),
    ]);
    let handle = Uuid::from_u128(account.session.0 as u128).to_string();
    let until = now + COOKIE_LIFETIME;
    sessions.push([
        session_key(&account.session.to_string()).into(),
        id.into(),
        handle.clone().into(),
        serde_json::to_string(&session(account, handle, now))?.into(),
        now.0.into(),
        until.0.into(),
        // Its browser has been told of the passkey, as after the first page.
        0.into(),
    ]);
    Ok(())
}

/// What `webauthn/registration.rs` keeps of a registration.
fn passkey(account: &Account, key: &VerifyingKey) -> serde_json::Result<String> {
    let [x, y] = coordinates(key);
    let key = COSEEC2Key { curve: ECDSACurve::SECP256R1, x, y };
    let id =
        base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, &account.credential_id);
    serde_json::to_string(&Passkey::from(Credential {
        cred_id: id.unwrap_or_default(),
        cred: COSEKey { type_: COSEAlgorithm::ES256, key: COSEKeyType::EC_EC2(key) },
        counter: 0,
        transports: None,
        user_verified: true,
        backup_eligible: true,
        backup_state: true,
        registration_policy: UserVerificationPolicy::Required,
        extensions: RegisteredExtensions::none(),
        attestation: ParsedAttestation::default(),
        attestation_format: AttestationFormat::None,
    }))
}

fn session(account: &Account, handle: String, now: Timestamp) -> Session {
    let first = Method::Passkey(account.credential_id.clone());
    let who = SignedIn {
        account: account.id,
        handle,
        methods: AuthenticationMethods { first, second: None, automatic: false },
        browser: BROWSER.to_owned(),
        since: now,
        proved: None,
        proved_before: None,
        passkey_used: None,
    };
    Session { who: Who::SignedIn(who), ..Session::default() }
}

/// Has the peer's own program make its tables and the same accounts.
fn peer(folder: &Path, url: &str, accounts: usize) -> Outcome {
    let mut program = Command::new("node")
        .arg("seed.js")
        .current_dir(folder)
        .env("DATABASE_URL", url)
        .env("NODE_ENV", "production")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let (people, stride) = (everybody(accounts), stride(accounts));
    let mut input = BufWriter::new(program.stdin.take().ok_or("the peer takes no accounts")?);
    for number in 0..accounts {
        let account = Account::new(number);
        let line = json!({
            "id": account.id,
            "username": account.username,
            "displayName": account.username,
            "credentialId": account.credential_id,
            "publicKey": encode(cose(people[number / stride].public_key())),
            "session": account.session.to_string(),
        });
        writeln!(input, "{line}")?;
    }
    input.flush()?;
    drop(input);
    if !program.wait()?.success() {
        return Err("the peer's seed.js failed".into());
    }
    Ok(())
}
