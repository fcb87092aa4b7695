//! The connections: who may have one, for how long, and how they end.
//!
//! Those who want to keep others out open many and do nothing with them. So each has its time,
//! whoever it waits for, and when there are too many the one that deserves it least gives way.

mod crowd;
mod progress;

use std::{
    convert::Infallible,
    future::poll_fn,
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Poll, ready},
    time::Duration,
};

use axum::{Router, extract::ConnectInfo};
use hyper::{
    Request, Response,
    body::Incoming,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::{Builder, Connection},
};
use ipnet::IpNet;
use tokio::{
    net::{TcpListener, TcpStream},
    select,
    sync::{Semaphore, watch},
    time::{Instant, sleep, sleep_until, timeout},
};
use tower::ServiceExt;

pub use self::progress::TooSlow;
use self::{
    crowd::{Crowd, Member},
    progress::{AnswerBody, Progress, Watched},
};
use super::address;

/// What connections may take.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// `LATCHKEY_CONNECTIONS`: in all.
    pub all: NonZeroU32,
    /// `LATCHKEY_CONNECTIONS_PER_ADDRESS`: from one address that is not a proxy's, with IPv6 from
    /// one /64.
    pub per_address: NonZeroU32,
    /// For the headers of a request.
    pub head: Duration,
    /// For its body,
    pub body: Duration,
    /// of which so many bytes a second have to come
    pub least_rate: u64,
    /// after this.
    pub body_start: Duration,
    /// For an answer of which the client takes nothing.
    pub stalled: Duration,
    /// Between requests.
    pub idle: Duration,
    /// For a first request, before another connection may have the place.
    pub grace: Duration,
    /// For what is under way when the shop stops.
    pub stop: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self::with_descriptors(rlimit::Resource::NOFILE.get_soft().unwrap_or(1024))
    }
}

impl ConnectionLimits {
    /// As many as the process may have open files and sockets. Some are for the database, and
    /// half of the others for the files that are being sent.
    #[must_use]
    pub fn with_descriptors(descriptors: u64) -> Self {
        const OTHERS: u64 = 64;
        const MOST: u64 = 10_000;
        let all = (descriptors.saturating_sub(OTHERS) / 2).clamp(16, MOST);
        Self::of(NonZeroU32::new(all as u32).unwrap_or(NonZeroU32::MIN))
    }

    /// So many in all, and a quarter of those from one address.
    #[must_use]
    pub fn of(all: NonZeroU32) -> Self {
        Self {
            all,
            per_address: NonZeroU32::new(all.get() / 4).unwrap_or(NonZeroU32::MIN),
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            least_rate: 1024,
            body_start: Duration::from_secs(5),
            stalled: Duration::from_secs(30),
            idle: Duration::from_secs(60),
            grace: Duration::from_secs(1),
            stop: Duration::from_secs(8),
        }
    }
}

/// Has the system allow as many open files and sockets as it would if asked.
pub fn raise_descriptors() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// What became of the connections that were open when the shop stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stopped {
    /// They waited for a request, or for the rest of one.
    pub closed: usize,
    /// They were being answered, and have got their answers.
    pub ended: usize,
    /// They were not done in time.
    pub cut: usize,
}

/// HTTP/2 has many requests on one connection; each may hold a file.
const STREAMS: u32 = 32;
/// No browser sends as much in headers.
const HEADERS: u32 = 16 * 1024;
/// What is read and what is written ahead, of each connection or stream.
const BUFFER: usize = 64 * 1024;
/// Streams that the client takes back before we have seen them (CVE-2023-44487), or that we
/// reset because of its mistakes (CVE-2025-8671).
const RESETS: usize = 20;
const PING: Duration = Duration::from_secs(20);
const PING_ANSWER: Duration = Duration::from_secs(10);

fn http() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADERS)
        .max_send_buf_size(BUFFER)
        .initial_stream_window_size(BUFFER as u32)
        .initial_connection_window_size(4 * BUFFER as u32)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(RESETS)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING_ANSWER);
    builder
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    Ending,
    Over,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By itself.
    Done,
    TimeUp,
    GaveWay,
    /// The shop stops, and there was nothing to end.
    Closed,
    /// The shop stops, and what was begun has ended.
    Ended,
    /// The shop stops, and it was not done in time.
    Cut,
}

/// What all connections share.
struct Shared {
    router: Router,
    http: Builder<TokioExecutor>,
    limits: ConnectionLimits,
    phase: watch::Receiver<Phase>,
    ends: [AtomicUsize; 3],
}

type Http<'a, S> = Connection<'a, TokioIo<Watched>, S, TokioExecutor>;

