//! A visitor of the shop: the real router, and a browser's cookie jar.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{
        HeaderMap, Method, Request, StatusCode,
        header::{COOKIE, LOCATION, SET_COOKIE, USER_AGENT},
    },
};
use latchkey::{clock::Clock, config::Config, http, state::State, store::Store};
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection, query_scalar};
use tower::ServiceExt;
use url::form_urlencoded;
use uuid::Uuid;

use super::{On, authenticator::Authenticator};

/// Of everybody who has one.
pub const PASSWORD: &str = "plovers dislike umbrellas";
pub const OTHER_PASSWORD: &str = "herons prefer galoshes";

/// A shop on a database of its own, with a clock that stands still.
#[derive(Clone)]
pub struct Shop {
    pub router: Router,
    pub store: Store,
    pub clock: Clock,
    pub config: Config,
}

impl On for Shop {
    async fn on(url: String) -> Self {
        let clock = Clock::stopped_at(Clock::system().now());
        let origin = "http://localhost:3000".parse().unwrap();
        Self::open(Config::new(url, origin), clock).await
    }
}

impl Shop {
    async fn open(config: Config, clock: Clock) -> Self {
        let state = State::new(config.clone(), clock.clone()).await.unwrap();
        let store = state.store.clone();
        Self { router: http::router(state), store, clock, config }
    }

    /// A shop on the database of this one, configured in another way.
    pub async fn changed(&self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.config.clone();
        change(&mut config);
        Self::open(config, self.clock.clone()).await
    }

    /// A shop on the database of this one, at another origin.
    pub async fn at(&self, origin: &str) -> Self {
        self.changed(|config| config.origin = origin.parse().unwrap()).await
    }

    /// A connection of its own to the database.
    pub async fn connection(&self) -> AnyConnection {
        AnyConnection::connect(&self.config.database).await.unwrap()
    }

    /// How many sessions the database knows.
    pub async fn sessions(&self) -> i64 {
        let mut database = self.connection().await;
        query_scalar("SELECT COUNT(*) FROM sessions").fetch_one(&mut database).await.unwrap()
    }

    /// The one value that a query finds, by one text.
    pub async fn column(&self, query: &'static str, text: &str) -> String {
        let mut database = self.connection().await;
        query_scalar(query).bind(text).fetch_one(&mut database).await.unwrap()
    }

    pub fn visitor(&self) -> Visitor {
        let router = self.router.clone();
        Visitor {
            router,
            cookie: None,
            by_hand: false,
            by_hand_name: BY_HAND.to_owned(),
            others: vec![],
            sent: vec![],
            name: String::new(),
            user_agent: CHROME,
            address: None,
        }
    }

    /// Somebody at this address, where the shop is behind a proxy.
    pub fn visitor_at(&self, address: &str) -> Visitor {
        Visitor { address: Some(address.to_owned()), ..self.visitor() }
    }

    /// A visitor with a new account, and the passkey that opens it.
    pub async fn member(&self, username: &str) -> (Visitor, Authenticator) {
        let (mut visitor, mut passkey) = (self.visitor(), Authenticator::new());
        visitor.sign_up(username, &mut passkey).await.expect_status(200);
        (visitor, passkey)
    }

    /// A visitor with a new account and its password, who has looked at a page since.
    pub async fn member_with_password(&self, username: &str) -> Visitor {
        let mut visitor = self.visitor();
        visitor.sign_up_with_password(username).await.expect_redirect("/");
        visitor.get("/cart").await;
        visitor
    }

    /// A visitor whose new account has a password, a passkey and the second factor switched on.
    pub async fn careful(&self, username: &str) -> (Visitor, Authenticator) {
        let (mut visitor, passkey) = self.member(username).await;
        visitor.post("/account/password", &[("action", "set"), ("password", PASSWORD)]).await;
        let on = [("on", "yes")];
        visitor.post("/account/second-factor", &on).await.expect_redirect("/account");
        (visitor, passkey)
    }

    /// The id of an account.
    pub async fn account(&self, username: &str) -> Uuid {
        self.store.account_named(username).await.unwrap().unwrap().id
    }

    /// A product of which there are plenty.
    pub async fn plenty(&self) -> String {
        let products = self.store.refresh_catalogue().await.unwrap().products.clone();
        products.into_iter().find(|product| product.stock > 5).unwrap().slug
    }

    /// A product of which there is one left.
    pub async fn last_one(&self) -> String {
        let products = self.store.refresh_catalogue().await.unwrap().products.clone();
        products.into_iter().find(|product| product.stock == 1).unwrap().slug
    }
}

