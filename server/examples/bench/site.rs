//! What a client says to the one and to the other server: they do the same at other addresses.

use std::net::SocketAddr;

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use hmac::{Hmac, Mac};
use hyper::header::HeaderValue;
use sha2::Sha256;

use crate::{
    client::{Answer, Client, Failure, JSON},
    people::{Account, Person, Says},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Latchkey,
    Peer,
}

/// A server that is running.
#[derive(Clone, Debug)]
pub struct Site {
    pub kind: Kind,
    pub address: SocketAddr,
    pub origin: String,
}

pub const RP_ID: &str = "localhost";

/// What the peer signs its cookies with.
pub const PEER_SECRET: &str = "peer";

/// A challenge, and the cookies of the browser that it was given to.
pub struct Started {
    pub challenge: String,
    pub cookies: Option<HeaderValue>,
}

impl Site {
    pub fn new(kind: Kind, address: SocketAddr) -> Self {
        Self { kind, address, origin: format!("http://{RP_ID}:{}", address.port()) }
    }

    /// The cookie of the session that is signed in to the account.
    pub fn session(&self, account: &Account) -> HeaderValue {
        let id = account.session;
        let cookie = match self.kind {
            Kind::Latchkey => format!("latchkey={id}"),
            Kind::Peer => {
                let mut code = Hmac::<Sha256>::new_from_slice(PEER_SECRET.as_bytes())
                    .expect("a key of any length");
                code.update(id.to_string().as_bytes());
                let code = BASE64_STANDARD_NO_PAD.encode(code.finalize().into_bytes());
                let code = code.replace('+', "%2B").replace('/', "%2F");
                format!("connect.sid=s%3A{id}.{code}")
            }
        };
        HeaderValue::try_from(cookie).expect("a cookie is a header")
    }

    /// What a browser asks before it asks its passkeys.
    pub async fn start(&self, client: &mut Client) -> Result<Started, String> {
        let (path, body) = match self.kind {
            Kind::Latchkey => ("/api/passkey/sign-in/start", "{}"),
            Kind::Peer => ("/sign-in/start", "{}"),
        };
        let answer = client.post(path, JSON, None, body.to_owned()).await?;
        if answer.status != 200 {
            return Err(format!("start: {}", answer.refusal()));
        }
        let challenge = challenge(&answer.body).ok_or("start: no challenge")?;
        Ok(Started { challenge, cookies: answer.cookies() })
    }

    /// Brings the passkey's answer.
    pub async fn finish(
        &self,
        client: &mut Client,
        cookies: Option<HeaderValue>,
        answer: String,
    ) -> Result<Answer, Failure> {
        let (path, body) = match self.kind {
            Kind::Latchkey => {
                let body = format!(r#"{{"credential":"{}"}}"#, answer.replace('"', "\\\""));
                ("/api/passkey/sign-in/finish", body)
            }
            Kind::Peer => ("/sign-in/finish", answer),
        };
        client.post(path, JSON, cookies, body).await
    }

    /// A whole sign-in, with cookies of its own.
    pub async fn sign_in(&self, client: &mut Client, person: &Person) -> Result<(), String> {
        let started = self.start(client).await?;
        let answer = person.answer(&self.says(&started.challenge));
        let answer = self.finish(client, started.cookies, answer).await?;
        if answer.status != 200 {
            return Err(format!("finish: {}", answer.refusal()));
        }
        Ok(())
    }

    /// What is right.
    pub fn says<'a>(&'a self, challenge: &'a str) -> Says<'a> {
        Says { challenge, origin: &self.origin, rp_id: RP_ID }
    }
}

/// The challenge in the options, also where these are text within JSON. To parse all of them costs
/// more than it finds.
fn challenge(options: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"challenge";
    let is_text = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let at = options.windows(NAME.len()).position(|window| window == NAME)? + NAME.len();
    let rest = &options[at..];
    let begin = rest.iter().position(is_text)?;
    let text: Vec<_> = rest[begin..].iter().copied().take_while(is_text).collect();
    String::from_utf8(text).ok()
}
