//! What was asked for.

use std::{env, path::PathBuf, str::FromStr, thread};

pub const HELP: &str = "\
bench: measures Latchkey, and beside it the peer in end2end/peer

  --quick               one short round of the most important
  --only A,B            of sign-ins, pages, mixed, rates, flood, disk, cores, postgres, accounts
  --latchkey-bin PATH   the program (otherwise the one that was built beside this one)
  --other-bin PATH      another build of it, measured in turns with the first
  --peer FOLDER         the peer (otherwise end2end/peer)
  --no-peer             Latchkey alone
  --accounts N          (10,000)
  --sizes N,N           accounts of the comparison of sizes (100, 10,000, 1,000,000)
  --clients N           (16)
  --rounds N            (3)
  --seconds N           of each measurement (2.5)
  --threads N           of each kind of clients (1, or one for four cores)
  --fsync-delay US      microseconds more for each fsync, on both sides
  --postgres URL        a server that may be filled, for the rows on PostgreSQL
  --out FOLDER          results.json, chart.svg and all databases (target/bench)";

/// What tells most in little time.
const QUICK: [&str; 5] = ["sign-ins", "pages", "mixed", "rates", "flood"];

#[derive(Debug)]
pub struct Options {
    pub quick: bool,
    /// All, if empty.
    pub only: Vec<String>,
    pub latchkey: PathBuf,
    pub other: Option<PathBuf>,
    pub peer: Option<PathBuf>,
    pub accounts: usize,
    pub sizes: Vec<usize>,
    pub clients: usize,
    pub rounds: usize,
    pub seconds: f64,
    pub threads: usize,
    pub fsync_delay: u64,
    pub postgres: Option<String>,
    pub out: PathBuf,
}

pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

impl Options {
    /// # Errors
    /// What was not understood.
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let beside = env::current_exe().ok();
        let beside = beside.as_ref().and_then(|program| program.parent()?.parent());
        let mut options = Self {
            quick: false,
            only: vec![],
            latchkey: beside.map(|folder| folder.join("latchkey")).unwrap_or_default(),
            other: None,
            peer: Some("end2end/peer".into()),
            accounts: 10_000,
            sizes: vec![100, 10_000, 1_000_000],
            clients: 16,
            rounds: 3,
            seconds: 2.5,
            threads: (cores() / 4).max(1),
            fsync_delay: 0,
            postgres: None,
            out: "target/bench".into(),
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word}: of what?"));
            match word.as_str() {
                "--quick" => options.quicken(),
                "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
                "--latchkey-bin" => options.latchkey = value()?.into(),
                "--other-bin" => options.other = Some(value()?.into()),
                "--peer" => options.peer = Some(value()?.into()),
                "--no-peer" => options.peer = None,
                "--accounts" => options.accounts = number(&value()?)?,
                "--sizes" => {
                    options.sizes = value()?.split(',').map(number).collect::<Result<_, _>>()?;
                }
                "--clients" => options.clients = number(&value()?)?,
                "--rounds" => options.rounds = number(&value()?)?,
                "--seconds" => options.seconds = number(&value()?)?,
                "--threads" => options.threads = number(&value()?)?,
                "--fsync-delay" => options.fsync_delay = number(&value()?)?,
                "--postgres" => options.postgres = Some(value()?),
                "--out" => options.out = value()?.into(),
                _ => return Err(format!("{word} is none of:\n{HELP}")),
            }
        }
        Ok(options)
    }

    fn quicken(&mut self) {
        (self.quick, self.rounds, self.seconds) = (true, 1, 2.0);
        self.only = QUICK.map(str::to_owned).into();
    }

    pub fn wants(&self, group: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == group)
    }
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text} is not such a number"))
}
