//! What a connection is at, and how long it may take over it.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Body, Bytes};
use hyper::{
    Version,
    body::{Body as HttpBody, Frame, Incoming, SizeHint},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::Notify,
    time::{Instant, Sleep, sleep_until},
};

use super::{ConnectionLimits, crowd::Standing};

/// What a connection is at. Its parts note it here: the stream, and the bodies of its requests
/// and answers.
#[derive(Debug)]
pub(super) struct Progress {
    stage: Mutex<Stage>,
    /// With HTTP/2, bodies move in tasks of their own.
    moved: Notify,
}

#[derive(Debug)]
struct Stage {
    accepted: Instant,
    /// When anything was last done for it.
    moved: Instant,
    /// A request has come.
    asked: bool,
    /// A request has been answered.
    answered: bool,
    http2: bool,
    /// When the first byte of a request came whose headers are not all there.
    head: Option<Instant>,
    /// Requests that have not had their answer's headers.
    requests: usize,
    /// Bodies of requests that are not all there.
    arriving: usize,
    /// Answers under way.
    answers: usize,
    /// Those of them that wait for the client to take more.
    held: usize,
    /// Since when the client's side of the stream takes nothing.
    blocked: Option<Instant>,
    cut: bool,
}

impl Stage {
    /// Whether something is to be done that the client does not hold up.
    fn is_working(&self) -> bool {
        self.blocked.is_none() && (self.requests > self.arriving || self.answers > self.held)
    }
}

impl Progress {
    pub(super) fn new() -> Arc<Self> {
        let now = Instant::now();
        Arc::new(Self {
            stage: Mutex::new(Stage {
                accepted: now,
                moved: now,
                asked: false,
                answered: false,
                http2: false,
                head: None,
                requests: 0,
                arriving: 0,
                answers: 0,
                held: 0,
                blocked: None,
                cut: false,
            }),
            moved: Notify::new(),
        })
    }

    pub(super) fn standing(&self) -> (Standing, Instant) {
        let stage = self.stage();
        if stage.is_working() {
            (Standing::Working, stage.moved)
        } else if stage.answered {
            (Standing::Waiting, stage.moved)
        } else {
            (Standing::Unproven, stage.accepted)
        }
    }

    /// When the client's time is up, if it is its turn. Bodies of requests look after their own.
    /// `header_read_timeout` of hyper is not used for this: it also runs where no request has
    /// begun, and does not run before the version of HTTP is known.
    pub(super) fn due(&self, limits: &ConnectionLimits) -> Option<Instant> {
        let stage = self.stage();
        if let Some(since) = stage.blocked {
            Some(since + limits.stalled)
        } else if stage.requests > 0 || stage.answers > stage.held {
            None
        } else if stage.answers > 0 {
            Some(stage.moved + limits.stalled)
        } else if !stage.asked {
            Some(stage.accepted + limits.head)
        } else if let Some(since) = stage.head {
            Some(since + limits.head)
        } else {
            Some(stage.moved + limits.idle)
        }
    }

    /// Whether there is something to end: a request that is all here, or an answer.
    pub(super) fn is_needed(&self) -> bool {
        let stage = self.stage();
        stage.requests > stage.arriving || stage.answers > 0 || stage.blocked.is_some()
    }

    /// What is still to be sent shall not be.
    pub(super) fn cut(&self) {
        self.stage().cut = true;
    }

    /// Until a body has moved that the connection's own task does not move.
    pub(super) async fn moved(&self) {
        self.moved.notified().await;
    }

    /// A request's headers are here.
    pub(super) fn request(self: &Arc<Self>, version: Version) -> OpenRequest {
        self.update(|stage| {
            stage.asked = true;
            stage.http2 = version == Version::HTTP_2;
            stage.head = None;
            stage.requests += 1;
        });
        OpenRequest(self.clone())
    }

    fn received(&self) {
        let mut stage = self.stage();
        if !stage.http2 && stage.requests + stage.answers == 0 {
            stage.head.get_or_insert_with(Instant::now);
        }
    }

