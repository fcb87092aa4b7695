//! What the machine could do at most: what no server can go beyond.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::Serialize;
use sqlx::{AnyConnection, Connection, any::install_default_drivers, query, raw_sql};
use tokio::runtime::Runtime;

use crate::{people::coordinates, seed::Outcome};

const LENGTH: Duration = Duration::from_secs(1);

/// All of them a second.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Limits {
    /// Signatures of ES256 that one processor verifies, by ring, which Latchkey uses.
    pub verifications: f64,
    /// The same by OpenSSL.
    pub openssl: Option<f64>,
    /// Commits of one row that survive a power cut (SQLite: WAL, `synchronous=FULL`).
    pub commits: f64,
}

impl Limits {
    pub fn measure(folder: &Path) -> Outcome<Self> {
        Ok(Self {
            verifications: verifications()?,
            openssl: openssl(),
            commits: Runtime::new()?.block_on(commits(folder))?,
        })
    }
}

fn verifications() -> Outcome<f64> {
    const DATA: &[u8] = b"as long as an assertion is: authenticator data and a hash, 69 bytes.";
    let key = SigningKey::from_slice(&[7; 32])?;
    let signature: Signature = key.sign(DATA);
    let signature = signature.to_der();
    let [x, y] = coordinates(key.verifying_key());
    let point = [&[4], &x[..], &y[..]].concat();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
    let (begun, mut count) = (Instant::now(), 0.0);
    while begun.elapsed() < LENGTH {
        key.verify(DATA, signature.as_bytes()).map_err(|_| "a signature is not verified")?;
        count += 1.0;
    }
    Ok(count / begun.elapsed().as_secs_f64())
}

fn openssl() -> Option<f64> {
    let output =
        Command::new("openssl").args(["speed", "-seconds", "1", "ecdsap256"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    // The last column of the last line.
    text.trim_end().lines().last()?.split_whitespace().last()?.parse().ok()
}

async fn commits(folder: &Path) -> Outcome<f64> {
    let file = folder.join("commits.db");
    let _ = fs::remove_file(&file);
    install_default_drivers();
    let url = format!("sqlite:{}?mode=rwc", file.display());
    let mut database = AnyConnection::connect(&url).await?;
    let prepare = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        CREATE TABLE numbers (number BIGINT NOT NULL)";
    raw_sql(prepare).execute(&mut database).await?;
    let (begun, mut count) = (Instant::now(), 0_i64);
    while begun.elapsed() < LENGTH {
        query("INSERT INTO numbers VALUES ($1)").bind(count).execute(&mut database).await?;
        count += 1;
    }
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    database.close().await?;
    Ok(rate)
}
