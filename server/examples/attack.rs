//! Attacks a shop of its own on loopback, and measures what somebody else notices.
//!
//! `attack slow` holds thousands of slow connections; `attack stop` stops the shop under load;
//! `attack passwords`, `attack scoring` and `attack rows` flood it with sign-ins, with sign-ups whose
//! passwords take long to judge, and with carts. The shop is the program `latchkey` that was built beside this one, or the one that is named as
//! second argument. `make attack` builds it and runs all of them.
#![allow(clippy::unwrap_used, reason = "it is a measurement")]

use std::{
    env, fs,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::{Child, Command},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use latchkey::guard::connections::raise_descriptors;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};

const SLOW: usize = 5_000;
const LOOKS: usize = 100;
/// A page that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(10);
const LARGE: &str = "/pkg/large.wasm";

#[tokio::main]
async fn main() {
    raise_descriptors();
    let arguments: Vec<_> = env::args().skip(1).collect();
    let beside = || env::current_exe().unwrap().parent().unwrap().with_file_name("latchkey");
    let program = arguments.get(1).map_or_else(beside, PathBuf::from);
    assert!(program.exists(), "{} is not built: see `make attack`", program.display());
    match arguments.first().map(String::as_str) {
        Some("slow") => slow(&program).await,
        Some("stop") => stop(&program).await,
        Some("passwords") => {
            floods(&program, "sign-ins with a wrong password", 2_000, 200, wrong_password).await
        }
        Some("scoring") => {
            floods(&program, "sign-ups with the worst password", 2_000, 20, slow_to_judge).await
        }
        Some("rows") => floods(&program, "carts of strangers", 100_000, 64, another_cart).await,
        _ => panic!("what to try is missing: slow, stop, passwords, scoring or rows"),
    }
}

/// A shop with a database and a large asset of its own.
struct Shop {
    address: SocketAddr,
    process: Child,
    folder: TempDir,
}

impl Shop {
    async fn start(program: &PathBuf, descriptors: Option<u32>, more: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir_all(folder.path().join("pkg")).unwrap();
        fs::write(folder.path().join(&LARGE[1..]), vec![b'x'; 8 << 20]).unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let ulimit = descriptors.map_or(String::new(), |number| format!("ulimit -n {number}; "));
        let process = Command::new("sh")
            .args(["-c", &format!("{ulimit}exec \"$0\" > log 2>&1")])
            .arg(fs::canonicalize(program).unwrap())
            .env("DATABASE_URL", "sqlite:shop.db")
            .env("LATCHKEY_ORIGIN", format!("http://localhost:{}", address.port()))
            .env("LEPTOS_SITE_ADDR", address.to_string())
            .env("LEPTOS_SITE_ROOT", ".")
            .env("NO_COLOR", "1")
            .envs(more.iter().copied())
            .current_dir(folder.path())
            .spawn()
            .unwrap();
        let shop = Self { address, process, folder };
        while look(address).await.is_none() {
            sleep(Duration::from_millis(50)).await;
        }
        shop
    }

