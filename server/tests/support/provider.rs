//! A provider of identities (OpenID Connect), on loopback, which does as it is told, also what
//! none should.

use std::{
    collections::HashMap,
    mem::replace,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, LOCATION},
    },
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use latchkey::{clock::Clock, oidc};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{
    net::TcpListener,
    task::{JoinHandle, yield_now},
};
use url::{Url, form_urlencoded};

use super::authenticator::{decode, encode};

/// As whom the shop is known to every provider.
pub const CLIENT: &str = "latchkey";
const SECRET: &str = "what only the shop and the provider know";

pub struct Provider {
    pub id: &'static str,
    pub name: &'static str,
    pub issuer: String,
    clock: Clock,
    desk: Desk,
    serving: JoinHandle<()>,
}

type Desk = Arc<Mutex<Books>>;

/// What the provider knows, and how it misbehaves.
pub struct Books {
    issuer: String,
    key: SigningKey,
    key_id: String,
    /// Not used yet.
    codes: HashMap<String, Issued>,
    pub clients: Clients,
    /// Instead of what discovery should say.
    pub discovery: Option<(u16, Value)>,
    /// Instead of a token.
    pub answer: Option<(u16, Value)>,
    /// How often it was asked what it publishes, for its keys, and for its tokens.
    pub asked_for_discovery: usize,
    pub asked_for_keys: usize,
    pub asked_for_tokens: usize,
    /// Whether who asks for the keys is kept waiting.
    pub holds_keys: bool,
}

/// How it wants to know the shop (OpenID Connect Core 1.0 §9).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Clients {
    /// `client_secret_basic`
    Header,
    /// `client_secret_post`
    Body,
    /// Not at all: there is no secret.
    Public,
}

impl Books {
    /// What it publishes about itself.
    pub fn metadata(&self) -> Value {
        let issuer = &self.issuer;
        let methods = match self.clients {
            Clients::Header => json!(["client_secret_basic", "client_secret_post"]),
            Clients::Body => json!(["client_secret_post"]),
            Clients::Public => json!(["none"]),
        };
        json!({
            "issuer": issuer,
            "token_endpoint_auth_methods_supported": methods,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        })
    }
}

struct Issued {
    challenge: String,
    redirect_uri: String,
    token: String,
}

/// What the shop asks for, in the address that it sends a visitor to.
#[derive(Clone, Debug)]
pub struct Asked(HashMap<String, String>);

impl Asked {
    #[track_caller]
    pub fn read(url: &str) -> Self {
        let url: Url = url.parse().unwrap();
        assert_eq!(url.path(), "/authorize");
        Self(url.query_pairs().into_owned().collect())
    }

    pub fn get(&self, parameter: &str) -> Option<&str> {
        self.0.get(parameter).map(String::as_str)
    }

    pub fn state(&self) -> &str {
        &self.0["state"]
    }
}

/// An ID token before it is signed: everything in it may be bent.
pub struct Token {
    pub header: Value,
    pub claims: Value,
    /// What is done to it once it is signed.
    pub spoil: fn(String) -> String,
}