    fn wrote(&self, is_blocked: bool) {
        let mut stage = self.stage();
        if is_blocked {
            stage.blocked.get_or_insert_with(Instant::now);
        } else if stage.blocked.take().is_some() {
            stage.moved = Instant::now();
        }
    }

    fn update(&self, change: impl FnOnce(&mut Stage)) {
        let mut stage = self.stage();
        stage.moved = Instant::now();
        change(&mut stage);
        if stage.http2 {
            self.moved.notify_one();
        }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request, until its answer begins.
pub(super) struct OpenRequest(Arc<Progress>);

impl OpenRequest {
    /// Its body, in the time that it has.
    pub(super) fn body(&self, body: Incoming, limits: &ConnectionLimits) -> Body {
        if body.is_end_stream() {
            return Body::empty();
        }
        self.0.update(|stage| stage.arriving += 1);
        let began = Instant::now();
        let mut arriving = RequestBody {
            body,
            limits: limits.clone(),
            began,
            bytes: 0,
            timer: Box::pin(sleep_until(began)),
            progress: Some(self.0.clone()),
        };
        arriving.set_timer();
        Body::new(arriving)
    }

    /// Its answer.
    pub(super) fn answer(&self, body: Body) -> AnswerBody {
        self.0.update(|stage| {
            stage.answers += 1;
            stage.held += 1;
        });
        AnswerBody { body, is_held: true, progress: self.0.clone() }
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.update(|stage| stage.requests -= 1);
    }
}

/// A request's body took too long.
#[derive(Debug, thiserror::Error)]
#[error("the body came too slowly")]
pub struct TooSlow;

/// The body of a request.
struct RequestBody {
    body: Incoming,
    limits: ConnectionLimits,
    began: Instant,
    bytes: u64,
    timer: Pin<Box<Sleep>>,
    /// Until it is all there.
    progress: Option<Arc<Progress>>,
}

impl RequestBody {
    /// Each byte buys time, but not beyond the whole.
    fn set_timer(&mut self) {
        let bought = self.bytes.saturating_mul(1000) / self.limits.least_rate.max(1);
        let most = self.limits.body;
        let time = self.limits.body_start + Duration::from_millis(bought);
        self.timer.as_mut().reset(self.began + time.min(most));
    }

    fn end(&mut self) {
        if let Some(progress) = self.progress.take() {
            progress.update(|stage| stage.arriving -= 1);
        }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            ready!(self.timer.as_mut().poll(cx));
            self.end();
            return Poll::Ready(Some(Err(axum::Error::new(TooSlow))));
        };
        if let Some(Ok(frame)) = &frame {
            self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            self.set_timer();
        }
        if !matches!(frame, Some(Ok(_))) || self.body.is_end_stream() {
            self.end();
        }
        Poll::Ready(frame.map(|frame| frame.map_err(axum::Error::new)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        self.end();
    }
}

/// The body of an answer. It is asked for more when what it gave has been taken.
pub(super) struct AnswerBody {
    body: Body,
    is_held: bool,
    progress: Arc<Progress>,
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        let (was_held, is_held) = (self.is_held, matches!(frame, Poll::Ready(Some(_))));
        self.is_held = is_held;
        self.progress.update(|stage| {
            stage.held = stage.held + usize::from(is_held) - usize::from(was_held);
        });
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.progress.update(|stage| {
            stage.answers -= 1;
            stage.held -= usize::from(self.is_held);
            stage.answered = true;
        });
    }
}

/// A stream that notes what moves on it.
pub(super) struct Watched {
    pub(super) stream: TcpStream,
    pub(super) progress: Arc<Progress>,
}

impl Watched {
    fn wrote<T>(&self, written: Poll<T>) -> Poll<T> {
        self.progress.wrote(written.is_pending());
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.progress.received();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for Watched {
    /// Otherwise the system would keep what nobody reads, and wait for minutes.
    fn drop(&mut self) {
        if self.progress.stage().cut {
            let _ = self.stream.set_zero_linger();
        }
    }
}
