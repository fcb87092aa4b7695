//! Connections that take their time, or are too many: the real server on a port of its own.

use std::{
    future::pending,
    net::SocketAddr,
    num::NonZeroU32,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::ConnectInfo,
    http::{Request, StatusCode},
    routing::get,
};
use futures::Stream;
use latchkey::guard::connections::{ConnectionLimits, Stopped, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, interval, sleep, timeout},
};

use crate::support::{on_sqlite, visitor::Shop};

const SOON: Duration = Duration::from_millis(300);
const LATER: Duration = Duration::from_secs(20);
const ANY_PROXY: &str = "127.0.0.0/8";

/// Limits that no test comes near, unless it says so.
fn limits() -> ConnectionLimits {
    ConnectionLimits {
        head: LATER,
        body: LATER,
        body_start: LATER,
        stalled: LATER,
        idle: LATER,
        grace: Duration::ZERO,
        stop: LATER,
        ..ConnectionLimits::with_descriptors(1024)
    }
}

fn many(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

/// A shop that is open. Beside its pages it has some that only tests need.
struct Open {
    address: SocketAddr,
    /// A request for `/waits` has come.
    asked: Arc<Notify>,
    /// Has it answered.
    answer: Arc<Notify>,
    /// The body of `/endless` has been given up.
    given_up: mpsc::UnboundedReceiver<()>,
    stop: oneshot::Sender<()>,
    stopped: JoinHandle<Stopped>,
}

/// Gives as much as is taken.
struct Endless(mpsc::UnboundedSender<()>);

impl Stream for Endless {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(Ok(Bytes::from_static(&[b'x'; 16 * 1024]))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

async fn open(shop: &Shop, limits: ConnectionLimits, proxies: &[&str]) -> Open {
    let (asked, answer) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (give_up, given_up) = mpsc::unbounded_channel();
    let waits = {
        let (asked, answer) = (asked.clone(), answer.clone());
        get(move || async move {
            asked.notify_one();
            answer.notified().await;
            "at last"
        })
    };
    let router = shop
        .router
        .clone()
        .route(
            "/peer",
            get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }),
        )
        .route("/endless", get(move || async move { Body::from_stream(Endless(give_up.clone())) }))
        .route("/waits", waits);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, told) = oneshot::channel();
    let proxies: Vec<_> = proxies.iter().map(|network| network.parse().unwrap()).collect();
    let stopped = tokio::spawn(async move {
        serve(listener, router, limits, &proxies, async { told.await.unwrap() }).await
    });
    Open { address, asked, answer, given_up, stop, stopped }
}

impl Open {
    async fn connect(&self, text: &str) -> Client {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        Client(stream)
    }

    /// Somebody who has had an answer, and has kept the connection.
    async fn idle(&self) -> Client {
        let mut client = self.connect(&asking("/peer")).await;
        client.answer().await;
        client
    }
}

struct Client(TcpStream);