impl Provider {
    pub async fn open(id: &'static str, name: &'static str, clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let desk = Arc::new(Mutex::new(Books {
            issuer: issuer.clone(),
            key: random_key(),
            key_id: "first".to_owned(),
            codes: HashMap::new(),
            clients: Clients::Header,
            discovery: None,
            answer: None,
            asked_for_discovery: 0,
            asked_for_keys: 0,
            holds_keys: false,
            asked_for_tokens: 0,
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(desk.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { id, name, issuer, clock, desk, serving }
    }

    /// As a shop is told about it.
    pub fn configured(&self) -> oidc::Provider {
        oidc::Provider {
            id: self.id.to_owned(),
            name: self.name.to_owned(),
            issuer: serde_json::from_value(json!(self.issuer)).unwrap(),
            client_id: serde_json::from_value(json!(CLIENT)).unwrap(),
            client_secret: Some(serde_json::from_value(json!(SECRET)).unwrap()),
            icon: None,
            fedcm: Some(format!("{}/fedcm.json", self.issuer).parse().unwrap()),
            alone: true,
            http: oidc::Http::new(oidc::ANSWER_TIMEOUT).unwrap(),
            published: Arc::default(),
        }
    }

    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.desk.lock().unwrap()
    }

    /// Nobody answers from now on.
    pub async fn close(&mut self) {
        self.serving.abort();
        assert!((&mut self.serving).await.unwrap_err().is_cancelled());
    }

    /// A new key in place of the old one, which is handed out.
    pub fn change_keys(&self, id: &str) -> (SigningKey, String) {
        self.use_keys((random_key(), id.to_owned()))
    }

    pub fn use_keys(&self, (key, id): (SigningKey, String)) -> (SigningKey, String) {
        let mut books = self.books();
        (replace(&mut books.key, key), replace(&mut books.key_id, id))
    }

    /// That this is `who`, who signed in here just now. `nonce`: as the shop asked for it.
    pub fn token(&self, who: &str, nonce: &str) -> Token {
        let now = self.clock.now().0 / 1000;
        let claims = json!({
            "iss": self.issuer,
            "sub": format!("subject of {who}"),
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": nonce,
            "name": "Robin",
            "preferred_username": who,
            "email": format!("{who}@provider.example"),
            "email_verified": true,
        });
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": self.books().key_id });
        Token { header, claims, spoil: |token| token }
    }

    pub fn sign(&self, token: &Token) -> String {
        let part = |value: &Value| encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&token.header), part(&token.claims));
        let signature = match token.header["alg"].as_str().unwrap() {
            "ES256" => {
                let signature: Signature = self.books().key.sign(signed.as_bytes());
                signature.to_bytes().to_vec()
            }
            "HS256" => hmac(SECRET.as_bytes(), signed.as_bytes()),
            _ => vec![],
        };
        (token.spoil)(format!("{signed}.{}", encode(&signature)))
    }

    /// Has a person consent: a code for what was asked.
    pub fn code(&self, asked: &Asked, token: &Token) -> String {
        let token = self.sign(token);
        let code = encode(&rand::random::<[u8; 16]>());
        let (challenge, redirect_uri) = ("code_challenge", "redirect_uri");
        let issued = Issued {
            challenge: asked.get(challenge).unwrap().to_owned(),
            redirect_uri: asked.get(redirect_uri).unwrap().to_owned(),
            token,
        };
        self.books().codes.insert(code.clone(), issued);
        code
    }
}

/// OpenID Connect Discovery 1.0 §3.
async fn discovery(State(desk): State<Desk>) -> Response {
    let mut books = desk.lock().unwrap();
    books.asked_for_discovery += 1;
    answer(books.discovery.clone().unwrap_or_else(|| (200, books.metadata())))
}

async fn keys(State(desk): State<Desk>) -> Json<Value> {
    desk.lock().unwrap().asked_for_keys += 1;
    while desk.lock().unwrap().holds_keys {
        yield_now().await;
    }
    let books = desk.lock().unwrap();
    let point = books.key.verifying_key().to_sec1_point(false);
    let (x, y) = (point.x().unwrap().to_vec(), point.y().unwrap().to_vec());
    let key = json!({
        "kty": "EC",
        "crv": "P-256",
        "use": "sig",
        "alg": "ES256",
        "kid": books.key_id,
        "x": encode(&x),
        "y": encode(&y),
    });
    Json(json!({ "keys": [key] }))
}

/// OpenID Connect Core 1.0 §3.1.3, RFC 7636 §4.6.
async fn token(State(desk): State<Desk>, headers: HeaderMap, body: Bytes) -> Response {
    let mut books = desk.lock().unwrap();
    books.asked_for_tokens += 1;
    let refuse = |code: u16, error: &str| answer((code, json!({ "error": error })));
    let form: HashMap<_, _> = form_urlencoded::parse(&body).into_owned().collect();
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let in_body = (field("client_id"), field("client_secret"));
    let is_client = match books.clients {
        Clients::Header => in_body == ("", "") && says_secret(&headers),
        Clients::Body => in_body == (CLIENT, SECRET) && !headers.contains_key(AUTHORIZATION),
        Clients::Public => in_body == (CLIENT, "") && !headers.contains_key(AUTHORIZATION),
    };
    if !is_client {
        return refuse(401, "invalid_client");
    }
    if field("grant_type") != "authorization_code" {
        return refuse(400, "unsupported_grant_type");
    }
    let Some(issued) = books.codes.remove(field("code")) else {
        return refuse(400, "invalid_grant");
    };
    let challenge = encode(&Sha256::digest(field("code_verifier")));
    if challenge != issued.challenge || field("redirect_uri") != issued.redirect_uri {
        return refuse(400, "invalid_grant");
    }
    let tokens =
        json!({ "access_token": "unused", "token_type": "Bearer", "id_token": issued.token });
    answer(books.answer.clone().unwrap_or((200, tokens)))
}

/// RFC 6749 §2.3.1.
fn says_secret(headers: &HeaderMap) -> bool {
    let value = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap());
    let basic = value.and_then(|value| value.strip_prefix("Basic ")).unwrap_or_default();
    let pair = String::from_utf8(BASE64_STANDARD.decode(basic).unwrap()).unwrap();
    let (id, secret) = pair.split_once(':').unwrap_or_default();
    let decoded = |text: &str| {
        let text = format!("={text}");
        form_urlencoded::parse(text.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    (decoded(id).as_deref(), decoded(secret).as_deref()) == (Some(CLIENT), Some(SECRET))
}

fn answer((status, body): (u16, Value)) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    match body {
        Value::String(to) if status.is_redirection() => (status, [(LOCATION, to)]).into_response(),
        Value::String(text) => (status, text).into_response(),
        body => (status, Json(body)).into_response(),
    }
}

fn random_key() -> SigningKey {
    SigningKey::from_slice(&rand::random::<[u8; 32]>()).unwrap()
}

/// HMAC-SHA-256 (RFC 2104), with a key that is shorter than a block.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let pad = |byte: u8| {
        let mut block = [byte; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::digest([&pad(0x36)[..], message].concat());
    Sha256::digest([&pad(0x5c)[..], inner.as_slice()].concat()).to_vec()
}

/// A signed token whose claims were changed afterwards.
fn altered(token: String) -> String {
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    let mut claims: Value = serde_json::from_slice(&decode(&parts[1])).unwrap();
    claims["sub"] = "subject of somebody else".into();
    parts[1] = encode(claims.to_string().as_bytes());
    parts.join(".")
}

pub type Bend = fn(&mut Token);

/// Tokens that none should believe.
pub const BENT: [(&str, Bend); 13] = [
    ("expired", |token| token.claims["exp"] = token.claims["iat"].clone()),
    ("for another client", |token| token.claims["aud"] = "another".into()),
    ("for nobody", |token| drop_claim(token, "aud")),
    ("for another client too", |token| token.claims["aud"] = json!([CLIENT, "another"])),
    ("issued to another client", |token| token.claims["azp"] = "another".into()),
    ("by another issuer", |token| token.claims["iss"] = "http://localhost:1".into()),
    ("by an issuer that looks the same", |token| {
        token.claims["iss"] = format!("{}/", token.claims["iss"].as_str().unwrap()).into();
    }),
    ("with another nonce", |token| token.claims["nonce"] = "another".into()),
    ("without a nonce", |token| drop_claim(token, "nonce")),
    ("altered", |token| token.spoil = altered),
    ("without its signature", |token| {
        token.spoil = |token| format!("{}.", token.rsplit_once('.').unwrap().0);
    }),
    ("unsigned", |token| token.header = json!({ "alg": "none" })),
    ("signed with the client's secret", |token| token.header = json!({ "alg": "HS256" })),
];

/// Tokens that lack what every one has.
pub const UNREADABLE: [(&str, Bend); 4] = [
    ("without expiry", |token| drop_claim(token, "exp")),
    ("by nobody", |token| drop_claim(token, "iss")),
    ("about nobody", |token| drop_claim(token, "sub")),
    ("no token at all", |token| token.spoil = |_| "nonsense".to_owned()),
];

pub fn drop_claim(token: &mut Token, name: &str) {
    token.claims.as_object_mut().unwrap().remove(name).unwrap();
}