    /// Asks it to stop, and says how long it took.
    fn stop(&mut self) -> Duration {
        let begun = Instant::now();
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        while self.process.try_wait().unwrap().is_none() {
            if begun.elapsed() > Duration::from_secs(30) {
                let _ = self.process.kill();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        begun.elapsed()
    }

    /// The most memory that it has had, in MiB.
    fn memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.unwrap_or_default();
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let most = most.and_then(|most| most.split_whitespace().next()?.parse::<f64>().ok());
        most.unwrap_or(f64::NAN) / 1024.0
    }

    /// The database with its log, in MB.
    fn size(&self) -> f64 {
        let files = ["shop.db", "shop.db-wal"].map(|file| self.folder.path().join(file));
        let sizes = files.iter().filter_map(|file| fs::metadata(file).ok());
        sizes.map(|file| file.len() as f64).sum::<f64>() / 1e6
    }

    /// What it said, but for its requests.
    fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines = log.lines().filter(|line| !line.contains("request{"));
        lines.map(ToOwned::to_owned).collect()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn asking(path: &str, close: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{close}\r\n")
}

/// A form post from somewhere else each time, as the shop's proxy says.
struct Post {
    path: &'static str,
    body: String,
}

fn wrong_password(number: usize) -> Post {
    let body = format!("username=name{number}&password=a+wrong+password+{number}");
    Post { path: "/sign-in", body }
}

/// The worst that `credentials::password_rules` knows.
fn slow_to_judge(number: usize) -> Post {
    let password = "4%408(%7B%5B%3C%2F369%26%23!1%7C0%245%2B7%252".repeat(8);
    let names = format!("username=name{number}&display_name=4%408(%7B%5B%3C%2F369");
    Post { path: "/sign-up", body: format!("{names}&way=password&password={password}") }
}

fn another_cart(_: usize) -> Post {
    Post { path: "/cart", body: "slug=lantern&quantity=1&action=add".to_owned() }
}

/// The status of the answer; none if there was none.
async fn send(address: SocketAddr, number: usize, post: &Post) -> Option<u16> {
    let from = format!("X-Forwarded-For: 10.{}.{}.1\r\n", number / 250 % 250, number % 250);
    let kind = "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n";
    let length = format!("Content-Length: {}\r\n", post.body.len());
    let request = asking(post.path, &format!("{kind}{from}{length}")).replace("GET", "POST");
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all((request + &post.body).as_bytes()).await.ok()?;
    let mut answer = vec![];
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.ok()?.ok()?;
    let answer = String::from_utf8_lossy(&answer);
    answer.get(9..12)?.parse().ok()
}

/// So many requests by so many clients, and what the front page and a challenge for a passkey take
/// meanwhile.
async fn floods(
    program: &PathBuf,
    name: &str,
    many: usize,
    clients: usize,
    post: fn(usize) -> Post,
) {
    let shop = Shop::start(program, None, &[("LATCHKEY_PROXIES", "127.0.0.0/8")]).await;
    let address = shop.address;
    println!("{many} {name}, by {clients} at once. The front page, in milliseconds:");
    println!("{:60} {:>8} {:>8} {:>8} {:>7}", "", "p50", "p99", "worst", "missing");
    println!("{:60} {}", "before", looks(address).await);
    let (begun, next) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..clients)
        .map(|_| {
            let next = next.clone();
            tokio::spawn(async move {
                let mut answers = std::collections::BTreeMap::<Option<u16>, usize>::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= many {
                        return answers;
                    }
                    *answers.entry(send(address, number, &post(number)).await).or_default() += 1;
                }
            })
        })
        .collect();
    sleep(Duration::from_millis(500)).await;
    println!("{:60} {}", "meanwhile", looks(address).await);
    let mut answers = std::collections::BTreeMap::<Option<u16>, usize>::new();
    for client in clients {
        for (status, number) in client.await.unwrap() {
            *answers.entry(status).or_default() += number;
        }
    }
    let took = begun.elapsed().as_secs_f64();
    let said: Vec<_> = answers
        .iter()
        .map(|(status, number)| {
            let status = status.map_or("none".to_owned(), |status| status.to_string());
            format!("{number} × {status}")
        })
        .collect();
    println!("  {took:.1} s; answers: {}", said.join(", "));
    println!("  memory at most: {:.0} MiB; database: {:.1} MB", shop.memory(), shop.size());
}

/// The whole front page, on a connection of its own; none if it does not come.
async fn look(address: SocketAddr) -> Option<Duration> {
    let begun = Instant::now();
    let page = timeout(PATIENCE, async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(asking("/", "Connection: close\r\n").as_bytes()).await.ok()?;
        let mut page = String::new();
        stream.read_to_string(&mut page).await.ok()?;
        (page.starts_with("HTTP/1.1 200") && page.contains("</html>")).then_some(())
    });
    page.await.ok().flatten().map(|()| begun.elapsed())
}

/// Looks many times. Of a shop that has gone deaf, a few times are enough.
async fn looks(address: SocketAddr) -> String {
    let (mut times, mut missed) = (vec![], 0);
    while times.len() + missed < LOOKS && missed < 3 {
        match look(address).await {
            Some(time) => times.push(time),
            None => missed += 1,
        }
    }
    times.sort();
    let at = |percent: usize| {
        let time = times.get((times.len() * percent).div_ceil(100).saturating_sub(1));
        time.map_or("–".to_owned(), |time| format!("{:.1}", time.as_secs_f64() * 1000.0))
    };
    format!("{:>8} {:>8} {:>8} {:>7}", at(50), at(99), at(100), missed)
}

/// A connection that the shop has to wait for, from one of so many addresses.
async fn slow_connection(number: usize, addresses: usize, shop: SocketAddr) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    // All of 127.0.0.0/8 is this machine, on Linux.
    if addresses > 1 {
        let last = u8::try_from(number % addresses).ok()?;
        socket.bind((Ipv4Addr::new(127, 0, 1, last), 0).into()).ok()?;
    }
    socket.set_recv_buffer_size(4096).ok()?;
    let mut stream = timeout(PATIENCE, socket.connect(shop)).await.ok()?.ok()?;
    let text = match number % 3 {
        0 => "GET / HTTP/1.1\r\nHost: loc".to_owned(),
        1 => asking("/sign-in", "Content-Length: 1000\r\n").replace("GET", "POST") + "usern",
        _ => asking(LARGE, ""),
    };
    stream.write_all(text.as_bytes()).await.ok()?;
    Some(stream)
}

