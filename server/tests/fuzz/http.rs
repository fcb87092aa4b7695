//! Form bodies, messages, cookies, `next`, `User-Agent` and addresses, through the router.

use std::net::IpAddr;

use app::api::Next;
use axum::{
    body::{Body, to_bytes},
    http::{
        HeaderMap, HeaderValue, Request, StatusCode, Uri,
        header::{COOKIE, HeaderName, LOCATION, USER_AGENT},
    },
};
use latchkey::guard::address::{client, is_proxy};
use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt;
use url::{Url, form_urlencoded};

use super::{fuzz, mutation::mutations};
use crate::support::{
    On,
    authenticator::Authenticator,
    visitor::{FIREFOX, PASSWORD, Shop, Visitor},
};

/// A shop on SQLite, and whatever waits for it.
pub(super) struct Open<D> {
    pub(super) runtime: Runtime,
    pub(super) shop: D,
    _folder: TempDir,
}

impl<D: On> Open<D> {
    pub(super) fn new() -> Self {
        let (runtime, folder) = (Runtime::new().unwrap(), TempDir::new().unwrap());
        let url = format!("sqlite:{}/test.db", folder.path().display());
        let shop = runtime.block_on(D::on(url));
        Self { runtime, shop, _folder: folder }
    }
}

struct Sent<'a> {
    method: &'a str,
    uri: String,
    headers: Vec<(HeaderName, Vec<u8>)>,
    body: Vec<u8>,
}

const HTML: &str = "application/x-www-form-urlencoded";

impl Open<Shop> {
    /// Where the answer leads; nothing where this is no HTTP, which never comes as far as to us.
    fn ask(&self, sent: Sent<'_>) -> Option<Answered> {
        let mut request = Request::builder()
            .method(sent.method)
            .uri(Uri::try_from(sent.uri).ok()?)
            .header("sec-fetch-site", "same-origin");
        for (name, value) in sent.headers {
            request = request.header(name, HeaderValue::from_bytes(&value).ok()?);
        }
        let request = request.body(Body::from(sent.body)).unwrap();
        self.runtime.block_on(async {
            let response = self.shop.router.clone().oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            assert!(!parts.status.is_server_error(), "{}", String::from_utf8_lossy(&body));
            let location = parts.headers.get(LOCATION).map(|to| to.to_str().unwrap().to_owned());
            Some(Answered { status: parts.status, location })
        })
    }

    fn post(
        &self,
        path: &str,
        cookie: Option<&str>,
        kind: &str,
        body: Vec<u8>,
    ) -> Option<Answered> {
        let mut headers = vec![("content-type".parse().unwrap(), kind.into())];
        headers.extend(cookie.map(|cookie| (COOKIE, cookie.into())));
        headers.push(("latchkey-script".parse().unwrap(), b"1".to_vec()));
        self.ask(Sent { method: "POST", uri: path.to_owned(), headers, body })
    }

    /// A page of an account: whether the visitor with these cookies is signed in.
    fn is_signed_in(&self, cookies: Vec<u8>) -> Option<bool> {
        let headers = vec![(COOKIE, cookies)];
        let sent = Sent { method: "GET", uri: "/account".into(), headers, body: vec![] };
        Some(self.ask(sent)?.status == StatusCode::OK)
    }

    fn member(&self) -> (Visitor, String) {
        let member = self.runtime.block_on(self.shop.member_with_password("robin"));
        let cookie = member.cookie.clone().unwrap();
        (member, cookie)
    }
}

struct Answered {
    status: StatusCode,
    location: Option<String>,
}

/// Without an account, and with one.
const FORMS: [(&str, &str); 12] = [
    ("/sign-up", "username=rowan&display_name=Rowan&password=&way=passkey&next=/cart"),
    ("/cart", "slug=door-mat&quantity=2&action=add"),
    ("/checkout", "name=Robin&address=1+Lane&token=AAAA"),
    ("/recover", "username=robin&code=aaaa-bbbb-cccc-dddd-eeee-ffff&next=/cart"),
    ("/second-factor", "code=aaaa-bbbb-cccc-dddd-eeee-ffff&next=/cart"),
    ("/federated/acorn/token", "nonce=AAAA&token=a.b.c&next=/cart"),
    ("/account/name", "display_name=Robin&username=robin"),
    ("/account/passkeys/AAAA/name", "name=My+phone"),
    ("/account/second-factor", "on=yes"),
    ("/account/automatic-sign-in", "on=yes"),
    ("/account/sessions/AAAA/end", ""),
    ("/account/offer/dismiss", ""),
];