/// Answers everybody, until it is told to stop; then ends what was begun.
///
/// Proxies may have as many connections as they like of those there are.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    proxies: &[IpNet],
    stop: impl Future<Output = ()>,
) -> Stopped {
    let all = limits.all.get();
    // A place is free at once; but its socket is closed when the connection's task comes to it.
    let sockets = Arc::new(Semaphore::new(all as usize));
    let crowd = Crowd::new(all as usize, limits.per_address.get() as usize, limits.grace);
    let (phase, seen) = watch::channel(Phase::Open);
    let ends = Default::default();
    let shared = Arc::new(Shared { router, http: http(), limits, phase: seen, ends });
    let (mut full, mut failed) = (Seldom::default(), Seldom::default());

    let mut stop = pin!(stop);
    loop {
        let accepted = select! { biased; () = &mut stop => break, it = listener.accept() => it };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_the_client(&error) => continue,
            Err(error) => {
                if let Some(times) = failed.tell() {
                    tracing::error!(%error, times, "no connection can be accepted");
                }
                crowd.thin_out();
                sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let place = crowd.admit(counted(peer.ip(), proxies));
        if !matches!(place, Some((_, false)))
            && let Some(times) = full.tell()
        {
            tracing::warn!(times, "too many connections: some gave way");
        }
        let Some((member, _)) = place else { continue };
        let Ok(socket) = sockets.clone().acquire_owned().await else { break };
        let shared = shared.clone();
        tokio::spawn(async move {
            shared.hold(stream, peer, member).await;
            drop(socket);
        });
    }

    drop(listener);
    let _ = phase.send(Phase::Ending);
    if timeout(shared.limits.stop, sockets.acquire_many(all)).await.is_err() {
        let _ = phase.send(Phase::Over);
        let _ = timeout(Duration::from_secs(1), sockets.acquire_many(all)).await;
    }
    let [closed, ended, cut] = shared.ends.each_ref().map(|end| end.load(Ordering::Relaxed));
    Stopped { closed, ended, cut }
}

/// What a connection is counted by.
fn counted(peer: IpAddr, proxies: &[IpNet]) -> Option<IpAddr> {
    (!address::is_proxy(peer, proxies)).then(|| address::customer(peer))
}

fn is_of_the_client(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// What happens often is told once a second.
#[derive(Default)]
struct Seldom {
    told: Option<Instant>,
    times: usize,
}

impl Seldom {
    /// How often it has happened since it was told, if it is to be told.
    fn tell(&mut self) -> Option<usize> {
        self.times += 1;
        if self.told.is_some_and(|told| told.elapsed() < Duration::from_secs(1)) {
            return None;
        }
        self.told = Some(Instant::now());
        Some(std::mem::take(&mut self.times))
    }
}

impl Shared {
    /// Holds a connection until it ends.
    async fn hold(&self, stream: TcpStream, peer: SocketAddr, member: Member) {
        let _ = stream.set_nodelay(true);
        let progress = Progress::new();
        let watched = TokioIo::new(Watched { stream, progress: progress.clone() });
        let service = service_fn(|request: Request<Incoming>| {
            let request_here = progress.request(request.version());
            let mut request = request.map(|body| request_here.body(body, &self.limits));
            request.extensions_mut().insert(ConnectInfo(peer));
            let answer = self.router.clone().oneshot(request);
            async move { answer.await.map(|answer| answer.map(|body| request_here.answer(body))) }
        });
        let connection = pin!(self.http.serve_connection(watched, service));
        let end = self.drive(connection, &progress, member).await;
        tracing::trace!(?end, "a connection ended");
        let place = match end {
            End::Done => return,
            End::TimeUp | End::GaveWay => return progress.cut(),
            End::Closed => 0,
            End::Ended => 1,
            End::Cut => 2,
        };
        self.ends[place].fetch_add(1, Ordering::Relaxed);
    }

    async fn drive<S>(
        &self,
        mut connection: Pin<&mut Http<'_, S>>,
        progress: &Progress,
        mut member: Member,
    ) -> End
    where
        S: Service<Request<Incoming>, Response = Response<AnswerBody>, Error = Infallible>,
        S::Future: Send + 'static,
    {
        let mut phase = self.phase.clone();
        let mut timer = pin!(sleep_until(Instant::now()));
        let given_up = member.given_up();
        let mut is_ending = false;
        loop {
            // Whatever changes what is due, or how the connection stands, has it polled.
            let until_due = poll_fn(|cx| {
                if connection.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(if is_ending { End::Ended } else { End::Done });
                }
                let (standing, since) = progress.standing();
                member.stands(standing, since);
                let Some(due) = progress.due(&self.limits) else { return Poll::Pending };
                if timer.deadline() != due {
                    timer.as_mut().reset(due);
                }
                ready!(timer.as_mut().poll(cx));
                Poll::Ready(End::TimeUp)
            });
            select! {
                biased;
                end = until_due => return end,
                () = progress.moved() => (),
                () = given_up.notified() => return End::GaveWay,
                Ok(()) = phase.changed() => match *phase.borrow_and_update() {
                    Phase::Open => (),
                    Phase::Ending if progress.is_needed() => {
                        is_ending = true;
                        connection.as_mut().graceful_shutdown();
                    }
                    Phase::Ending => return End::Closed,
                    Phase::Over => return End::Cut,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_descriptors_are_enough_for_the_connections_and_the_rest() {
        for (descriptors, all) in [(1024, 480), (256, 96), (20_000, 9_968), (1 << 30, 10_000)] {
            let limits = ConnectionLimits::with_descriptors(descriptors);
            assert_eq!((limits.all.get(), limits.per_address.get()), (all, all / 4));
        }
        assert_eq!(ConnectionLimits::with_descriptors(0).all.get(), 16);
    }

    #[test]
    fn a_proxy_is_not_counted() {
        let proxies = ["10.0.0.0/8".parse().unwrap()];
        let counted = |peer: &str| counted(peer.parse().unwrap(), &proxies);
        assert_eq!((counted("10.1.1.1"), counted("::ffff:10.1.1.1")), (None, None));
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        assert_eq!((counted("192.0.2.1"), counted("::ffff:192.0.2.1")), (Some(one), Some(one)));
        assert_eq!(counted("2001:db8::1"), counted("2001:db8::2"));
    }
}