fn asking(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

fn posting(length: usize) -> String {
    format!(
        "POST /api/passkey/sign-in/start HTTP/1.1\r\nHost: localhost\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

impl Client {
    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// What comes until the other side ends the connection, in whatever way.
    async fn rest(&mut self) -> String {
        let mut bytes = vec![];
        let reading = self.0.read_to_end(&mut bytes);
        let _ = timeout(LATER, reading).await.expect("the connection stays open");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// One answer, with a length, after which the connection stays open.
    async fn answer(&mut self) -> String {
        let mut text = String::new();
        loop {
            let mut bytes = [0; 4096];
            let read = self.0.read(&mut bytes).await.unwrap();
            assert!(read > 0, "the connection ended after {text:?}");
            text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                if body.len() >= length.unwrap().parse().unwrap() {
                    return text;
                }
            }
        }
    }

    async fn is_open(&mut self) -> bool {
        let mut byte = [0];
        timeout(Duration::from_millis(50), self.0.read(&mut byte)).await.is_err()
    }
}

/// It happens soon, and not at once.
async fn soon<T>(event: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let outcome = timeout(LATER / 2, event).await.expect("it takes too long");
    assert!(begun.elapsed() >= SOON - Duration::from_millis(50), "after {:?}", begun.elapsed());
    outcome
}

#[tokio::test]
async fn half_a_head_is_cut() {
    on_sqlite(async |shop: Shop| {
        let open = open(&shop, ConnectionLimits { head: SOON, ..limits() }, &[]).await;
        for text in ["", "G", "PRI * HTTP/2.0\r\n", "GET / HTTP/1.1\r\nHost: loc"] {
            assert_eq!(soon(open.connect(text).await.rest()).await, "", "{text}");
        }
        // Also when it comes byte by byte, and after a request that was whole.
        let mut trickle = open.idle().await;
        trickle.send("GET / HTTP/1.1\r\nAccept: ").await;
        soon(async {
            let mut ticks = interval(Duration::from_millis(20));
            while trickle.0.write_all(b"x").await.is_ok() {
                ticks.tick().await;
            }
        })
        .await;
        // Who waits between requests has more time.
        let mut idle = open.idle().await;
        sleep(SOON * 2).await;
        idle.send(&asking("/peer")).await;
        idle.answer().await;
    })
    .await;
}

#[tokio::test]
async fn a_slow_body_is_refused() {
    on_sqlite(async |shop: Shop| {
        let slow = ConnectionLimits { body_start: SOON, body: SOON * 3, least_rate: 1024, ..limits() };
        let open = open(&shop, slow, &[]).await;
        let refused = soon(open.connect(&format!("{}{{", posting(2))).await.rest()).await;
        assert!(refused.starts_with("HTTP/1.1 408 "), "{refused}");
        assert!(refused.contains("too_slow"), "{refused}");

        // 200 bytes a second are not enough; 10,000 are, but not for longer than the whole may take.
        for (each, least) in [("xxxx", SOON), (&"x".repeat(200), SOON * 3)] {
            let client = open.connect(&posting(60_000)).await;
            let (mut reader, mut writer) = client.0.into_split();
            let begun = Instant::now();
            let writing = async {
                let mut ticks = interval(Duration::from_millis(20));
                while writer.write_all(each.as_bytes()).await.is_ok() {
                    ticks.tick().await;
                }
                pending::<()>().await;
            };
            let mut status = [0; 13];
            tokio::select! { () = writing => (), read = reader.read_exact(&mut status) => { read.unwrap(); } }
            assert_eq!(&status, b"HTTP/1.1 408 ");
            let took = begun.elapsed();
            assert!(took >= least && took < LATER / 2, "after {took:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    on_sqlite(async |shop: Shop| {
        let open = open(&shop, ConnectionLimits { idle: SOON, ..limits() }, &[]).await;
        let mut idle = open.idle().await;
        assert_eq!(soon(idle.rest()).await, "");
        // Whoever waits for us is not idle.
        let mut waiting = open.connect(&asking("/waits")).await;
        sleep(SOON * 2).await;
        open.answer.notify_one();
        assert!(waiting.answer().await.ends_with("at last"));
    })
    .await;
}

#[tokio::test]
async fn a_reader_that_does_not_read_is_cut() {
    on_sqlite(async |shop: Shop| {
        let mut open = open(&shop, ConnectionLimits { stalled: SOON, ..limits() }, &[]).await;
        let mut reader = open.connect(&asking("/endless")).await;
        soon(open.given_up.recv()).await.unwrap();
        // It does not end as if that had been all.
        assert!(!reader.rest().await.ends_with("0\r\n\r\n"));
    })
    .await;
}

/// Four places, taken by those who deserve them more and more; and who goes when others come.
async fn the_least_deserving_give_way(open: &mut Open) {
    let mut idle = open.idle().await;
    let mut half = open.connect("GET / HT").await;
    let mut working = open.connect(&asking("/waits")).await;
    open.asked.notified().await;
    let mut stalled = open.connect(&asking("/endless")).await;
    // It has been seen to stall when nothing more fits into what lies between.
    sleep(SOON).await;

    let mut newcomers = vec![open.idle().await];
    half.rest().await;
    newcomers.push(open.idle().await);
    open.given_up.recv().await.unwrap();
    stalled.rest().await;
    newcomers.push(open.idle().await);
    idle.rest().await;
    newcomers.push(open.idle().await);
    newcomers.remove(0).rest().await;
    for newcomer in &mut newcomers {
        assert!(newcomer.is_open().await);
    }
    open.answer.notify_one();
    assert!(working.answer().await.ends_with("at last"));
}

#[tokio::test]
async fn an_address_with_too_many_connections_loses_those_that_deserve_it_least() {
    on_sqlite(async |shop: Shop| {
        let few = ConnectionLimits { all: many(100), per_address: many(4), ..limits() };
        the_least_deserving_give_way(&mut open(&shop, few, &[]).await).await;
    })
    .await;
}

#[tokio::test]
async fn of_too_many_in_all_those_go_that_deserve_it_least() {
    on_sqlite(async |shop: Shop| {
        // A proxy's are not counted by their address.
        let few = ConnectionLimits { all: many(4), per_address: many(1), ..limits() };
        the_least_deserving_give_way(&mut open(&shop, few, &[ANY_PROXY]).await).await;
    })
    .await;
}

#[tokio::test]
async fn those_who_are_being_answered_keep_their_places() {
    on_sqlite(async |shop: Shop| {
        let few = ConnectionLimits { all: many(1), ..limits() };
        let open = open(&shop, few, &[]).await;
        let mut working = open.connect(&asking("/waits")).await;
        open.asked.notified().await;
        open.connect("").await.rest().await;
        open.answer.notify_one();
        assert!(working.answer().await.ends_with("at last"));
    })
    .await;
}

#[tokio::test]
async fn twice_as_many_slow_connections_as_there_may_be_keep_nobody_out() {
    on_sqlite(async |shop: Shop| {
        let limits = ConnectionLimits { all: many(100), per_address: many(100), ..limits() };
        let open = open(&shop, limits, &[]).await;
        let mut slow = vec![];
        for number in 0..200 {
            let text = match number % 3 {
                0 => "GET / HTTP/1.1\r\nHost: loc",
                1 => &posting(1000),
                _ => &asking("/endless"),
            };
            slow.push(open.connect(text).await);
        }
        let mut times = vec![];
        for _ in 0..9 {
            let begun = Instant::now();
            let text =
                asking("/browser-support").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
            let answer = open.connect(&text).await.rest().await;
            times.push(begun.elapsed());
            assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("</html>"), "{answer}");
        }
        times.sort();
        assert!(times[4] < Duration::from_millis(200), "{times:?}");
    })
    .await;
}

#[tokio::test]
async fn a_stop_ends_what_was_begun_and_closes_what_waits() {
    on_sqlite(async |shop: Shop| {
        let open = open(&shop, limits(), &[]).await;
        let mut idle = open.idle().await;
        let mut half = open.connect("GET / HT").await;
        let mut half_body = open.connect(&format!("{}{{", posting(2))).await;
        let mut working = open.connect(&asking("/waits")).await;
        open.asked.notified().await;

        open.stop.send(()).unwrap();
        for client in [&mut idle, &mut half, &mut half_body] {
            assert_eq!(client.rest().await, "");
        }
        assert!(TcpStream::connect(open.address).await.is_err());
        open.answer.notify_one();
        let answer = working.rest().await;
        assert!(answer.ends_with("at last") && answer.contains("connection: close"), "{answer}");
        let stopped = timeout(LATER / 2, open.stopped).await.unwrap().unwrap();
        assert_eq!(stopped, Stopped { closed: 3, ended: 1, cut: 0 });
    })
    .await;
}

#[tokio::test]
async fn a_stop_takes_no_longer_than_it_may() {
    on_sqlite(async |shop: Shop| {
        let open = open(&shop, ConnectionLimits { stop: SOON, ..limits() }, &[]).await;
        let mut working = open.connect(&asking("/waits")).await;
        open.asked.notified().await;
        open.stop.send(()).unwrap();
        let stopped = soon(open.stopped).await.unwrap();
        assert_eq!(stopped, Stopped { closed: 0, ended: 0, cut: 1 });
        assert_eq!(working.rest().await, "");
    })
    .await;
}

#[tokio::test]
async fn handlers_know_the_peer() {
    on_sqlite(async |shop: Shop| {
        let open = open(&shop, limits(), &[]).await;
        let mut client = open.connect(&asking("/peer")).await;
        let here = client.0.local_addr().unwrap().to_string();
        assert!(client.answer().await.ends_with(&here));
    })
    .await;
}

/// A client of HTTP/2, and its connection.
async fn http2(
    open: &Open,
    window: u32,
) -> (h2::client::SendRequest<Bytes>, JoinHandle<Result<(), h2::Error>>) {
    let stream = TcpStream::connect(open.address).await.unwrap();
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(window);
    let (client, connection) = builder.handshake(stream).await.unwrap();
    (client, tokio::spawn(connection))
}

fn request(path: &str) -> Request<()> {
    Request::get(format!("http://localhost:3000{path}")).body(()).unwrap()
}

#[tokio::test]
async fn http2_has_bounds_of_its_own() {
    on_sqlite(async |shop: Shop| {
        let open = open(&shop, limits(), &[]).await;
        let (client, _connection) = http2(&open, 65_535).await;
        let mut client = client.ready().await.unwrap();
        let (answer, _) = client.send_request(request("/browser-support"), true).unwrap();
        assert_eq!(answer.await.unwrap().status(), StatusCode::OK);
        assert_eq!(client.current_max_send_streams(), 32);

        let mut large = request("/browser-support");
        large.headers_mut().insert("x-large", "x".repeat(20_000).parse().unwrap());
        let (answer, _) = client.send_request(large, true).unwrap();
        let refused = answer.await.map(|answer| answer.status());
        assert!(!matches!(refused, Ok(StatusCode::OK)), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn http2_clients_have_no_more_time() {
    on_sqlite(async |shop: Shop| {
        let soon_all = ConnectionLimits { head: SOON, stalled: SOON, idle: SOON, ..limits() };
        let mut open = open(&shop, soon_all, &[]).await;
        // Nothing is asked,
        let (_client, connection) = http2(&open, 65_535).await;
        soon(connection).await.unwrap().ok();
        // or nothing after an answer,
        let (client, connection) = http2(&open, 65_535).await;
        let mut client = client.ready().await.unwrap();
        let (answer, _) = client.send_request(request("/peer"), true).unwrap();
        assert_eq!(answer.await.unwrap().status(), StatusCode::OK);
        soon(connection).await.unwrap().ok();
        // or the answer is not taken.
        let (client, connection) = http2(&open, 0).await;
        let mut client = client.ready().await.unwrap();
        let (answer, _) = client.send_request(request("/endless"), true).unwrap();
        let _body = answer.await.unwrap();
        soon(connection).await.unwrap().ok();
        open.given_up.recv().await.unwrap();
    })
    .await;
}

/// Frames of HTTP/2 (RFC 9113 §4.1) for requests that are each taken back at once.
fn rapid_resets(many: u32) -> Vec<u8> {
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const SETTINGS: u8 = 4;
    const END_STREAM_AND_HEADERS: u8 = 5;
    const CANCEL: [u8; 4] = [0, 0, 0, 8];
    // GET, http, / (RFC 7541, appendix A), and the host.
    let request = [b"\x82\x86\x84\x41\x09", &b"localhost"[..]].concat();
    let frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
        let length = [0, 0, payload.len() as u8];
        [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
    };
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    for stream in (0..many).map(|number| 2 * number + 1) {
        bytes.extend(frame(HEADERS, END_STREAM_AND_HEADERS, stream, &request));
        bytes.extend(frame(RST_STREAM, 0, stream, &CANCEL));
    }
    bytes
}

#[tokio::test]
async fn rapid_resets_end_their_connection_and_nobody_elses() {
    const GOAWAY: u8 = 7;
    const ENHANCE_YOUR_CALM: u8 = 11;
    on_sqlite(async |shop: Shop| {
        let open = open(&shop, limits(), &[]).await;
        let mut other = open.idle().await;
        // CVE-2023-44487.
        let mut client = open.connect("").await;
        client.0.write_all(&rapid_resets(1_000)).await.unwrap();
        let mut frames = vec![];
        // It may be cut while it still sends.
        let _ = timeout(LATER / 2, client.0.read_to_end(&mut frames)).await.unwrap();
        let is_goaway = |frame: &[u8]| frame[3] == GOAWAY && frame[16] == ENHANCE_YOUR_CALM;
        assert!(frames.windows(17).any(is_goaway), "{frames:?}");
        assert!(other.is_open().await);
    })
    .await;
}

#[tokio::test]
async fn a_stop_ends_what_was_begun_over_http2_and_closes_what_waits() {
    on_sqlite(async |shop: Shop| {
        let open = open(&shop, limits(), &[]).await;
        let (idle, waiting) = http2(&open, 65_535).await;
        let mut idle = idle.ready().await.unwrap();
        let (answer, _) = idle.send_request(request("/peer"), true).unwrap();
        assert_eq!(answer.await.unwrap().status(), StatusCode::OK);
        let (client, working) = http2(&open, 65_535).await;
        let mut client = client.ready().await.unwrap();
        let (answer, _) = client.send_request(request("/waits"), true).unwrap();
        open.asked.notified().await;

        open.stop.send(()).unwrap();
        timeout(LATER / 2, waiting).await.unwrap().unwrap().ok();
        open.answer.notify_one();
        assert_eq!(answer.await.unwrap().status(), StatusCode::OK);
        timeout(LATER / 2, working).await.unwrap().unwrap().ok();
        let stopped = timeout(LATER / 2, open.stopped).await.unwrap().unwrap();
        assert_eq!(stopped, Stopped { closed: 1, ended: 1, cut: 0 });
    })
    .await;
}
