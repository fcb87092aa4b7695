//! A client that keeps its connection, and spends little on it: it shares the machine with what it
//! measures.

use std::{net::SocketAddr, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Method, Request,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
    header::{CONTENT_TYPE, HOST, HeaderValue, SET_COOKIE, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

/// An answer that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(20);

const CHROME: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/156.0.0.0 Safari/537.36";

pub const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

pub struct Client {
    address: SocketAddr,
    host: HeaderValue,
    connection: Option<SendRequest<Full<Bytes>>>,
    /// What its proxy says, where it is behind one.
    pub from: Option<HeaderValue>,
}

pub struct Answer {
    pub status: u16,
    headers: HeaderMap,
    pub body: Bytes,
}

/// Why there is no answer.
pub type Failure = &'static str;

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        let host = format!("localhost:{}", address.port());
        let host = HeaderValue::try_from(host).expect("a host is a header");
        Self { address, host, connection: None, from: None }
    }

    pub async fn get(
        &mut self,
        path: &'static str,
        cookie: Option<HeaderValue>,
    ) -> Result<Answer, Failure> {
        let request = Request::builder().method(Method::GET).uri(path);
        self.send(request, cookie, Bytes::new()).await
    }

    /// As a page's own script or form sends it.
    pub async fn post(
        &mut self,
        path: &'static str,
        kind: HeaderValue,
        cookie: Option<HeaderValue>,
        body: String,
    ) -> Result<Answer, Failure> {
        let request = Request::builder().method(Method::POST).uri(path);
        let request = request.header(CONTENT_TYPE, kind).header("sec-fetch-site", "same-origin");
        self.send(request, cookie, body.into()).await
    }

    async fn send(
        &mut self,
        request: hyper::http::request::Builder,
        cookie: Option<HeaderValue>,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        let mut request = request
            .header(HOST, self.host.clone())
            .header(USER_AGENT, HeaderValue::from_static(CHROME));
        for (name, value) in [("cookie", cookie), ("x-forwarded-for", self.from.clone())] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let request = request.body(Full::new(body)).map_err(|_| "no request")?;
        let answer = timeout(PATIENCE, self.exchange(request)).await.unwrap_or(Err("timeout"));
        if answer.is_err() {
            self.connection = None;
        }
        answer
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
        let connection = self.connection().await?;
        let answer = connection.send_request(request).await.map_err(|_| "connection broke")?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|_| "half an answer")?.to_bytes();
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }

    async fn connection(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, Failure> {
        if let Some(connection) = &mut self.connection
            && connection.ready().await.is_err()
        {
            self.connection = None;
        }
        if self.connection.is_none() {
            let stream = TcpStream::connect(self.address).await.map_err(|_| "no connection")?;
            stream.set_nodelay(true).map_err(|_| "no connection")?;
            let (sender, driver) =
                handshake(TokioIo::new(stream)).await.map_err(|_| "no connection")?;
            tokio::spawn(driver);
            self.connection = Some(sender);
        }
        self.connection.as_mut().ok_or("no connection")
    }
}

impl Answer {
    /// The cookies that it sets, as a browser sends them back.
    pub fn cookies(&self) -> Option<HeaderValue> {
        let pairs = self.headers.get_all(SET_COOKIE).iter().filter_map(|set| {
            let set = set.to_str().ok()?;
            Some(set.split(';').next().unwrap_or(set))
        });
        let pairs: Vec<_> = pairs.collect();
        HeaderValue::try_from(pairs.join("; ")).ok().filter(|cookies| !cookies.is_empty())
    }

    /// What it refuses with, for the list of errors.
    pub fn refusal(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        let code = body.split_once("\"code\":\"").and_then(|(_, rest)| rest.split('"').next());
        format!("{} {}", self.status, code.unwrap_or_default()).trim_end().to_owned()
    }
}
