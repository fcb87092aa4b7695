//! Signing in with a provider (OpenID Connect, FedCM), through the real router and with a
//! provider on loopback; and what an attacker would try.

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, header::LOCATION},
};
use latchkey::store::IdentityRow;
use serde_json::{Value, json};
use tokio::{
    runtime::Handle,
    task::{spawn_blocking, yield_now},
};
use tower::ServiceExt;

use crate::support::{
    On,
    authenticator::Authenticator,
    on_both,
    provider::{Asked, CLIENT, Clients, Provider, Token, altered},
    visitor::{Answer, PASSWORD, Shop, Visitor},
};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
/// A proof is good for five minutes.
const STALE: i64 = 5 * MINUTE;

/// A store, and two providers that it works with.
struct Town {
    shop: Shop,
    acorn: Provider,
    birch: Provider,
}

impl On for Town {
    async fn on(url: String) -> Self {
        let shop = Shop::on(url).await;
        let acorn = Provider::open("acorn", "Acorn", shop.clock.clone()).await;
        let birch = Provider::open("birch", "Birch", shop.clock.clone()).await;
        let providers = vec![acorn.configured(), birch.configured()];
        let shop = shop.changed(|server| server.providers = providers);
        Self { shop, acorn, birch }
    }
}

impl Town {
    /// A visitor whose new account begins with Acorn.
    async fn member(&self, username: &str) -> Visitor {
        let mut visitor = self.shop.visitor();
        let page = "/sign-up/provider?next=/cart";
        through(&mut visitor, &self.acorn, username, "/cart").await.expect_redirect(page);
        choose(&mut visitor, username).await.expect_redirect("/cart");
        visitor
    }

    /// The same with a password, a passkey and the second factor.
    async fn careful(&self, username: &str) -> (Visitor, Authenticator) {
        let (mut visitor, mut passkey) = (self.member(username).await, Authenticator::new());
        visitor.add(&mut passkey).await.expect_status(200);
        visitor.post("/account/password", &[("action", "set"), ("password", PASSWORD)]).await;
        let on = [("on", "yes")];
        visitor.post("/account/second-factor", &on).await.expect_redirect("/account");
        (visitor, passkey)
    }

    async fn identities(&self, username: &str) -> Vec<IdentityRow> {
        let store = &self.shop.store;
        let account = store.account_named(username).await.unwrap().unwrap();
        store.identities_of(account.id).await.unwrap()
    }

    /// Where one unlinks what is linked first.
    async fn unlink(&self, username: &str) -> String {
        format!("/account/identities/{}/unlink", self.identities(username).await[0].id)
    }

    async fn has_account(&self, username: &str) -> bool {
        self.shop.store.username_taken(username).await.unwrap()
    }
}

/// Follows a link as far as to the provider.
async fn leave(visitor: &mut Visitor, path: &str) -> Asked {
    let answer = visitor.get(path).await.expect_status(303);
    Asked::read(answer.headers[LOCATION].to_str().unwrap())
}

/// Presses a button as far as to the provider.
async fn leave_by_form(visitor: &mut Visitor, path: &str, next: &str) -> Asked {
    let answer = visitor.post(path, &[("next", next)]).await.expect_status(200);
    let refresh = answer.headers["refresh"].to_str().unwrap();
    Asked::read(refresh.strip_prefix("0; url=").unwrap())
}

fn token_for(provider: &Provider, who: &str, asked: &Asked) -> Token {
    provider.token(who, asked.get("nonce").unwrap())
}

fn callback(provider: &Provider, asked: &Asked, code: &str) -> String {
    format!("/federated/{}/callback?code={code}&state={}", provider.id, asked.state())
}

/// Signs in with the provider, and comes back.
async fn come_back(
    visitor: &mut Visitor,
    provider: &Provider,
    asked: &Asked,
    token: &Token,
) -> Answer {
    let code = provider.code(asked, token);
    visitor.get(&callback(provider, asked, &code)).await
}

/// All the way, as `who`.
async fn through(visitor: &mut Visitor, provider: &Provider, who: &str, next: &str) -> Answer {
    let asked = leave(visitor, &format!("/federated/{}?next={next}", provider.id)).await;
    come_back(visitor, provider, &asked, &token_for(provider, who, &asked)).await
}

/// Answers the page that asks for a username.
async fn choose(visitor: &mut Visitor, username: &str) -> Answer {
    let fields = [("username", username), ("display_name", "Robin"), ("next", "/cart")];
    visitor.post("/sign-up/provider", &fields).await
}

/// What the page tells its script, without the ways in which quotes are written.
fn told(page: &Answer) -> String {
    page.body.replace("&quot;", "\"").replace("\\\"", "\"")
}

/// Whether the page has the browser remember who robin is with the provider.
fn remembers(provider: &Provider, page: &Answer) -> bool {
    let origin = provider.configured().origin().unwrap();
    told(page).contains(&format!(r#""id":"robin","name":"Robin","origin":"{origin}"#))
}

async fn add_to_cart(visitor: &mut Visitor, quantity: &str) {
    let fields = [("slug", "door-mat"), ("quantity", quantity), ("action", "add")];
    visitor.post("/cart", &fields).await.expect_redirect("/cart");
}

/// The page for signing in, with all its ways, where to go and what went wrong.
#[track_caller]
fn expect_other_ways(answer: Answer, status: u16, sentence: &str, next: &str) {
    let answer = answer.expect_status(status).expect_text(sentence).expect_text("role=\"alert\"");
    let answer = answer.expect_text("name=\"password\"").expect_text("Continue with Birch");
    answer.expect_text(&format!("name=\"next\" value=\"{next}\"")).expect_no_internals();
}

const UNVERIFIED: &str = "said could not be verified";
const UNAVAILABLE: &str = "does not answer at the moment";
const TOO_LATE: &str = "took too long, was answered before, or was begun in another browser";

// ---------------------------------------------------------------- signing in

#[on_both]
async fn the_first_time_somebody_chooses_a_username_and_later_just_signs_in(town: Town) {
    let mut visitor = town.shop.visitor();
    visitor
        .get("/sign-up?next=/orders")
        .await
        .expect_text("href=\"/federated/acorn?next=/orders\"");
    let asked = leave(&mut visitor, "/federated/acorn?next=/orders").await;
    assert_eq!(asked.get("client_id"), Some(CLIENT));
    assert_eq!(asked.get("response_type"), Some("code"));
    assert_eq!(asked.get("code_challenge_method"), Some("S256"));
    assert_eq!(asked.get("redirect_uri"), Some("http://localhost:3000/federated/acorn/callback"));
    assert!(asked.get("scope").unwrap().split(' ').any(|scope| scope == "openid"));
    assert_eq!(
        (asked.get("prompt"), asked.get("max_age"), asked.get("login_hint")),
        (None, None, None)
    );

    let token = token_for(&town.acorn, "robin", &asked);
    let page = "/sign-up/provider?next=/orders";
    come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_redirect(page);
    assert!(!visitor.is_signed_in().await && !town.has_account("robin").await);
    let form =
        visitor.get(page).await.expect_status(200).expect_text("Acorn (robin) says that it is you");
    form.expect_text("value=\"robin\"")
        .expect_text("value=\"Robin\"")
        .expect_text("value=\"/orders\"");

    choose(&mut visitor, "robin").await.expect_redirect("/cart");
    visitor.get("/account").await.expect_text("Username: <!>robin").expect_text("With Acorn");
    visitor.sign_out().await;
    through(&mut visitor, &town.acorn, "robin", "/one-button").await.expect_redirect("/one-button");
    assert!(visitor.is_signed_in().await);
}

#[on_both]
async fn a_username_that_will_not_do_shows_the_page_again(town: Town) {
    town.shop.member("taken").await;
    let mut visitor = town.shop.visitor();
    through(&mut visitor, &town.acorn, "taken", "/cart").await;
    // What is taken is not suggested.
    visitor.get("/sign-up/provider").await.expect_text("(taken)").expect_no_text("value=\"taken\"");
    let again = choose(&mut visitor, "taken")
        .await
        .expect_status(409)
        .expect_text("That username is taken");
    again
        .expect_text("value=\"taken\"")
        .expect_text("value=\"Robin\"")
        .expect_text("value=\"/cart\"");
    choose(&mut visitor, "a b")
        .await
        .expect_status(422)
        .expect_text("value=\"a b\"")
        .expect_text("3 to 64 letters");
    let nameless = [("username", "robin"), ("display_name", " ")];
    visitor
        .post("/sign-up/provider", &nameless)
        .await
        .expect_status(422)
        .expect_text("enter a name");
    assert!(!visitor.is_signed_in().await);
    choose(&mut visitor, "robin").await.expect_redirect("/cart");
    assert!(visitor.is_signed_in().await);
}

#[on_both]
async fn a_newcomer_has_half_an_hour(town: Town) {
    let mut visitor = town.shop.visitor();
    through(&mut visitor, &town.acorn, "robin", "/cart").await;
    town.shop.clock.advance(30 * MINUTE - 1);
    visitor.get("/sign-up/provider?next=/cart").await.expect_status(200);
    town.shop.clock.advance(1);
    visitor.get("/sign-up/provider?next=/cart").await.expect_redirect("/sign-in?next=/cart");
    choose(&mut visitor, "robin").await.expect_redirect("/sign-up?next=/cart");
    assert!(!town.has_account("robin").await);
}

#[on_both]
async fn what_a_provider_calls_somebody_is_text(town: Town) {
    let mut visitor = town.shop.visitor();
    let asked = leave(&mut visitor, "/federated/acorn").await;
    let mut token = token_for(&town.acorn, "robin", &asked);
    let hostile = "\"><script>alert(1)</script>";
    (token.claims["name"], token.claims["preferred_username"]) = (hostile.into(), hostile.into());
    come_back(&mut visitor, &town.acorn, &asked, &token)
        .await
        .expect_redirect("/sign-up/provider?next=/");
    visitor.get("/sign-up/provider").await.expect_status(200).expect_no_text("<script>alert");
    choose(&mut visitor, "robin").await.expect_redirect("/cart");
    visitor.get("/account").await.expect_text("alert(1)").expect_no_text("<script>alert");
    visitor
        .get(&town.unlink("robin").await)
        .await
        .expect_status(200)
        .expect_no_text("<script>alert");
}

#[on_both]
async fn the_store_says_who_it_is_as_the_provider_wants_it(town: Town) {
    for clients in [Clients::Header, Clients::Body, Clients::Public] {
        town.acorn.books().clients = clients;
        let mut acorn = town.acorn.configured();
        acorn.client_secret = acorn.client_secret.filter(|_| clients != Clients::Public);
        let shop = town.shop.changed(|server| server.providers[0] = acorn);
        let answer = through(&mut shop.visitor(), &town.acorn, "robin", "/").await;
        answer.expect_redirect("/sign-up/provider?next=/");
    }
}

#[on_both]
async fn nobody_gets_an_account_without_a_provider(town: Town) {
    let mut visitor = town.shop.visitor();
    visitor.get("/sign-up/provider").await.expect_redirect("/sign-in?next=/");
    choose(&mut visitor, "robin").await.expect_redirect("/sign-up?next=/cart");
    // Nor twice, after the first one.
    let mut visitor = town.member("robin").await;
    choose(&mut visitor, "again").await.expect_redirect("/sign-up?next=/cart");
    assert!(!town.has_account("again").await);
}

#[on_both]
async fn one_identity_gets_one_account(town: Town) {
    let (mut one, mut two) = (town.shop.visitor(), town.shop.visitor());
    through(&mut one, &town.acorn, "robin", "/cart").await;
    through(&mut two, &town.acorn, "robin", "/cart").await;
    let (first, second) = tokio::join!(choose(&mut one, "first"), choose(&mut two, "second"));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409], "{} {}", first.body, second.body);
    let refused = if first.status == 409 { first } else { second };
    refused.expect_text("linked to another account of this store");
    assert_ne!(town.has_account("first").await, town.has_account("second").await);
}