#[test]
fn altered_forms_never_break_the_shop() {
    let open = Open::<Shop>::new();
    let (_, cookie) = open.member();
    let forms = prop::sample::select(&FORMS[..]);
    fuzz(
        (forms, mutations(), any::<bool>(), any::<bool>()),
        |((path, form), mutation, member, part)| {
            let cookie = member.then_some(cookie.as_str());
            if part {
                let kind = "multipart/form-data; boundary=part";
                open.post(path, cookie, kind, mutation.of(&multipart(form)));
            } else {
                open.post(path, cookie, HTML, mutation.of(form.as_bytes()));
            }
        },
    );
}

fn multipart(form: &str) -> Vec<u8> {
    let parts = form_urlencoded::parse(form.as_bytes()).map(|(name, value)| {
        let disposition = format!("Content-Disposition: form-data; name=\"{name}\"");
        format!("--part\r\n{disposition}\r\n\r\n{value}\r\n")
    });
    format!("{}--part--\r\n", parts.collect::<String>()).into_bytes()
}

#[test]
fn only_the_right_fields_sign_in() {
    let open = Open::<Shop>::new();
    open.member();
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("username", "robin"), ("password", PASSWORD), ("next", "/cart")])
        .finish();
    fuzz(mutations(), |mutation| {
        let body = mutation.of(form.as_bytes());
        let fields: Vec<_> = form_urlencoded::parse(&body).collect();
        let field = |name| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value);
        let right = field("username").is_some_and(|name| name.trim().to_lowercase() == "robin")
            && field("password").is_some_and(|password| password == PASSWORD);
        let headers = vec![("content-type".parse().unwrap(), HTML.into())];
        let body = body.clone();
        let sent = Sent { method: "POST", uri: "/sign-in".into(), headers, body };
        let answered = open.ask(sent).unwrap();
        if let Some(to) = answered.location {
            assert!(right, "{fields:?}");
            assert!(is_ours(&to), "{to}");
        }
    });
}

#[test]
fn altered_messages_never_break_the_shop() {
    let open = Open::<Shop>::new();
    let mut passkey = Authenticator::new();
    let mut visitor = open.shop.visitor();
    let options = open.runtime.block_on(visitor.sign_up_options("robin"));
    let created = passkey.create(&options).to_string();
    let assertion = passkey.get(&open.runtime.block_on(visitor.sign_in_options())).to_string();
    let name = json!({ "username": "robin", "display_name": "Robin" });
    let messages = [
        ("/api/passkey/sign-up/start", name.clone()),
        ("/api/passkey/sign-up/finish", {
            let mut message = name;
            message["credential"] = created.into();
            message
        }),
        ("/api/passkey/sign-in/start", json!({})),
        ("/api/passkey/sign-in/finish", json!({ "credential": assertion })),
        ("/api/passkey/reauthentication/finish", json!({ "credential": assertion })),
        ("/api/passkey/addition/start", json!({ "conditional": true, "platform": false })),
    ];
    let messages = messages.map(|(path, message)| (path, message.to_string()));
    fuzz((0..messages.len(), mutations()), |(which, mutation)| {
        let (path, message) = &messages[which];
        open.post(path, None, "application/json", mutation.of(message.as_bytes()));
    });
}

#[test]
fn an_altered_session_is_none() {
    let open = Open::<Shop>::new();
    let (_, cookie) = open.member();
    assert_eq!(open.is_signed_in(cookie.clone().into_bytes()), Some(true));
    fuzz(mutations(), |mutation| {
        let altered = mutation.of(cookie.as_bytes());
        if open.is_signed_in(altered.clone()) == Some(true) {
            let altered = String::from_utf8(altered).unwrap();
            let same = altered.split(';').any(|one| one.trim() == cookie);
            assert!(same, "{altered} for {cookie}");
        }
    });
}

