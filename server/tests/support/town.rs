//! A shop and the providers that it works with, and the ways to them and back.

use axum::http::header::LOCATION;
use latchkey::{oidc::Providers, store::IdentityRow};

use super::{
    On,
    authenticator::Authenticator,
    provider::{Asked, Provider, Token},
    visitor::{Answer, PASSWORD, Shop, Visitor},
};

pub const LINK: &str = "/account/providers/acorn/link";

pub const CHANGE: &str = "/account/password";

pub const REVIEW: &str = "/account/review";

pub const UNVERIFIED: &str = "said could not be verified";

pub const UNAVAILABLE: &str = "does not answer at the moment";

pub const TOO_LATE: &str = "took too long, was answered before, or was begun in another browser";

/// A shop, and two providers that it works with.
pub struct Town {
    pub shop: Shop,
    pub acorn: Provider,
    pub birch: Provider,
}

impl On for Town {
    async fn on(url: String) -> Self {
        let shop = Shop::on(url).await;
        let acorn = Provider::open("acorn", "Acorn", shop.clock.clone()).await;
        let birch = Provider::open("birch", "Birch", shop.clock.clone()).await;
        let providers = vec![acorn.configured(), birch.configured()];
        let shop = shop.changed(|config| config.providers = Providers(providers)).await;
        Self { shop, acorn, birch }
    }
}

impl Town {
    /// A visitor whose new account begins with Acorn.
    pub async fn member(&self, username: &str) -> Visitor {
        let mut visitor = self.shop.visitor();
        let page = "/sign-up/provider?next=/cart";
        through(&mut visitor, &self.acorn, username, "/cart").await.expect_redirect(page);
        choose(&mut visitor, username).await.expect_redirect("/cart");
        visitor
    }

    /// A visitor whose account has Acorn, a password, a passkey and the second factor.
    pub async fn careful(&self, username: &str) -> (Visitor, Authenticator) {
        let (mut visitor, mut passkey) = (self.member(username).await, Authenticator::new());
        visitor.add(&mut passkey).await.expect_status(200);
        visitor.post("/account/password", &[("action", "set"), ("password", PASSWORD)]).await;
        let on = [("on", "yes")];
        visitor.post("/account/second-factor", &on).await.expect_redirect("/account");
        (visitor, passkey)
    }

    pub async fn identities(&self, username: &str) -> Vec<IdentityRow> {
        let store = &self.shop.store;
        let account = store.account_named(username).await.unwrap().unwrap();
        store.identities_of(account.id).await.unwrap()
    }

    /// Where one unlinks what is linked first.
    pub async fn unlink(&self, username: &str) -> String {
        format!("/account/identities/{}/unlink", self.identities(username).await[0].id)
    }

    pub async fn has_account(&self, username: &str) -> bool {
        self.shop.store.username_taken(username).await.unwrap()
    }
}

/// Follows a link as far as to the provider.
pub async fn leave(visitor: &mut Visitor, path: &str) -> Asked {
    let answer = visitor.get(path).await.expect_status(303);
    Asked::read(answer.headers[LOCATION].to_str().unwrap())
}

/// Presses a button as far as to the provider.
pub async fn leave_by_form(visitor: &mut Visitor, path: &str, next: &str) -> Asked {
    let answer = visitor.post(path, &[("next", next)]).await.expect_status(200);
    let refresh = answer.headers["refresh"].to_str().unwrap();
    Asked::read(refresh.strip_prefix("0; url=").unwrap())
}

pub fn token_for(provider: &Provider, who: &str, asked: &Asked) -> Token {
    provider.token(who, asked.get("nonce").unwrap())
}

pub fn callback(provider: &Provider, asked: &Asked, code: &str) -> String {
    format!("/federated/{}/callback?code={code}&state={}", provider.id, asked.state())
}

/// Signs in with the provider, and comes back.
pub async fn come_back(
    visitor: &mut Visitor,
    provider: &Provider,
    asked: &Asked,
    token: &Token,
) -> Answer {
    let code = provider.code(asked, token);
    visitor.get(&callback(provider, asked, &code)).await
}

/// All the way, as `who`.
pub async fn through(visitor: &mut Visitor, provider: &Provider, who: &str, next: &str) -> Answer {
    let asked = leave(visitor, &format!("/federated/{}?next={next}", provider.id)).await;
    come_back(visitor, provider, &asked, &token_for(provider, who, &asked)).await
}

/// Answers the page that asks for a username.
pub async fn choose(visitor: &mut Visitor, username: &str) -> Answer {
    let fields = [("username", username), ("display_name", "Robin"), ("next", "/cart")];
    visitor.post("/sign-up/provider", &fields).await
}

/// As the page's script asks for the way, for a provider that the browser remembers.
pub async fn remembered(
    visitor: &mut Visitor,
    origin: &str,
    login_hint: &str,
    automatic: &str,
) -> Answer {
    let fields = [
        ("origin", origin),
        ("login_hint", login_hint),
        ("next", "/cart"),
        ("automatic", automatic),
    ];
    visitor.post_by_script("/federated", &fields).await
}

/// The same where nobody has pressed anything.
pub async fn by_itself(visitor: &mut Visitor, provider: &Provider) -> Answer {
    remembered(visitor, &provider.issuer, "robin", "yes").await
}

pub async fn leave_by_itself(visitor: &mut Visitor, provider: &Provider) -> Asked {
    way(&by_itself(visitor, provider).await)
}

/// Where the page's script is to go.
pub fn way(answer: &Answer) -> Asked {
    assert_eq!(answer.status, 200, "{}", answer.body);
    Asked::read(answer.json()["to"].as_str().unwrap())
}

pub async fn nonce(visitor: &mut Visitor, provider: &str) -> String {
    let answer = visitor.post_by_script(&format!("/federated/{provider}/nonce"), &[]).await;
    answer.expect_status(200).json().as_str().unwrap().to_owned()
}

/// What the page's script posts when the browser has brought a token.
pub async fn bring(visitor: &mut Visitor, provider: &str, nonce: &str, token: &str) -> Answer {
    let fields = [("nonce", nonce), ("token", token), ("next", "/orders")];
    visitor.post_by_script(&format!("/federated/{provider}/token"), &fields).await
}

/// What the page tells its script, without the ways in which quotes are written.
pub fn told(page: &Answer) -> String {
    page.body.replace("&quot;", "\"").replace("\\\"", "\"")
}

/// Whether the page has the browser remember who robin is with the provider.
pub fn remembers(provider: &Provider, page: &Answer) -> bool {
    let origin = provider.configured().origin().unwrap();
    told(page).contains(&format!(r#""id":"robin","name":"Robin","origin":"{origin}"#))
}

pub async fn add_to_cart(visitor: &mut Visitor, quantity: &str) {
    let fields = [("slug", "door-mat"), ("quantity", quantity), ("action", "add")];
    visitor.post("/cart", &fields).await.expect_redirect("/cart");
}

/// The page for signing in, with all its ways, where to go and what went wrong.
#[track_caller]
pub fn expect_other_ways(answer: Answer, status: u16, sentence: &str, next: &str) {
    let answer = answer.expect_status(status).expect_text(sentence).expect_text("role=\"alert\"");
    let answer = answer.expect_text("name=\"password\"").expect_text("Continue with Birch");
    answer.expect_text(&format!("name=\"next\" value=\"{next}\"")).expect_no_internals();
}