#[on_both]
async fn the_cart_and_the_checkout_survive_the_way(town: Town) {
    let mut visitor = town.shop.visitor();
    add_to_cart(&mut visitor, "2").await;
    let page = "/sign-up/provider?next=/checkout";
    through(&mut visitor, &town.acorn, "robin", "/checkout").await.expect_redirect(page);
    let fields = [("username", "robin"), ("display_name", "Robin"), ("next", "/checkout")];
    visitor.post("/sign-up/provider", &fields).await.expect_redirect("/checkout");
    visitor.get("/checkout").await.expect_status(200).expect_text("door-mat");
    visitor.sign_out().await;

    add_to_cart(&mut visitor, "1").await;
    through(&mut visitor, &town.acorn, "robin", "/checkout").await.expect_redirect("/checkout");
    visitor.get("/checkout").await.expect_status(200).expect_text("with pieces: </span>3");
}

#[on_both]
async fn the_way_back_leads_nowhere_else(town: Town) {
    let mut visitor = town.member("robin").await;
    for next in
        ["//evil.example", "https://evil.example/", "/%5Cevil.example", "javascript:alert(1)"]
    {
        visitor.sign_out().await;
        through(&mut visitor, &town.acorn, "robin", next).await.expect_redirect("/");
        visitor
            .get(&format!("/federated/acorn?automatic=yes&next={next}"))
            .await
            .expect_redirect("/");
    }
    let mut visitor = town.shop.visitor();
    through(&mut visitor, &town.acorn, "other", "//evil.example")
        .await
        .expect_redirect("/sign-up/provider?next=/");
    let fields = [("username", "other"), ("display_name", "Other"), ("next", "//evil.example")];
    visitor.post("/sign-up/provider", &fields).await.expect_redirect("/");
}