/// Opens slow connections, 64 at a time, and keeps them.
async fn flood(shop: SocketAddr, many: usize, addresses: usize) -> Vec<TcpStream> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut openers = vec![];
    for _ in 0..64 {
        let next = next.clone();
        openers.push(tokio::spawn(async move {
            let mut held = vec![];
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= many {
                    return held;
                }
                held.extend(slow_connection(number, addresses, shop).await);
            }
        }));
    }
    let mut held = vec![];
    for opener in openers {
        held.extend(opener.await.unwrap());
    }
    held
}

/// How many of them the shop has not closed.
fn still_open(held: &[TcpStream]) -> usize {
    let is_open = |stream: &&TcpStream| {
        let mut bytes = [0; 4096];
        // What had come before the end is still there.
        loop {
            match stream.try_read(&mut bytes) {
                Ok(read) if read > 0 => (),
                Ok(_) => return false,
                Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
            }
        }
    };
    held.iter().filter(is_open).count()
}

async fn slow(program: &PathBuf) {
    const HIGH: [(&str, &str); 2] =
        [("LATCHKEY_CONNECTIONS", "10000"), ("LATCHKEY_CONNECTIONS_PER_ADDRESS", "10000")];
    let tries = [
        ("from the visitor's own address", 1, None, &[][..]),
        ("from 100 addresses", 100, None, &[][..]),
        ("from 100, with 1,024 descriptors", 100, Some(1024), &[][..]),
        ("from its own, with 1,024 descriptors", 1, Some(1024), &[][..]),
        ("the same, limit set far too high", 1, Some(1024), &HIGH[..]),
    ];
    println!("The front page, {LOOKS} times one after the other, in milliseconds:");
    println!("{:60} {:>8} {:>8} {:>8} {:>7}", "", "p50", "p99", "worst", "missing");
    for (name, addresses, descriptors, more) in tries {
        let shop = Shop::start(program, descriptors, more).await;
        let address = shop.address;
        println!("{:60} {}", "before", looks(address).await);
        let opening = tokio::spawn(flood(address, SLOW, addresses));
        println!("{:60} {}", "  while they come", looks(address).await);
        let held = opening.await.unwrap();
        let during = looks(address).await;
        println!("{:60} {during}", format!("{SLOW} slow {name}"));
        println!("  {} of them are still open", still_open(&held));
        for line in shop
            .log()
            .iter()
            .filter(|line| line.contains(" WARN ") || line.contains(" ERROR "))
            .take(3)
        {
            println!("  log: {line}");
        }
    }
}

async fn stop(program: &PathBuf) {
    const VISITORS: usize = 16;
    let mut shop = Shop::start(program, None, &[]).await;
    let address = shop.address;
    let held = flood(address, SLOW / 5, 100).await;
    let is_stopped = Arc::new(AtomicBool::new(false));
    let visitors: Vec<_> = (0..VISITORS)
        .map(|_| {
            let is_stopped = is_stopped.clone();
            tokio::spawn(async move {
                let (mut whole, mut half, mut none) = (0, 0, 0);
                while !is_stopped.load(Ordering::Relaxed) {
                    match visit(address).await {
                        Visit::Whole => whole += 1,
                        Visit::Half => half += 1,
                        Visit::None => none += 1,
                        Visit::Shut => break,
                    }
                }
                [whole, half, none]
            })
        })
        .collect();
    sleep(Duration::from_secs(2)).await;
    let took = tokio::task::spawn_blocking(move || (shop.stop(), shop)).await.unwrap();
    is_stopped.store(true, Ordering::Relaxed);
    let mut visits = [0; 3];
    for visitor in visitors {
        for (sum, number) in visits.iter_mut().zip(visitor.await.unwrap()) {
            *sum += number;
        }
    }
    let [whole, half, none] = visits;
    println!("{} slow connections, {VISITORS} visitors without a pause.", held.len());
    println!("From SIGTERM to the end: {:.2} s", took.0.as_secs_f64());
    println!("Pages: {whole} whole, {half} half, {none} requests without an answer");
    for line in took.1.log().iter().rev().take(3).rev() {
        println!("  log: {line}");
    }
}

enum Visit {
    Whole,
    Half,
    /// The connection was taken, and then closed.
    None,
    /// The connection was refused.
    Shut,
}

async fn visit(address: SocketAddr) -> Visit {
    let Ok(mut stream) = TcpStream::connect(address).await else { return Visit::Shut };
    let mut page = vec![];
    let request = asking("/", "Connection: close\r\n");
    if stream.write_all(request.as_bytes()).await.is_ok() {
        let _ = timeout(PATIENCE, stream.read_to_end(&mut page)).await;
    }
    match page {
        page if page.is_empty() => Visit::None,
        page if String::from_utf8_lossy(&page).contains("</html>") => Visit::Whole,
        _ => Visit::Half,
    }
}