#[test]
fn an_altered_browser_is_another() {
    let open = Open::<Shop>::new();
    let (mut visitor, mut passkey) = open.runtime.block_on(open.shop.member("robin"));
    let options = open.runtime.block_on(async {
        visitor.sign_out().await;
        visitor.sign_in_options().await
    });
    let message = json!({ "credential": passkey.get(&options).to_string() }).to_string();
    let (name, value) = visitor.others[0].clone();
    let cookie = format!("{name}={value}");
    fuzz(mutations(), |mutation| {
        let altered = mutation.of(cookie.as_bytes());
        let same = String::from_utf8_lossy(&altered).split(';').any(|one| one.trim() == cookie);
        let headers =
            vec![("content-type".parse().unwrap(), "application/json".into()), (COOKIE, altered)];
        let uri = "/api/passkey/sign-in/finish".to_owned();
        let body = message.clone().into_bytes();
        if !same && let Some(answered) = open.ask(Sent { method: "POST", uri, headers, body }) {
            assert_ne!(answered.status, StatusCode::OK);
        }
    });
}

const NEXT: [&str; 10] = [
    "/cart?from=/products/lantern",
    "//evil.example/",
    "/\\evil.example",
    "https://evil.example",
    "/\t/evil.example",
    "/%2f/evil.example",
    "/./../evil.example",
    "/.//evil.example",
    "javascript:alert(1)",
    "/products/lantern#//evil.example",
];

#[test]
fn next_stays_in_the_shop() {
    let text = prop_oneof![
        (prop::sample::select(&NEXT[..]), mutations())
            .prop_map(|(sample, mutation)| mutation.of_text(sample)),
        any::<String>(),
        "[/\\\\.:@?#\t\r\n a-z]{0,12}",
    ];
    fuzz(text, |text| {
        let next = Next::parse(&text);
        assert!(is_ours(next.as_str()), "{next}");
    });
}

fn is_ours(next: &str) -> bool {
    let shop: Url = "https://shop.example/sign-in".parse().unwrap();
    let led = shop.join(next);
    next.starts_with('/') && led.is_ok_and(|led| led.origin() == shop.origin())
}

#[test]
fn addresses_and_browsers_never_break_the_shop() {
    let open = Open::<Shop>::new();
    let address = prop::sample::select(
        &[
            "/products/lantern?from=/cart",
            "/sign-in?next=/cart%3Fa=b",
            "/federated?origin=https://acorn.example&login_hint=robin&next=/cart&automatic=yes",
            "/federated/acorn/callback?code=abc&state=def",
            "/account/events/AAAA",
            "/orders/1",
            "/.well-known/change-password",
        ][..],
    );
    fuzz((address, mutations(), mutations()), |(address, path, agent)| {
        let headers = vec![
            (USER_AGENT, agent.of(FIREFOX.as_bytes())),
            ("accept".parse().unwrap(), b"text/html".to_vec()),
        ];
        let sent = Sent { method: "GET", uri: path.of_text(address), headers, body: vec![] };
        if let Some(Answered { location: Some(to), .. }) = open.ask(sent) {
            assert!(is_ours(&to), "{to}");
        }
    });
}

#[test]
fn only_a_proxy_says_where_a_request_came_from() {
    const SAMPLES: [(&str, &str); 4] = [
        ("forwarded", "for=192.0.2.1;proto=https, For=\"[2001:db8::17]:4711\";by=10.0.0.1"),
        ("forwarded", "for=unknown, for=_hidden"),
        ("x-forwarded-for", "192.0.2.1, 203.0.113.9, 10.1.1.1"),
        ("x-forwarded-for", "[2001:db8::17]:4711"),
    ];
    let proxies = ["10.0.0.0/8".parse().unwrap()];
    let headers = prop::collection::vec((prop::sample::select(&SAMPLES[..]), mutations()), 0..3);
    fuzz((headers, any::<IpAddr>()), |(said, peer)| {
        let mut headers = HeaderMap::new();
        for ((name, sample), mutation) in &said {
            if let Ok(value) = HeaderValue::from_bytes(&mutation.of(sample.as_bytes())) {
                headers.append(*name, value);
            }
        }
        let from = |peer: IpAddr| client(peer, &headers, &proxies);
        if !is_proxy(peer, &proxies) {
            assert_eq!(from(peer), peer.to_canonical());
        }
        // Whatever is said before, what the proxy itself adds is what counts.
        let proxy = [10, 0, 0, 1].into();
        let _anything = from(proxy);
        let name = if headers.contains_key("forwarded") { "forwarded" } else { "x-forwarded-for" };
        let value = if name == "forwarded" { "for=198.51.100.7" } else { "198.51.100.7" };
        let mut added = headers.clone();
        added.append(name, HeaderValue::from_static(value));
        assert_eq!(client(proxy, &added, &proxies), IpAddr::from([198, 51, 100, 7]));
    });
}