#[derive(Clone)]
pub struct Visitor {
    pub router: Router,
    /// `name=value` of the session's cookie.
    pub cookie: Option<String>,
    /// Whether there is a cookie that says so.
    pub by_hand: bool,
    /// Its name.
    pub by_hand_name: String,
    /// The other cookies: name and value.
    pub others: Vec<(String, String)>,
    /// Every cookie that it was ever sent, as it stood in the header.
    pub sent: Vec<String>,
    /// The username that a passkey was last asked for with.
    pub name: String,
    pub user_agent: &'static str,
    /// Where it is, as a proxy of the shop's says.
    pub address: Option<String>,
}

const BY_HAND: &str = "latchkey-by-hand";
const BY_HAND_COOKIE: [&str; 2] = ["latchkey-by-hand=", "__Host-latchkey-by-hand="];
const SESSION: [&str; 2] = ["latchkey=", "__Host-latchkey="];

const CHROME: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/156.0.0.0 Safari/537.36";

pub const FIREFOX: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:153.0) Gecko/20100101 Firefox/153.0";

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Visitor {
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[("accept", "text/html")], Body::empty()).await
    }

    /// Submits a form.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = [
            ("accept", "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send(Method::POST, path, &headers, body.into()).await
    }

    /// Submits a form as the pages' own script does.
    pub async fn post_by_script(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let script = ("latchkey-script", "1");
        self.post_multipart(path, &[script, ("sec-fetch-site", "same-origin")], fields).await
    }

    pub async fn post_multipart(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        fields: &[(&str, &str)],
    ) -> Answer {
        let parts = fields.iter().map(|(name, value)| {
            let disposition = format!("Content-Disposition: form-data; name=\"{name}\"");
            format!("--parts\r\n{disposition}\r\n\r\n{value}\r\n")
        });
        let body = parts.collect::<String>() + "--parts--\r\n";
        let kind = ("content-type", "multipart/form-data; boundary=parts");
        let headers = [&[("accept", "application/json"), kind][..], headers].concat();
        self.send(Method::POST, path, &headers, body.into()).await
    }

    /// Calls a server function.
    pub async fn api(&mut self, function: &str, message: Value) -> Answer {
        let headers = [
            ("accept", "application/json"),
            ("content-type", "application/json"),
            ("sec-fetch-site", "same-origin"),
        ];
        let path = format!("/api/{function}");
        self.send(Method::POST, &path, &headers, message.to_string().into()).await
    }

    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        let mut request =
            Request::builder().method(method).uri(path).header(USER_AGENT, self.user_agent);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(address) = &self.address {
            request = request.header("x-forwarded-for", address);
        }
        let by_hand = self.by_hand.then(|| format!("{}=1", self.by_hand_name));
        let others: Vec<_> =
            self.others.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = self.cookie.iter().chain(&by_hand).chain(&others);
        let cookies: Vec<_> = cookies.map(String::as_str).collect();
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        self.keep_cookie(&answer);
        answer
    }

    fn keep_cookie(&mut self, answer: &Answer) {
        self.sent.extend(answer.cookies().map(str::to_owned));
        if let Some(set) = answer.cookie() {
            let pair = set.split(';').next().unwrap().to_owned();
            self.cookie = (!set.contains("Max-Age=0")).then_some(pair);
        }
        if let Some(set) = answer.by_hand() {
            self.by_hand = !set.contains("Max-Age=0");
            self.by_hand_name = set.split('=').next().unwrap().to_owned();
        }
        for set in answer.other_cookies() {
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            self.others.retain(|(kept, _)| kept != name);
            if !set.contains("Max-Age=0") {
                self.others.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    pub async fn sign_in_options(&mut self) -> Value {
        self.api("passkey/sign-in/start", json!({})).await.options()
    }

    pub async fn sign_in(&mut self, passkey: &mut Authenticator) -> Answer {
        let options = self.sign_in_options().await;
        self.finish_sign_in(&passkey.get(&options)).await
    }

    pub async fn finish_sign_in(&mut self, credential: &Value) -> Answer {
        let credential = credential.to_string();
        self.api("passkey/sign-in/finish", json!({ "credential": credential })).await
    }

    pub async fn sign_up_options(&mut self, username: &str) -> Value {
        self.sign_up_options_or_refusal(username).await.options()
    }

    /// For races, in which it may well be refused.
    pub async fn sign_up_options_or_refusal(&mut self, username: &str) -> Answer {
        self.name = username.to_owned();
        let message = json!({ "username": username, "display_name": "Robin" });
        self.api("passkey/sign-up/start", message).await
    }

    pub async fn sign_up(&mut self, username: &str, passkey: &mut Authenticator) -> Answer {
        let options = self.sign_up_options(username).await;
        self.finish_sign_up(&passkey.create(&options)).await
    }

    pub async fn finish_sign_up(&mut self, credential: &Value) -> Answer {
        let message = json!({
            "username": self.name,
            "display_name": "Robin",
            "credential": credential.to_string(),
        });
        self.api("passkey/sign-up/finish", message).await
    }

    pub async fn sign_up_with_password(&mut self, username: &str) -> Answer {
        let fields = [
            ("username", username),
            ("display_name", "Robin"),
            ("password", PASSWORD),
            ("way", "password"),
        ];
        self.post("/sign-up", &fields).await
    }

    pub async fn sign_in_with_password(&mut self, username: &str) -> Answer {
        let fields = [("username", username), ("password", PASSWORD), ("next", "/cart")];
        self.post("/sign-in", &fields).await
    }

    pub async fn sign_out(&mut self) -> Answer {
        self.post("/sign-out", &[]).await.expect_redirect("/")
    }

    pub async fn sign_out_and_in(&mut self, username: &str) -> Answer {
        self.sign_out().await;
        self.sign_in_with_password(username).await
    }

    /// Options for the passkeys of the account: signed in, or waiting for its second factor.
    pub async fn proof_options(&mut self) -> Answer {
        self.api("passkey/reauthentication/start", json!({})).await
    }

    pub async fn finish_proof(&mut self, credential: &Value) -> Answer {
        let credential = credential.to_string();
        self.api("passkey/reauthentication/finish", json!({ "credential": credential })).await
    }

    pub async fn prove(&mut self, passkey: &mut Authenticator) -> Answer {
        let options = self.proof_options().await.options();
        self.finish_proof(&passkey.get(&options)).await
    }

    pub async fn addition_options(&mut self, conditional: bool) -> Answer {
        self.api("passkey/addition/start", json!({ "conditional": conditional, "platform": false }))
            .await
    }

    pub async fn finish_addition(&mut self, credential: &Value) -> Answer {
        let message = json!({ "credential": credential.to_string(), "announce": false });
        self.api("passkey/addition/finish", message).await
    }

    pub async fn add(&mut self, passkey: &mut Authenticator) -> Answer {
        let options = self.addition_options(false).await.options();
        self.finish_addition(&passkey.create(&options)).await
    }

    /// The ten codes that the page shows, this once.
    pub async fn recovery_codes(&mut self) -> Vec<String> {
        let page = self.post("/account/recovery-codes", &[]).await.expect_status(200).body;
        let is_code = |word: &&str| word.len() == 29 && word.matches('-').count() == 5;
        let codes: Vec<_> =
            page.split(['<', '>', '\n', '"', ' ']).filter(is_code).map(str::to_owned).collect();
        assert_eq!(codes.len(), 10, "{page}");
        codes
    }

    pub async fn is_signed_in(&mut self) -> bool {
        self.get("/account").await.status == StatusCode::OK
    }
}

impl Answer {
    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// A refusal of a server function: its status, its code and a sentence.
    #[track_caller]
    pub fn expect_refusal(self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        let refusal = self.json();
        assert_eq!(refusal["code"], code);
        let sentence = refusal["message"].as_str().unwrap();
        assert!(sentence.ends_with('.') && sentence.len() > 10, "{sentence}");
        refusal
    }

    #[track_caller]
    pub fn expect_redirect(self, to: &str) -> Self {
        assert!(self.status.is_redirection(), "{}: {}", self.status, self.body);
        assert_eq!(self.headers[LOCATION], to);
        self
    }

    #[track_caller]
    pub fn expect_no_text(self, text: &str) -> Self {
        assert!(!self.body.contains(text), "«{text}» in {}", self.body);
        self
    }

    #[track_caller]
    pub fn expect_text(self, text: &str) -> Self {
        assert!(self.body.contains(text), "no «{text}» in {}", self.body);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// What `navigator.credentials` is to be given.
    #[track_caller]
    pub fn options(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        serde_json::from_str(self.json()["public_key"].as_str().unwrap()).unwrap()
    }

    /// Nothing of databases, files or code is in it.
    #[track_caller]
    pub fn expect_no_internals(&self) {
        // A nonce may spell anything.
        let is_nonce = |text: &&str| text.len() == 22 && !text.contains(' ');
        let body: String = self.body.split('"').filter(|text| !is_nonce(text)).collect();
        for word in ["sqlx", "SQL", "database", "pool", "panicked", ".rs", "Error"] {
            assert!(!body.contains(word), "«{word}» in {}", self.body);
        }
    }

    /// That of the session.
    pub fn cookie(&self) -> Option<&str> {
        self.cookies().find(|cookie| SESSION.iter().any(|name| cookie.starts_with(name)))
    }

    /// The one that keeps automatic sign-in away.
    pub fn by_hand(&self) -> Option<&str> {
        self.cookies().find(|cookie| BY_HAND_COOKIE.iter().any(|name| cookie.starts_with(name)))
    }

    /// Those of the browser and of its attempts with providers.
    fn other_cookies(&self) -> impl Iterator<Item = &str> {
        let known = |cookie: &str| {
            SESSION.iter().chain(&BY_HAND_COOKIE).any(|name| cookie.starts_with(name))
        };
        self.cookies().filter(move |cookie| !known(cookie))
    }

    fn cookies(&self) -> impl Iterator<Item = &str> {
        self.headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap())
    }
}