#[on_both]
async fn the_same_name_at_another_provider_is_another_person(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    through(&mut visitor, &town.birch, "robin", "/cart")
        .await
        .expect_redirect("/sign-up/provider?next=/cart");
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn an_email_address_that_matches_opens_nothing(town: Town) {
    let address = "robin@provider.example";
    town.shop.member(address).await;
    let mut visitor = town.shop.visitor();
    let asked = leave(&mut visitor, "/federated/acorn?next=/cart").await;
    let mut token = token_for(&town.acorn, "robin", &asked);
    token.claims["preferred_username"] = address.into();
    let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
    answer.expect_redirect("/sign-up/provider?next=/cart");
    choose(&mut visitor, address).await.expect_status(409);
    assert!(!visitor.is_signed_in().await && town.identities(address).await.is_empty());
}

#[on_both]
async fn a_session_that_somebody_else_knows_is_worth_nothing_after(town: Town) {
    let mut visitor = town.shop.visitor();
    let asked = leave(&mut visitor, "/federated/acorn").await;
    let mut thief = visitor.clone();
    let token = token_for(&town.acorn, "robin", &asked);
    come_back(&mut visitor, &town.acorn, &asked, &token).await;
    thief.get("/sign-up/provider").await.expect_redirect("/sign-in?next=/");
    let mut thief = visitor.clone();
    choose(&mut visitor, "robin").await.expect_redirect("/cart");
    assert!(visitor.is_signed_in().await && !thief.is_signed_in().await);
}

#[on_both]
async fn the_browser_hears_of_a_sign_in_with_a_provider(town: Town) {
    let mut visitor = town.member("robin").await;
    visitor.get("/cart").await;
    visitor.sign_out().await;
    let answer = through(&mut visitor, &town.acorn, "robin", "/cart").await;
    assert_eq!(answer.headers["set-login"], "logged-in");
    // For `FederatedCredential`, on the first page only.
    assert!(remembers(&town.acorn, &visitor.get("/cart").await));
    assert!(!remembers(&town.acorn, &visitor.get("/cart").await));
}

#[on_both]
async fn the_browser_remembers_who_has_no_name(town: Town) {
    let mut visitor = town.shop.visitor();
    let asked = leave(&mut visitor, "/federated/acorn?next=/cart").await;
    let mut token = token_for(&town.acorn, "robin", &asked);
    for claim in ["preferred_username", "email", "name"] {
        drop_claim(&mut token, claim);
    }
    come_back(&mut visitor, &town.acorn, &asked, &token)
        .await
        .expect_redirect("/sign-up/provider?next=/cart");
    choose(&mut visitor, "robin").await.expect_redirect("/cart");
    let page = visitor.get("/cart").await;
    assert!(told(&page).contains(r#""id":"subject of robin","name":"Robin""#));
    // No provider is given that for a name.
    visitor.sign_out().await;
    let path = "/federated/acorn?login_hint=subject+of+robin&next=/cart";
    assert_eq!(leave(&mut visitor, path).await.get("login_hint"), None);
}

#[on_both]
async fn of_providers_at_one_origin_a_browser_remembers_none(town: Town) {
    let realms = town.shop.changed(|server| server.providers[0].alone = false);
    let mut visitor = realms.visitor();
    through(&mut visitor, &town.acorn, "robin", "/cart")
        .await
        .expect_redirect("/sign-up/provider?next=/cart");
    choose(&mut visitor, "robin").await.expect_redirect("/cart");
    assert!(!remembers(&town.acorn, &visitor.get("/cart").await));
    visitor.get("/account").await.expect_no_text("may sign you in");
    // Either could be meant.
    visitor.get(&by_itself(&town.acorn)).await.expect_status(404);
    let page = told(&realms.visitor().get("/").await);
    assert!(!page.contains(&town.acorn.issuer) && page.contains(&town.birch.issuer));
}

#[on_both]
async fn the_browser_hears_of_it_after_a_second_factor_too(town: Town) {
    let (_, mut passkey) = town.careful("robin").await;
    let mut visitor = town.shop.visitor();
    through(&mut visitor, &town.acorn, "robin", "/cart")
        .await
        .expect_redirect("/second-factor?next=/cart");
    assert!(!remembers(&town.acorn, &visitor.get("/second-factor").await));
    visitor.prove(&mut passkey).await.expect_status(200);
    assert!(remembers(&town.acorn, &visitor.get("/cart").await));
}

#[on_both]
async fn a_provider_that_the_browser_remembers_is_asked_for_that_person(town: Town) {
    let mut visitor = town.shop.visitor();
    let path = format!("/federated?origin={}&login_hint=robin&next=/cart", town.birch.issuer);
    let asked = leave(&mut visitor, &path).await;
    assert_eq!(asked.get("login_hint"), Some("robin"));
    assert!(asked.get("redirect_uri").unwrap().ends_with("/federated/birch/callback"));
    visitor.get("/federated?origin=http://localhost:1").await.expect_status(404);
    visitor.get("/federated").await.expect_status(404);
    visitor.get("/federated/nobody?next=/cart").await.expect_status(404);
    visitor.get("/federated/nobody/callback?code=1&state=1").await.expect_status(400);
}

// ---------------------------------------------------------------- what goes wrong

type Bend = fn(&mut Token);

/// Tokens that none should believe.
const BENT: [(&str, Bend); 13] = [
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
const UNREADABLE: [(&str, Bend); 4] = [
    ("without expiry", |token| drop_claim(token, "exp")),
    ("by nobody", |token| drop_claim(token, "iss")),
    ("about nobody", |token| drop_claim(token, "sub")),
    ("no token at all", |token| token.spoil = |_| "nonsense".to_owned()),
];

fn drop_claim(token: &mut Token, name: &str) {
    token.claims.as_object_mut().unwrap().remove(name).unwrap();
}

#[on_both]
async fn a_token_that_does_not_verify_signs_nobody_in(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    let bent = BENT.map(|bent| (bent, 400, UNVERIFIED));
    // What cannot be read is as good as no answer.
    let unreadable = UNREADABLE.map(|bent| (bent, 502, UNAVAILABLE));
    for ((name, bend), status, sentence) in bent.into_iter().chain(unreadable) {
        let asked = leave(&mut visitor, "/federated/acorn?next=/orders").await;
        let mut token = token_for(&town.acorn, "robin", &asked);
        bend(&mut token);
        let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
        assert_eq!(answer.status, status, "{name}");
        expect_other_ways(answer, status, sentence, "/orders");
        assert!(!visitor.is_signed_in().await, "{name}");
    }
    through(&mut visitor, &town.acorn, "robin", "/orders").await.expect_redirect("/orders");
}

#[on_both]
async fn one_audience_more_is_fine_when_it_is_this_store(town: Town) {
    let mut visitor = town.member("robin").await;
    visitor.sign_out().await;
    let asked = leave(&mut visitor, "/federated/acorn?next=/cart").await;
    let mut token = token_for(&town.acorn, "robin", &asked);
    (token.claims["aud"], token.claims["azp"]) = (json!([CLIENT]), CLIENT.into());
    come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_redirect("/cart");
}

#[on_both]
async fn without_an_id_token_nobody_is_signed_in(town: Town) {
    let mut visitor = town.shop.visitor();
    let only = json!({ "access_token": "unused", "token_type": "Bearer" });
    town.acorn.books().answer = Some((200, only));
    let answer = through(&mut visitor, &town.acorn, "robin", "/orders").await;
    expect_other_ways(answer, 400, UNVERIFIED, "/orders");
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn a_provider_that_is_down_leaves_the_other_ways(town: Town) {
    let mut town = town;
    town.acorn.close().await;
    let mut visitor = town.shop.visitor();
    let answer = visitor.get("/federated/acorn?next=/orders").await;
    expect_other_ways(answer, 502, UNAVAILABLE, "/orders");
    through(&mut visitor, &town.birch, "robin", "/orders")
        .await
        .expect_redirect("/sign-up/provider?next=/orders");
}

#[on_both]
async fn a_provider_that_fails_halfway_leaves_the_other_ways(town: Town) {
    let mut visitor = town.member("robin").await;
    visitor.sign_out().await;
    for body in [json!("Out of order"), json!(""), json!({ "unexpected": true })] {
        town.acorn.books().answer = Some((500, body));
        let answer = through(&mut visitor, &town.acorn, "robin", "/orders").await;
        expect_other_ways(answer, 502, UNAVAILABLE, "/orders");
        assert!(!visitor.is_signed_in().await);
    }
    town.acorn.books().answer = None;
    through(&mut visitor, &town.acorn, "robin", "/orders").await.expect_redirect("/orders");
}

#[on_both]
async fn a_provider_that_says_it_is_another_is_not_asked(town: Town) {
    let mut visitor = town.shop.visitor();
    let other = json!({
        "issuer": town.birch.issuer,
        "authorization_endpoint": format!("{}/authorize", town.birch.issuer),
        "token_endpoint": format!("{}/token", town.birch.issuer),
        "jwks_uri": format!("{}/keys", town.birch.issuer),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    });
    for answer in
        [(200, other), (404, json!("Nothing here")), (500, json!({})), (200, json!("<html>"))]
    {
        town.acorn.books().discovery = Some(answer);
        let answer = visitor.get("/federated/acorn?next=/orders").await;
        expect_other_ways(answer, 502, UNAVAILABLE, "/orders");
    }
    // Not remembered: it is asked again.
    town.acorn.books().discovery = None;
    leave(&mut visitor, "/federated/acorn").await;
}

#[on_both]
async fn who_declines_can_sign_in_another_way(town: Town) {
    let mut visitor = town.shop.visitor();
    for (error, sentence) in
        [("access_denied", "declined or cancelled"), ("server_error", UNVERIFIED)]
    {
        let asked = leave(&mut visitor, "/federated/acorn?next=/orders").await;
        let path = format!("/federated/acorn/callback?error={error}&state={}", asked.state());
        expect_other_ways(visitor.get(&path).await, 400, sentence, "/orders");
        // That was the answer.
        let code = town.acorn.code(&asked, &token_for(&town.acorn, "robin", &asked));
        expect_other_ways(
            visitor.get(&callback(&town.acorn, &asked, &code)).await,
            400,
            TOO_LATE,
            "/",
        );
    }
    // Neither, and both.
    for query in ["", "&code=1&error=access_denied"] {
        let asked = leave(&mut visitor, "/federated/acorn").await;
        let path = format!("/federated/acorn/callback?state={}{query}", asked.state());
        visitor.get(&path).await.expect_status(400);
    }
    assert_eq!(town.acorn.books().asked_for_tokens, 0);
}

#[on_both]
async fn an_answer_that_nobody_waits_for_is_not_taken(town: Town) {
    let (mut visitor, mut other) = (town.shop.visitor(), town.shop.visitor());
    let asked = leave(&mut visitor, "/federated/acorn?next=/orders").await;
    let code = town.acorn.code(&asked, &token_for(&town.acorn, "robin", &asked));
    leave(&mut other, "/federated/acorn").await;
    // What an attacker began is not finished in somebody else's browser.
    expect_other_ways(other.get(&callback(&town.acorn, &asked, &code)).await, 400, TOO_LATE, "/");
    let mut stranger = town.shop.visitor();
    expect_other_ways(
        stranger.get(&callback(&town.acorn, &asked, &code)).await,
        400,
        TOO_LATE,
        "/",
    );
    for query in [format!("code={code}&state=another"), format!("code={code}"), String::new()] {
        let path = format!("/federated/acorn/callback?{query}");
        expect_other_ways(visitor.get(&path).await, 400, TOO_LATE, "/");
    }
    assert_eq!(town.acorn.books().asked_for_tokens, 0);
    // It waits still.
    let path = callback(&town.acorn, &asked, &code);
    visitor.get(&path).await.expect_redirect("/sign-up/provider?next=/orders");
}

#[on_both]
async fn an_answer_that_the_database_cannot_even_look_for_is_not_taken(town: Town) {
    let mut visitor = town.shop.visitor();
    leave(&mut visitor, "/federated/acorn?next=/orders").await;
    let answer = visitor.get("/federated/acorn/callback?code=1&state=%00").await;
    expect_other_ways(answer, 400, TOO_LATE, "/");
    nonce(&mut visitor, "acorn").await;
    bring(&mut visitor, "acorn", "\0", "token").await.expect_refusal(400, "provider_timeout");
}

#[on_both]
async fn an_answer_counts_once(town: Town) {
    let mut visitor = town.member("robin").await;
    visitor.sign_out().await;
    let asked = leave(&mut visitor, "/federated/acorn?next=/orders").await;
    let code = town.acorn.code(&asked, &token_for(&town.acorn, "robin", &asked));
    let path = callback(&town.acorn, &asked, &code);
    let mut copy = visitor.clone();
    let (one, two) = tokio::join!(visitor.get(&path), copy.get(&path));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 400]);
    let before = town.acorn.books().asked_for_tokens;
    let mut signed_in = if one.status == 303 { visitor } else { copy };
    expect_other_ways(signed_in.get(&path).await, 400, TOO_LATE, "/");
    assert_eq!(town.acorn.books().asked_for_tokens, before);
    assert!(signed_in.is_signed_in().await);
}

#[on_both]
async fn an_answer_is_waited_for_a_quarter_of_an_hour(town: Town) {
    let mut visitor = town.shop.visitor();
    for (wait, too_late) in [(15 * MINUTE - 1, false), (15 * MINUTE, true)] {
        let asked = leave(&mut visitor, "/federated/acorn?next=/orders").await;
        town.shop.clock.advance(wait);
        let token = token_for(&town.acorn, "robin", &asked);
        let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
        if too_late {
            expect_other_ways(answer, 400, TOO_LATE, "/");
        } else {
            answer.expect_redirect("/sign-up/provider?next=/orders");
        }
    }
}

#[on_both]
async fn one_provider_does_not_answer_for_another(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    let asked = leave(&mut visitor, "/federated/birch?next=/orders").await;
    let before = town.acorn.books().asked_for_tokens;
    let code = town.acorn.code(&asked, &token_for(&town.acorn, "robin", &asked));
    expect_other_ways(visitor.get(&callback(&town.acorn, &asked, &code)).await, 400, TOO_LATE, "/");
    // At the right address, but by the wrong issuer (RFC 9207).
    let asked = leave(&mut visitor, "/federated/birch?next=/orders").await;
    let code = town.birch.code(&asked, &token_for(&town.birch, "robin", &asked));
    let path = format!("{}&iss={}", callback(&town.birch, &asked, &code), town.acorn.issuer);
    expect_other_ways(visitor.get(&path).await, 400, UNVERIFIED, "/orders");
    assert_eq!(town.acorn.books().asked_for_tokens, before);
    assert_eq!(town.birch.books().asked_for_tokens, 0);

    let asked = leave(&mut visitor, "/federated/birch?next=/orders").await;
    let code = town.birch.code(&asked, &token_for(&town.birch, "robin", &asked));
    let path = format!("{}&iss={}", callback(&town.birch, &asked, &code), town.birch.issuer);
    visitor.get(&path).await.expect_redirect("/sign-up/provider?next=/orders");
}

#[on_both]
async fn a_code_of_somebody_else_or_from_before_signs_nobody_in(town: Town) {
    let mut victim = town.member("robin").await;
    victim.sign_out().await;
    let asked = leave(&mut victim, "/federated/acorn?next=/cart").await;
    let used = town.acorn.code(&asked, &token_for(&town.acorn, "robin", &asked));
    victim.get(&callback(&town.acorn, &asked, &used)).await.expect_redirect("/cart");
    let asked = leave(&mut victim, "/federated/acorn?next=/cart").await;
    let stolen = town.acorn.code(&asked, &token_for(&town.acorn, "robin", &asked));

    let mut thief = town.shop.visitor();
    for code in [used.as_str(), &stolen, "guessed"] {
        let asked = leave(&mut thief, "/federated/acorn?next=/orders").await;
        let answer = thief.get(&callback(&town.acorn, &asked, code)).await;
        expect_other_ways(answer, 400, UNVERIFIED, "/orders");
        assert!(!thief.is_signed_in().await);
    }
}

#[on_both]
async fn a_provider_may_change_its_keys(town: Town) {
    let mut visitor = town.member("robin").await;
    assert_eq!(town.acorn.books().asked_for_keys, 1);
    visitor.sign_out().await;
    through(&mut visitor, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
    assert_eq!(town.acorn.books().asked_for_keys, 1);
    visitor.sign_out().await;

    town.shop.clock.advance(10 * SECOND);
    town.acorn.change_keys("second");
    through(&mut visitor, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
    assert_eq!(town.acorn.books().asked_for_keys, 2);
    visitor.sign_out().await;

    // Nobody makes the store ask all the time.
    town.acorn.change_keys("third");
    town.shop.clock.advance(10 * SECOND - 1);
    let answer = through(&mut visitor, &town.acorn, "robin", "/orders").await;
    expect_other_ways(answer, 400, UNVERIFIED, "/orders");
    assert_eq!(town.acorn.books().asked_for_keys, 2);
    town.shop.clock.advance(1);
    through(&mut visitor, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
    assert_eq!(town.acorn.books().asked_for_keys, 3);
}

#[on_both]
async fn a_new_key_may_have_the_old_name(town: Town) {
    let mut visitor = town.member("robin").await;
    visitor.sign_out().await;
    town.shop.clock.advance(10 * SECOND);
    town.acorn.change_keys("first");
    through(&mut visitor, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
    assert_eq!(town.acorn.books().asked_for_keys, 2);
}

#[on_both]
async fn who_goes_away_while_new_keys_are_fetched_leaves_nobody_waiting(town: Town) {
    town.member("robin").await;
    town.shop.clock.advance(10 * SECOND);
    town.acorn.change_keys("second");
    let mut one = town.shop.visitor();
    let first = nonce(&mut one, "acorn").await;
    let token = town.acorn.sign(&town.acorn.token("robin", &first));
    let mut two = town.shop.visitor();
    let second = nonce(&mut two, "acorn").await;
    // The first connection is gone as soon as the provider is asked.
    let asked = async {
        while town.acorn.books().asked_for_keys < 2 {
            yield_now().await;
        }
    };
    tokio::select! {
        _ = bring(&mut one, "acorn", &first, &token) => panic!("it was answered before it could go"),
        () = asked => {}
    }
    let token = town.acorn.sign(&town.acorn.token("robin", &second));
    bring(&mut two, "acorn", &second, &token).await.expect_status(200);
}

#[on_both]
async fn two_who_come_with_a_new_key_at_once_are_both_let_in(town: Town) {
    town.member("robin").await;
    town.shop.clock.advance(10 * SECOND);
    town.acorn.change_keys("second");
    let (mut one, mut two) = (town.shop.visitor(), town.shop.visitor());
    let (first, second) = (nonce(&mut one, "acorn").await, nonce(&mut two, "acorn").await);
    let token = |nonce| town.acorn.sign(&town.acorn.token("robin", nonce));
    let (for_one, for_two) = (token(&first), token(&second));
    let (one, two) = tokio::join!(
        bring(&mut one, "acorn", &first, &for_one),
        bring(&mut two, "acorn", &second, &for_two),
    );
    one.expect_status(200);
    two.expect_status(200);
    assert_eq!(town.acorn.books().asked_for_keys, 2);
}

#[on_both]
async fn a_forged_key_does_not_make_the_store_forget_the_real_ones(town: Town) {
    let mut visitor = town.member("robin").await;
    visitor.sign_out().await;
    town.shop.clock.advance(10 * SECOND);
    town.acorn.books().discovery = Some((503, json!("")));
    let given = nonce(&mut visitor, "acorn").await;
    let mut token = town.acorn.token("robin", &given);
    token.header["kid"] = json!("made up");
    let token = town.acorn.sign(&token);
    bring(&mut visitor, "acorn", &given, &token).await.expect_refusal(502, "provider_unavailable");
    through(&mut visitor, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
}

#[on_both]
async fn a_key_that_the_provider_gave_up_is_worth_nothing_after_an_hour(town: Town) {
    let mut visitor = town.member("robin").await;
    visitor.sign_out().await;
    let stolen = town.acorn.change_keys("second");
    town.shop.clock.advance(60 * MINUTE);
    // With something in the cart, a session lives longer than that.
    add_to_cart(&mut visitor, "1").await;
    through(&mut visitor, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
    visitor.sign_out().await;

    add_to_cart(&mut visitor, "1").await;
    let wanted = nonce(&mut visitor, "acorn").await;
    let current = town.acorn.use_keys(stolen);
    let forged = town.acorn.sign(&town.acorn.token("robin", &wanted));
    town.acorn.use_keys(current);
    bring(&mut visitor, "acorn", &wanted, &forged).await.expect_refusal(400, "provider_refused");
    assert_eq!(town.acorn.books().asked_for_keys, 2);
}

// ---------------------------------------------------------------- threads

/// A request may begin on one of the server's threads and end on another one.
#[on_both]
async fn a_page_is_finished_on_whatever_thread(town: Town) {
    let (visitor, _) = town.careful("robin").await;
    let mut half = town.shop.visitor();
    half.sign_in_with_password("robin").await.expect_redirect("/second-factor?next=/cart");
    let stranger = town.shop.visitor();
    let account =
        ["/account", "/confirm", "/account/password", "/account/passkeys/new", "/checkout"];
    let others =
        ["/", "/sign-in", "/sign-up", "/one-button", "/browser-support", "/products/lantern"];
    for (visitor, paths) in
        [(&visitor, &account[..]), (&half, &["/second-factor"]), (&stranger, &others)]
    {
        for path in paths {
            let cookie = visitor.cookie.clone().unwrap_or_default();
            let request =
                Request::get(*path).header("accept", "text/html").header("cookie", cookie);
            let request = request.body(Body::empty()).unwrap();
            let response = visitor.router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), 200, "{path}");
            let body = response.into_body();
            let here = Handle::current();
            let read = spawn_blocking(move || here.block_on(to_bytes(body, usize::MAX)));
            let page = read.await.unwrap_or_else(|_| panic!("{path}")).unwrap();
            assert!(String::from_utf8_lossy(&page).contains("</html>"), "{path}");
        }
    }
}

// ---------------------------------------------------------------- linking

const LINK: &str = "/account/providers/acorn/link";

/// Whether anything of the answer leads to a provider.
fn leads_away(answer: &Answer) -> bool {
    answer.headers.contains_key("refresh") || answer.body.contains("/authorize")
}

#[on_both]
async fn an_account_is_linked_by_its_owner(town: Town) {
    let (mut visitor, _) = town.shop.member("robin").await;
    visitor.get("/account").await.expect_text("Link Acorn").expect_text("Link Birch");
    let asked = leave_by_form(&mut visitor, LINK, "").await;
    let token = token_for(&town.acorn, "squirrel", &asked);
    come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_redirect("/account");
    let page =
        visitor.get("/account").await.expect_text("Acorn is linked. You can sign in with it.");
    page.expect_text("squirrel")
        .expect_text("Linked Acorn")
        .expect_text("/unlink")
        .expect_no_text("Link Acorn");
    // Once more changes nothing.
    let asked = leave_by_form(&mut visitor, LINK, "").await;
    let token = token_for(&town.acorn, "squirrel", &asked);
    come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_redirect("/account");
    assert_eq!(town.identities("robin").await.len(), 1);

    let mut elsewhere = town.shop.visitor();
    through(&mut elsewhere, &town.acorn, "squirrel", "/cart").await.expect_redirect("/cart");
    elsewhere.get("/account").await.expect_text("Username: <!>robin");
}

#[on_both]
async fn linking_asks_for_a_fresh_proof(town: Town) {
    let (mut visitor, mut passkey) = town.shop.member("robin").await;
    town.shop.clock.advance(STALE);
    let answer = visitor.post(LINK, &[]).await.expect_redirect(&format!("/confirm?next={LINK}"));
    assert!(!leads_away(&answer));
    visitor.prove(&mut passkey).await.expect_status(200);
    visitor.get(LINK).await.expect_redirect("/account");
    leave_by_form(&mut visitor, LINK, "").await;
    town.shop.visitor().post(LINK, &[]).await.expect_redirect("/sign-in?next=/account");
}

#[on_both]
async fn no_link_and_no_other_site_begins_it(town: Town) {
    let (mut visitor, _) = town.shop.member("robin").await;
    let answer = visitor.get(LINK).await.expect_redirect("/account");
    assert!(!leads_away(&answer));
    for site in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
    ] {
        let headers =
            [("accept", "text/html"), ("content-type", "application/x-www-form-urlencoded"), site];
        let answer = visitor.send(Method::POST, LINK, &headers, "".into()).await.expect_status(403);
        assert!(!leads_away(&answer));
    }
    visitor.post("/account/providers/nobody/link", &[]).await.expect_status(404);
}

#[on_both]
async fn signing_in_links_nothing_to_who_is_signed_in_already(town: Town) {
    let (mut visitor, _) = town.shop.member("robin").await;
    through(&mut visitor, &town.acorn, "attacker", "/cart")
        .await
        .expect_redirect("/sign-up/provider?next=/cart");
    assert!(town.identities("robin").await.is_empty());
    choose(&mut visitor, "attacker").await.expect_redirect("/cart");
    visitor.get("/account").await.expect_text("Username: <!>attacker");
    assert!(town.identities("robin").await.is_empty());
}

#[on_both]
async fn a_stranger_at_the_provider_is_welcome_also_in_a_session_that_outlived_others(town: Town) {
    let (mut visitor, _) = town.shop.member("robin").await;
    visitor.post("/account/sessions/end-others", &[]).await.expect_redirect("/account");
    through(&mut visitor, &town.acorn, "other", "/cart")
        .await
        .expect_redirect("/sign-up/provider?next=/cart");
    assert!(visitor.is_signed_in().await);
    choose(&mut visitor, "other").await.expect_redirect("/cart");
    visitor.get("/account").await.expect_text("Username: <!>other");
}

#[on_both]
async fn no_other_site_signs_anybody_in_or_out(town: Town) {
    town.member("attacker").await;
    let (mut visitor, _) = town.shop.member("robin").await;
    let origin = town.acorn.configured().origin().unwrap();
    for path in
        ["/federated/acorn?next=/cart".to_owned(), format!("/federated?origin={origin}&next=/cart")]
    {
        for site in ["cross-site", "same-site"] {
            let headers = [("accept", "text/html"), ("sec-fetch-site", site)];
            let answer = visitor.send(Method::GET, &path, &headers, Body::empty()).await;
            answer.expect_redirect("/sign-in?next=/cart");
        }
        // A press on a button of ours, and an address that somebody typed.
        for site in ["same-origin", "none"] {
            let headers = [("accept", "text/html"), ("sec-fetch-site", site)];
            let answer = visitor.send(Method::GET, &path, &headers, Body::empty()).await;
            assert!(answer.headers[LOCATION].to_str().unwrap().starts_with(&town.acorn.issuer));
        }
    }
    visitor.get("/account").await.expect_text("Username: <!>robin");
}

#[on_both]
async fn an_address_that_cannot_be_read_is_refused_in_the_stores_words(town: Town) {
    let mut visitor = town.shop.visitor();
    for path in [
        "/federated/acorn?next=/a&next=/b",
        "/federated/acorn/callback?code=1&code=2",
        "/federated/%FF",
    ] {
        let page = visitor.get(path).await.expect_status(400);
        page.expect_text("That request could not be read.").expect_no_internals();
    }
}

#[on_both]
async fn the_identity_of_another_account_is_not_linked(town: Town) {
    town.member("robin").await;
    let (mut visitor, _) = town.shop.member("other").await;
    let asked = leave_by_form(&mut visitor, LINK, "").await;
    let token = token_for(&town.acorn, "robin", &asked);
    let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_status(409);
    answer.expect_text("linked to another account of this store").expect_text("Username: <!>other");
    assert!(town.identities("other").await.is_empty());
    assert_eq!(town.identities("robin").await.len(), 1);
}

#[on_both]
async fn two_accounts_do_not_link_the_same_identity_at_once(town: Town) {
    let ((mut one, _), (mut two, _)) =
        (town.shop.member("one").await, town.shop.member("two").await);
    let asked = leave_by_form(&mut one, LINK, "").await;
    let token = token_for(&town.acorn, "squirrel", &asked);
    let first = callback(&town.acorn, &asked, &town.acorn.code(&asked, &token));
    let asked = leave_by_form(&mut two, LINK, "").await;
    let token = token_for(&town.acorn, "squirrel", &asked);
    let second = callback(&town.acorn, &asked, &town.acorn.code(&asked, &token));
    let (first, second) = tokio::join!(one.get(&first), two.get(&second));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
}

#[on_both]
async fn a_link_is_for_the_account_that_asked_for_it(town: Town) {
    let (_, mut other) = town.shop.member("other").await;
    // Another account in place of the one that asked, without signing out.
    let (mut visitor, mut passkey) = town.shop.member("robin").await;
    let asked = leave_by_form(&mut visitor, LINK, "").await;
    visitor.sign_in(&mut other).await.expect_status(200);
    let token = token_for(&town.acorn, "squirrel", &asked);
    let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
    expect_other_ways(answer, 400, TOO_LATE, "/");
    // Signed out meanwhile, and somebody else is signed in.
    visitor.sign_in(&mut passkey).await.expect_status(200);
    for goes_on_as_other in [false, true] {
        let asked = leave_by_form(&mut visitor, LINK, "").await;
        visitor.sign_out().await;
        if goes_on_as_other {
            visitor.sign_in(&mut other).await.expect_status(200);
        }
        let token = token_for(&town.acorn, "squirrel", &asked);
        let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
        expect_other_ways(answer, 400, TOO_LATE, "/");
        visitor.sign_in(&mut passkey).await.expect_status(200);
    }
    // Ended from elsewhere: whoever was in there does not get their own identity in.
    let mut owner = town.shop.visitor();
    owner.sign_in(&mut passkey).await.expect_status(200);
    let asked = leave_by_form(&mut visitor, LINK, "").await;
    owner.post("/account/sessions/end-others", &[]).await.expect_redirect("/account");
    let token = token_for(&town.acorn, "squirrel", &asked);
    let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
    expect_other_ways(answer, 400, TOO_LATE, "/");
    for account in ["robin", "other"] {
        assert!(town.identities(account).await.is_empty());
    }
}

#[on_both]
async fn who_declines_to_link_is_back_on_the_account_page(town: Town) {
    let (mut visitor, _) = town.shop.member("robin").await;
    let asked = leave_by_form(&mut visitor, LINK, "").await;
    let path = format!("/federated/acorn/callback?error=access_denied&state={}", asked.state());
    visitor
        .get(&path)
        .await
        .expect_status(400)
        .expect_text("declined or cancelled")
        .expect_text("Username: <!>robin");
}

// ---------------------------------------------------------------- unlinking

#[on_both]
async fn what_is_unlinked_opens_nothing(town: Town) {
    let mut visitor = town.member("robin").await;
    let unlink = town.unlink("robin").await;
    visitor.add(&mut Authenticator::new()).await.expect_status(200);
    town.shop.clock.advance(STALE);
    let confirm = format!("/confirm?next={unlink}");
    visitor.get(&unlink).await.expect_redirect(&confirm);
    visitor.post(&unlink, &[]).await.expect_redirect(&confirm);
    assert_eq!(town.identities("robin").await.len(), 1);

    let asked = leave_by_form(&mut visitor, "/confirm/acorn", &unlink).await;
    let token = token_for(&town.acorn, "robin", &asked);
    come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_redirect(&unlink);
    visitor.get(&unlink).await.expect_status(200).expect_text("Acorn (robin) will not sign in");
    visitor.post(&unlink, &[]).await.expect_redirect("/account");
    visitor.get("/account").await.expect_text("Acorn is unlinked").expect_text("Unlinked Acorn");
    visitor.post(&unlink, &[]).await.expect_status(404);
    let mut elsewhere = town.shop.visitor();
    through(&mut elsewhere, &town.acorn, "robin", "/")
        .await
        .expect_redirect("/sign-up/provider?next=/");
}

#[on_both]
async fn nobody_unlinks_what_is_somebody_elses(town: Town) {
    town.member("robin").await;
    let unlink = town.unlink("robin").await;
    let (mut other, _) = town.shop.member("other").await;
    other.get(&unlink).await.expect_status(404);
    other.post(&unlink, &[]).await.expect_status(404);
    other.post("/account/identities/%00/unlink", &[]).await.expect_status(404);
    assert_eq!(town.identities("robin").await.len(), 1);
}

#[on_both]
async fn the_last_way_in_stays_linked(town: Town) {
    let mut visitor = town.member("robin").await;
    let unlink = town.unlink("robin").await;
    let page = visitor.get(&unlink).await.expect_status(200).expect_text("only way to sign in");
    page.expect_no_text("class=\"button danger\"");
    visitor
        .post(&unlink, &[])
        .await
        .expect_status(409)
        .expect_text("That is the last way to sign in");
    assert_eq!(town.identities("robin").await.len(), 1);
    visitor
        .post("/account/password", &[("action", "set"), ("password", PASSWORD)])
        .await
        .expect_redirect("/account");
    visitor.post(&unlink, &[]).await.expect_redirect("/account");
}

#[on_both]
async fn a_provider_is_a_way_in_as_long_as_the_store_works_with_it(town: Town) {
    let mut visitor = town.member("robin").await;
    let asked = leave_by_form(&mut visitor, "/account/providers/birch/link", "").await;
    let token = token_for(&town.birch, "robin", &asked);
    come_back(&mut visitor, &town.birch, &asked, &token).await.expect_redirect("/account");
    let (acorn, birch) = {
        let identities = town.identities("robin").await;
        let path = |issuer: &str| {
            let found = identities.iter().find(|identity| identity.issuer == issuer).unwrap();
            format!("/account/identities/{}/unlink", found.id)
        };
        (path(&town.acorn.issuer), path(&town.birch.issuer))
    };

    let without_birch = town.shop.changed(|server| server.providers.truncate(1));
    visitor.router = without_birch.router.clone();
    visitor.get("/account").await.expect_text("does not work with it any more");
    visitor.post(&acorn, &[]).await.expect_status(409);
    let mut stranger = without_birch.visitor();
    stranger.get("/federated/birch").await.expect_status(404);

    // Neither is a passkey given up for it.
    let mut passkey = Authenticator::new();
    visitor.add(&mut passkey).await.expect_status(200);
    visitor.post(&acorn, &[]).await.expect_redirect("/account");
    let delete = format!("/account/passkeys/{}/delete", passkey.id());
    visitor.post(&delete, &[]).await.expect_status(409);
    // What opens nothing can go.
    visitor.post(&birch, &[]).await.expect_redirect("/account");
    assert!(town.identities("robin").await.is_empty());
}

#[on_both]
async fn what_is_left_after_the_last_passkey_is_said_as_it_is(town: Town) {
    let mut visitor = town.member("robin").await;
    let mut passkey = Authenticator::new();
    visitor.add(&mut passkey).await.expect_status(200);
    let delete = format!("/account/passkeys/{}/delete", passkey.id());
    visitor.get(&delete).await.expect_text("this account opens only with Acorn.");
    visitor
        .post(CHANGE, &[("action", "set"), ("password", PASSWORD)])
        .await
        .expect_redirect("/account");
    visitor.get(&delete).await.expect_text("opens only with your password or Acorn.");
    visitor.post("/account/recovery-codes", &[]).await.expect_status(200);
    visitor
        .get(&delete)
        .await
        .expect_text("opens only with your password, Acorn or your recovery codes.");
}

#[on_both]
async fn a_passkey_can_go_while_a_provider_stays(town: Town) {
    let (mut visitor, mut passkey) = (town.member("robin").await, Authenticator::new());
    visitor.add(&mut passkey).await.expect_status(200);
    let delete = format!("/account/passkeys/{}/delete", passkey.id());
    visitor.get(&delete).await.expect_text("Delete this passkey");
    visitor.post(&delete, &[]).await.expect_redirect("/account");
    visitor.post(&town.unlink("robin").await, &[]).await.expect_status(409);
}

#[on_both]
async fn two_deletions_at_once_leave_a_way_in(town: Town) {
    for username in ["robin", "wren", "finch", "heron", "plover"] {
        let (mut visitor, mut passkey) = (town.member(username).await, Authenticator::new());
        visitor.add(&mut passkey).await.expect_status(200);
        let unlink = town.unlink(username).await;
        let delete = format!("/account/passkeys/{}/delete", passkey.id());
        let mut other = visitor.clone();
        let (one, two) = tokio::join!(visitor.post(&unlink, &[]), other.post(&delete, &[]));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409], "{} {}", one.body, two.body);
    }
}

// ---------------------------------------------------------------- second factor

#[on_both]
async fn a_second_factor_is_asked_for_after_a_provider(town: Town) {
    let (_, mut passkey) = town.careful("robin").await;
    let mut visitor = town.shop.visitor();
    let answer = through(&mut visitor, &town.acorn, "robin", "/orders").await;
    assert!(!answer.headers.contains_key("set-login"));
    answer.expect_redirect("/second-factor?next=/orders");
    visitor.get("/second-factor?next=/orders").await.expect_status(200).expect_no_text("Robin");
    for path in ["/account", "/checkout", "/account/password", "/confirm", "/sign-up/provider"] {
        visitor.get(path).await.expect_status(303).expect_no_text("Robin");
    }
    visitor.post(LINK, &[]).await.expect_redirect("/sign-in?next=/account");
    visitor.prove(&mut Authenticator::new()).await.expect_refusal(404, "unknown_credential");
    assert!(!visitor.is_signed_in().await);
    visitor.prove(&mut passkey).await.expect_status(200);
    visitor.get("/account").await.expect_text("With Acorn and a passkey");
}

#[on_both]
async fn a_provider_does_not_get_past_the_second_factor_once_the_password_is_gone(town: Town) {
    let (mut owner, _) = town.careful("robin").await;
    owner.post("/account/password", &[("action", "remove")]).await.expect_redirect("/account");
    let mut visitor = town.shop.visitor();
    through(&mut visitor, &town.acorn, "robin", "/orders")
        .await
        .expect_redirect("/second-factor?next=/orders");
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn a_recovery_code_is_a_second_factor_after_a_provider_too(town: Town) {
    let (mut owner, _) = town.careful("robin").await;
    let page = owner.post("/account/recovery-codes", &[]).await.expect_status(200).body;
    let code = page.split("<code>").nth(1).unwrap().split("</code>").next().unwrap();
    let mut visitor = town.shop.visitor();
    through(&mut visitor, &town.acorn, "robin", "/orders")
        .await
        .expect_redirect("/second-factor?next=/orders");
    visitor.post("/second-factor", &[("code", "guessed")]).await.expect_status(401);
    assert!(!visitor.is_signed_in().await);
    let fields = [("code", code), ("next", "/orders")];
    visitor
        .post("/second-factor", &fields)
        .await
        .expect_redirect("/account/passkeys/new?next=/orders");
    visitor.get("/account").await.expect_text("With Acorn and a recovery code");
}

// ---------------------------------------------------------------- a fresh proof

const CHANGE: &str = "/account/password";
const SOMEBODY_ELSE: &str = "the provider did not ask you to sign in again";

/// Wants to change something, and is with the provider to prove it.
async fn to_prove(visitor: &mut Visitor) -> Asked {
    visitor.get(CHANGE).await.expect_redirect("/confirm?next=/account/password");
    leave_by_form(visitor, "/confirm/acorn", CHANGE).await
}

#[on_both]
async fn a_provider_proves_it_by_asking_again(town: Town) {
    let mut visitor = town.member("robin").await;
    town.shop.clock.advance(STALE);
    let page = visitor
        .get("/confirm?next=/account/password")
        .await
        .expect_text("Sign in with Acorn again");
    page.expect_no_text("Birch again");
    let asked = to_prove(&mut visitor).await;
    assert_eq!(asked.get("prompt"), Some("login"));
    assert_eq!(asked.get("max_age"), Some("0"));
    assert_eq!(asked.get("login_hint"), Some("robin"));
    let mut before = visitor.clone();
    let token = token_for(&town.acorn, "robin", &asked);
    come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_redirect(CHANGE);
    visitor.get(CHANGE).await.expect_status(200);
    assert!(!before.is_signed_in().await);
    town.shop.clock.advance(STALE);
    visitor.get(CHANGE).await.expect_redirect("/confirm?next=/account/password");
}

#[on_both]
async fn a_sign_in_that_the_provider_did_not_ask_for_proves_nothing(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    let path = "/federated/acorn?next=/account/password";
    let cases: [(Bend, bool); 3] = [
        (|token| drop_claim(token, "auth_time"), false),
        (
            |token| {
                let now = token.claims["iat"].as_i64().unwrap();
                token.claims["auth_time"] = (now - STALE / SECOND).into();
            },
            false,
        ),
        (|_| {}, true),
    ];
    for (bend, is_proof) in cases {
        let asked = leave(&mut visitor, path).await;
        let mut token = token_for(&town.acorn, "robin", &asked);
        bend(&mut token);
        come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_redirect(CHANGE);
        let page = visitor.get(CHANGE).await;
        match is_proof {
            true => page.expect_status(200),
            false => page.expect_redirect("/confirm?next=/account/password"),
        };
    }
    // The browser brings a token that is as old as it likes.
    let mut visitor = town.shop.visitor();
    let given = nonce(&mut visitor, "acorn").await;
    let mut token = town.acorn.token("robin", &given);
    drop_claim(&mut token, "auth_time");
    let token = town.acorn.sign(&token);
    bring(&mut visitor, "acorn", &given, &token).await.expect_status(200);
    visitor.get(CHANGE).await.expect_redirect("/confirm?next=/account/password");
}

#[on_both]
async fn a_provider_that_did_not_ask_again_proves_nothing(town: Town) {
    let mut visitor = town.member("robin").await;
    town.member("other").await;
    town.shop.clock.advance(STALE);
    let cases: [(&str, Bend); 4] = [
        ("without a time", |token| drop_claim(token, "auth_time")),
        ("long ago", |token| {
            let now = token.claims["iat"].as_i64().unwrap();
            token.claims["auth_time"] = (now - STALE / SECOND).into();
        }),
        ("another account's", |token| token.claims["sub"] = "subject of other".into()),
        ("nobody's", |token| token.claims["sub"] = "subject of nobody".into()),
    ];
    for (name, bend) in cases {
        let asked = to_prove(&mut visitor).await;
        let mut token = token_for(&town.acorn, "robin", &asked);
        bend(&mut token);
        let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
        assert_eq!(answer.status, 400, "{name}");
        let answer = answer.expect_text(SOMEBODY_ELSE).expect_text("Confirm that it is you");
        answer.expect_text("name=\"next\" value=\"/account/password\"");
    }
    for (name, bend) in BENT {
        let asked = to_prove(&mut visitor).await;
        let mut token = token_for(&town.acorn, "robin", &asked);
        bend(&mut token);
        let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
        assert_eq!(answer.status, 400, "{name}");
        answer.expect_text(UNVERIFIED);
    }
    visitor.get(CHANGE).await.expect_redirect("/confirm?next=/account/password");
    visitor
        .get("/account")
        .await
        .expect_text("Username: <!>robin")
        .expect_text("Failed sign-in with Acorn");
}

#[on_both]
async fn a_sign_in_with_the_provider_is_taken_for_no_proof_of_another_account(town: Town) {
    let (mut visitor, _) = town.shop.member("robin").await;
    // It vouches for nobody here.
    visitor.post("/confirm/acorn", &[("next", CHANGE)]).await.expect_status(404);
    town.shop.visitor().post("/confirm/acorn", &[]).await.expect_redirect("/sign-in?next=/account");

    let mut visitor = town.member("other").await;
    let (_, mut passkey) = town.shop.member("third").await;
    town.shop.clock.advance(STALE);
    let asked = to_prove(&mut visitor).await;
    visitor.sign_in(&mut passkey).await.expect_status(200);
    town.shop.clock.advance(STALE);
    let token = token_for(&town.acorn, "other", &asked);
    come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_status(400);
    visitor.get(CHANGE).await.expect_redirect("/confirm?next=/account/password");
}

#[on_both]
async fn with_a_second_factor_a_provider_proves_nothing(town: Town) {
    let (mut visitor, mut passkey) = town.careful("robin").await;
    visitor.post("/account/second-factor", &[("on", "no")]).await.expect_redirect("/account");
    let mut elsewhere = town.shop.visitor();
    elsewhere.sign_in(&mut passkey).await.expect_status(200);
    town.shop.clock.advance(STALE);
    let asked = to_prove(&mut visitor).await;
    // Switched on meanwhile.
    elsewhere.prove(&mut passkey).await.expect_status(200);
    elsewhere.post("/account/second-factor", &[("on", "yes")]).await.expect_redirect("/account");
    let token = token_for(&town.acorn, "robin", &asked);
    come_back(&mut visitor, &town.acorn, &asked, &token)
        .await
        .expect_status(400)
        .expect_text(SOMEBODY_ELSE);
    visitor.get("/confirm").await.expect_status(200).expect_no_text("Acorn again");
    visitor.post("/confirm/acorn", &[("next", CHANGE)]).await.expect_status(404);
    visitor.get(CHANGE).await.expect_redirect("/confirm?next=/account/password");
}

#[on_both]
async fn a_provider_that_is_down_or_declined_leaves_the_other_proofs(town: Town) {
    let mut town = town;
    let mut visitor = town.member("robin").await;
    visitor
        .post(CHANGE, &[("action", "set"), ("password", PASSWORD)])
        .await
        .expect_redirect("/account");
    town.shop.clock.advance(STALE);
    let asked = to_prove(&mut visitor).await;
    let path = format!("/federated/acorn/callback?error=access_denied&state={}", asked.state());
    let page = visitor.get(&path).await.expect_status(400).expect_text("declined or cancelled");
    page.expect_text("name=\"password\"").expect_text("value=\"/account/password\"");
    // What it published is to be asked for again by now.
    town.shop.clock.advance(60 * MINUTE);
    town.acorn.close().await;
    town.acorn.books().discovery = Some((503, json!("")));
    let page = visitor.post("/confirm/acorn", &[("next", CHANGE)]).await.expect_status(502);
    page.expect_text(UNAVAILABLE)
        .expect_text("name=\"password\"")
        .expect_text("value=\"/account/password\"");
}

// ---------------------------------------------------------------- FedCM

async fn nonce(visitor: &mut Visitor, provider: &str) -> String {
    let answer = visitor.post_by_script(&format!("/federated/{provider}/nonce"), &[]).await;
    answer.expect_status(200).json().as_str().unwrap().to_owned()
}

/// What the page's script posts when the browser has brought a token.
async fn bring(visitor: &mut Visitor, provider: &str, nonce: &str, token: &str) -> Answer {
    let fields = [("nonce", nonce), ("token", token), ("next", "/orders")];
    visitor.post_by_script(&format!("/federated/{provider}/token"), &fields).await
}

#[on_both]
async fn a_token_that_the_browser_brings_signs_in(town: Town) {
    let mut visitor = town.shop.visitor();
    let wanted = nonce(&mut visitor, "acorn").await;
    let token = town.acorn.sign(&town.acorn.token("robin", &wanted));
    let answer = bring(&mut visitor, "acorn", &wanted, &token).await.expect_status(200);
    assert_eq!(answer.json(), json!({ "to": "/sign-up/provider?next=/orders", "name": null }));
    assert!(!visitor.is_signed_in().await);
    choose(&mut visitor, "robin").await.expect_redirect("/cart");
    visitor.sign_out().await;

    add_to_cart(&mut visitor, "2").await;
    let wanted = nonce(&mut visitor, "acorn").await;
    let token = town.acorn.sign(&town.acorn.token("robin", &wanted));
    let answer = bring(&mut visitor, "acorn", &wanted, &token).await.expect_status(200);
    assert_eq!(answer.headers["set-login"], "logged-in");
    let name = json!({ "username": "robin", "display_name": "Robin" });
    assert_eq!(answer.json(), json!({ "to": "/orders", "name": name }));
    visitor.get("/cart").await.expect_text("door-mat");
    visitor.get("/account").await.expect_text("With Acorn");
    // No code was exchanged for it.
    assert_eq!(town.acorn.books().asked_for_tokens, 0);
}

#[on_both]
async fn a_nonce_is_good_once_and_here_and_for_a_quarter_of_an_hour(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    let wanted = nonce(&mut visitor, "acorn").await;
    let token = town.acorn.sign(&town.acorn.token("robin", &wanted));
    // In another session, which waits for a token too.
    let mut thief = town.shop.visitor();
    let other = nonce(&mut thief, "acorn").await;
    bring(&mut thief, "acorn", &wanted, &token).await.expect_refusal(400, "provider_timeout");
    bring(&mut town.shop.visitor(), "acorn", &wanted, &token)
        .await
        .expect_refusal(400, "provider_timeout");
    // A token that was made for another nonce.
    bring(&mut thief, "acorn", &other, &token).await.expect_refusal(400, "provider_refused");
    bring(&mut thief, "acorn", &other, &token).await.expect_refusal(400, "provider_timeout");
    assert!(!thief.is_signed_in().await);

    bring(&mut visitor, "acorn", &wanted, &token).await.expect_status(200);
    let before = visitor.cookie.clone();
    bring(&mut visitor, "acorn", &wanted, &token).await.expect_refusal(400, "provider_timeout");
    assert_eq!(visitor.cookie, before);
    visitor.sign_out().await;
    bring(&mut visitor, "acorn", &wanted, &token).await.expect_refusal(400, "provider_timeout");

    let wanted = nonce(&mut visitor, "acorn").await;
    town.shop.clock.advance(15 * MINUTE);
    let token = town.acorn.sign(&town.acorn.token("robin", &wanted));
    bring(&mut visitor, "acorn", &wanted, &token).await.expect_refusal(400, "provider_timeout");
}

#[on_both]
async fn a_nonce_is_for_one_provider_and_for_no_callback(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    for (wanted_by, brought_to) in [("acorn", "birch"), ("birch", "acorn")] {
        let wanted = nonce(&mut visitor, wanted_by).await;
        let token = town.acorn.sign(&town.acorn.token("robin", &wanted));
        bring(&mut visitor, brought_to, &wanted, &token)
            .await
            .expect_refusal(400, "provider_timeout");
    }
    // Birch's token is not Acorn's, even with Acorn's name on it.
    let wanted = nonce(&mut visitor, "acorn").await;
    let mut token = town.birch.token("robin", &wanted);
    token.claims["iss"] = town.acorn.issuer.clone().into();
    let token = town.birch.sign(&token);
    bring(&mut visitor, "acorn", &wanted, &token).await.expect_refusal(400, "provider_refused");

    let wanted = nonce(&mut visitor, "acorn").await;
    visitor
        .get(&format!("/federated/acorn/callback?code=1&state={wanted}"))
        .await
        .expect_text(TOO_LATE);
    let asked = leave(&mut visitor, "/federated/acorn").await;
    for wanted in [asked.state(), asked.get("nonce").unwrap()] {
        let token = town.acorn.sign(&town.acorn.token("robin", wanted));
        bring(&mut visitor, "acorn", wanted, &token).await.expect_refusal(400, "provider_timeout");
    }
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn a_token_that_the_browser_brings_is_verified_like_every_other(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    for (name, bend) in BENT.into_iter().chain(UNREADABLE) {
        let wanted = nonce(&mut visitor, "acorn").await;
        let mut token = town.acorn.token("robin", &wanted);
        bend(&mut token);
        let token = town.acorn.sign(&token);
        let answer = bring(&mut visitor, "acorn", &wanted, &token).await;
        assert_eq!(answer.status, 400, "{name}");
        answer.expect_refusal(400, "provider_refused");
        assert!(!visitor.is_signed_in().await, "{name}");
    }
}

#[on_both]
async fn a_second_factor_follows_a_token_too(town: Town) {
    let (_, mut passkey) = town.careful("robin").await;
    let mut visitor = town.shop.visitor();
    let wanted = nonce(&mut visitor, "acorn").await;
    let token = town.acorn.sign(&town.acorn.token("robin", &wanted));
    let answer = bring(&mut visitor, "acorn", &wanted, &token).await.expect_status(200);
    assert_eq!(answer.json(), json!({ "to": "/second-factor?next=/orders", "name": null }));
    assert!(!visitor.is_signed_in().await);
    visitor.prove(&mut passkey).await.expect_status(200);
    assert!(visitor.is_signed_in().await);
}

#[on_both]
async fn fedcm_is_for_providers_that_take_part_and_for_own_pages(town: Town) {
    let without = town.shop.changed(|server| server.providers[0].fedcm = None);
    without
        .visitor()
        .post_by_script("/federated/acorn/nonce", &[])
        .await
        .expect_refusal(404, "not_found");
    town.shop
        .visitor()
        .post_by_script("/federated/nobody/nonce", &[])
        .await
        .expect_refusal(404, "not_found");
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    let wanted = nonce(&mut visitor, "acorn").await;
    let token = town.acorn.sign(&town.acorn.token("robin", &wanted));
    let fields = [("nonce", wanted.as_str()), ("token", &token)];
    let site = [("latchkey-script", "1"), ("sec-fetch-site", "cross-site")];
    visitor
        .post_multipart("/federated/acorn/token", &site, &fields)
        .await
        .expect_refusal(403, "cross_site");
    visitor
        .post_multipart("/federated/acorn/nonce", &site, &[])
        .await
        .expect_refusal(403, "cross_site");
    assert!(!visitor.is_signed_in().await);
    bring(&mut visitor, "acorn", &wanted, &token).await.expect_status(200);
}

// ---------------------------------------------------------------- by itself

/// As the page's script goes there, for a provider that the browser remembers.
fn by_itself(provider: &Provider) -> String {
    format!("/federated?origin={}&login_hint=robin&next=/cart&automatic=yes", provider.issuer)
}

/// Nothing is to be seen of it, and it is not tried again.
async fn expect_silence(visitor: &mut Visitor, answer: Answer) {
    assert!(
        answer.by_hand().is_some_and(|cookie| !cookie.contains("Max-Age=0")),
        "{:?}",
        answer.headers
    );
    answer.expect_redirect("/cart");
    let page = visitor.get("/cart").await.expect_status(200);
    page.expect_no_text("role=\"alert\"")
        .expect_no_text("class=\"notice\"")
        .expect_no_text("Signed in as");
    assert!(visitor.by_hand);
}

#[on_both]
async fn a_provider_that_the_browser_remembers_signs_in_by_itself(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    add_to_cart(&mut visitor, "2").await;
    let asked = leave(&mut visitor, &by_itself(&town.acorn)).await;
    assert_eq!((asked.get("prompt"), asked.get("login_hint")), (Some("none"), Some("robin")));
    let token = token_for(&town.acorn, "robin", &asked);
    let answer =
        come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_redirect("/cart");
    assert_eq!(answer.headers["set-login"], "logged-in");
    let page = visitor.get("/cart").await.expect_text("Signed in as Robin.").expect_text("Undo");
    page.expect_text("door-mat");
    visitor.get("/cart").await.expect_no_text("Signed in as").expect_no_text("Undo");
    visitor.get("/account").await.expect_text("Automatically, with Acorn");
}

#[on_both]
async fn a_sign_in_that_nobody_asked_for_proves_nothing(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    let asked = leave(&mut visitor, &by_itself(&town.acorn)).await;
    let token = token_for(&town.acorn, "robin", &asked);
    come_back(&mut visitor, &town.acorn, &asked, &token).await.expect_redirect("/cart");
    let unlink = town.unlink("robin").await;
    for path in ["/account/password", "/account/delete", "/account/recovery-codes", &unlink] {
        let confirm = format!("/confirm?next={path}");
        visitor.get(path).await.expect_redirect(&confirm);
        visitor.post(path, &[("action", "remove")]).await.expect_redirect(&confirm);
    }
    visitor.post(LINK, &[]).await.expect_redirect(&format!("/confirm?next={LINK}"));
    visitor.addition_options(false).await.expect_refusal(403, "proof_required");
    assert!(town.has_account("robin").await);
}

#[on_both]
async fn a_stranger_is_not_asked_for_a_username_out_of_nowhere(town: Town) {
    let mut visitor = town.shop.visitor();
    let asked = leave(&mut visitor, &by_itself(&town.acorn)).await;
    let token = token_for(&town.acorn, "robin", &asked);
    let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
    expect_silence(&mut visitor, answer).await;
    visitor.get("/sign-up/provider").await.expect_redirect("/sign-in?next=/");
}

#[on_both]
async fn a_second_factor_is_not_asked_for_out_of_nowhere(town: Town) {
    town.careful("robin").await;
    let mut visitor = town.shop.visitor();
    let asked = leave(&mut visitor, &by_itself(&town.acorn)).await;
    let token = token_for(&town.acorn, "robin", &asked);
    let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
    expect_silence(&mut visitor, answer).await;
    visitor.get("/second-factor").await.expect_redirect("/sign-in?next=/");
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn an_account_that_does_not_want_it_is_not_signed_in(town: Town) {
    let mut owner = town.member("robin").await;
    owner.post("/account/automatic", &[("on", "no")]).await.expect_redirect("/account");
    let mut visitor = town.shop.visitor();
    let asked = leave(&mut visitor, &by_itself(&town.acorn)).await;
    let token = token_for(&town.acorn, "robin", &asked);
    let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
    expect_silence(&mut visitor, answer).await;
    assert!(!visitor.is_signed_in().await);
    // And by hand it works as ever.
    let answer =
        through(&mut visitor, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
    assert!(answer.by_hand().unwrap().contains("Max-Age=0"));
}

#[on_both]
async fn where_it_is_off_no_provider_is_asked(town: Town) {
    town.member("robin").await;
    let off = town.shop.changed(|server| server.automatic = false);
    let mut visitor = off.visitor();
    let answer = visitor.get(&by_itself(&town.acorn)).await;
    expect_silence(&mut visitor, answer).await;

    let mut visitor = town.shop.visitor();
    visitor.by_hand = true;
    let answer = visitor.get(&by_itself(&town.acorn)).await;
    expect_silence(&mut visitor, answer).await;
    assert!(!visitor.is_signed_in().await);

    let mut visitor = town.shop.visitor();
    through(&mut visitor, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
    visitor.get(&by_itself(&town.acorn)).await.expect_redirect("/cart");
    visitor.get("/account").await.expect_text("With Acorn");
}

#[on_both]
async fn who_signed_out_meanwhile_stays_signed_out(town: Town) {
    let mut member = town.member("robin").await;
    let mut visitor = town.shop.visitor();
    let asked = leave(&mut visitor, &by_itself(&town.acorn)).await;
    // In another tab.
    visitor.by_hand = member.sign_out().await.by_hand().is_some();
    let token = token_for(&town.acorn, "robin", &asked);
    let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
    expect_silence(&mut visitor, answer).await;
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn nobody_hears_of_what_another_tab_was_faster_with(town: Town) {
    town.member("robin").await;
    let mut visitor = town.shop.visitor();
    let (first, second) = (
        leave(&mut visitor, &by_itself(&town.acorn)).await,
        leave(&mut visitor, &by_itself(&town.acorn)).await,
    );
    let token = token_for(&town.acorn, "robin", &first);
    come_back(&mut visitor, &town.acorn, &first, &token).await.expect_redirect("/cart");
    // Its session has a new id, and nothing waits for the second answer any more.
    let token = token_for(&town.acorn, "robin", &second);
    let answer = come_back(&mut visitor, &town.acorn, &second, &token).await;
    assert_eq!(answer.by_hand(), None);
    answer.expect_redirect("/");
    assert!(visitor.is_signed_in().await);

    // In a browser where nobody is signed in, it is tried again in an hour.
    let mut stranger = town.shop.visitor();
    let answer = come_back(&mut stranger, &town.acorn, &second, &token).await;
    assert!(answer.by_hand().unwrap().starts_with("latchkey-by-hand=0; Path=/; Max-Age=3600;"));
    answer.expect_redirect("/");

    // Who signed out meanwhile does so for longer.
    visitor.sign_out().await;
    assert!(visitor.by_hand);
    let answer = come_back(&mut visitor, &town.acorn, &second, &token).await;
    assert_eq!(answer.by_hand(), None);
    answer.expect_redirect("/");
}

#[on_both]
async fn a_new_password_lets_no_browser_come_back_with_its_provider(town: Town) {
    let mut owner = town.member("robin").await;
    let password = |password| [("action", "set"), ("password", password)];
    owner.post(CHANGE, &password(PASSWORD)).await.expect_redirect("/account");
    owner.get("/account").await.expect_text("remembers your provider, may sign you in");
    let mut elsewhere = town.shop.visitor();
    through(&mut elsewhere, &town.acorn, "robin", "/cart").await.expect_redirect("/cart");
    owner.post(CHANGE, &password("herons prefer galoshes")).await.expect_redirect("/account");
    let page = owner.get("/account").await.expect_text("All other sessions have ended.");
    page.expect_text("Automatic sign-in is off now");
    owner.post(CHANGE, &password("wrens avoid tambourines")).await.expect_redirect("/account");
    owner
        .get("/account")
        .await
        .expect_text("All other sessions have ended.")
        .expect_no_text("is off now");

    let asked = leave(&mut elsewhere, &by_itself(&town.acorn)).await;
    let token = token_for(&town.acorn, "robin", &asked);
    let answer = come_back(&mut elsewhere, &town.acorn, &asked, &token).await;
    expect_silence(&mut elsewhere, answer).await;
    assert!(!elsewhere.is_signed_in().await);
}

#[on_both]
async fn the_account_page_says_what_signs_in_by_itself(town: Town) {
    let mut visitor = town.member("robin").await;
    visitor
        .get("/account")
        .await
        .expect_text("a browser that remembers your provider may sign you in");
    // With a second factor nothing does.
    let (mut visitor, _) = town.careful("careful").await;
    visitor.get("/account").await.expect_text("Second factor").expect_no_text("may sign you in");
}

#[on_both]
async fn nobody_hears_of_a_provider_that_was_not_to_be_asked(town: Town) {
    let mut town = town;
    town.member("robin").await;
    for error in ["login_required", "interaction_required", "access_denied"] {
        let mut visitor = town.shop.visitor();
        let asked = leave(&mut visitor, &by_itself(&town.acorn)).await;
        let path = format!("/federated/acorn/callback?error={error}&state={}", asked.state());
        let answer = visitor.get(&path).await;
        expect_silence(&mut visitor, answer).await;
    }
    let mut visitor = town.shop.visitor();
    let asked = leave(&mut visitor, &by_itself(&town.acorn)).await;
    let mut token = token_for(&town.acorn, "robin", &asked);
    token.claims["nonce"] = Value::Null;
    let answer = come_back(&mut visitor, &town.acorn, &asked, &token).await;
    expect_silence(&mut visitor, answer).await;

    town.birch.close().await;
    let mut visitor = town.shop.visitor();
    let answer = visitor.get(&by_itself(&town.birch)).await;
    // That will pass: in an hour it is tried again, and the browser is told nothing.
    assert!(answer.by_hand().unwrap().starts_with("latchkey-by-hand=0; Path=/; Max-Age=3600;"));
    expect_silence(&mut visitor, answer).await;
    let cookie = ("cookie", "latchkey-by-hand=0");
    let page = visitor.send(Method::GET, "/", &[cookie], Body::empty()).await;
    page.expect_text("</html>").expect_no_text("BrowserUpkeep");
}
