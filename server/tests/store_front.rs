//! What visitors do with links and forms, with JavaScript off, and what the
//! session does meanwhile: through the real router.

use axum::{body::Body, http::Method};
use latchkey::store::CartOwner;
use serde_json::json;

use crate::support::{
    authenticator::Authenticator,
    on_both,
    visitor::{Shop, Visitor},
};

const PASSWORD: &str = "plovers dislike umbrellas";

async fn sign_up_with_password(visitor: &mut Visitor, username: &str) {
    let fields = [
        ("username", username),
        ("display_name", "Robin"),
        ("password", PASSWORD),
        ("way", "password"),
    ];
    visitor.post("/sign-up", &fields).await.expect_redirect("/");
}

/// A product of which there are plenty.
async fn plenty(shop: &Shop) -> String {
    let products = shop.store.products().await.unwrap();
    products.into_iter().find(|product| product.stock > 5).unwrap().slug
}

/// A product of which there is one left.
async fn last_one(shop: &Shop) -> String {
    let products = shop.store.products().await.unwrap();
    products.into_iter().find(|product| product.stock == 1).unwrap().slug
}

/// The value of a hidden field of a page.
fn hidden(page: &str, name: &str) -> String {
    let field = page.split("<input").find(|field| field.contains(&format!("name=\"{name}\"")));
    let value = field.unwrap().split("value=\"").nth(1).unwrap();
    value.split('"').next().unwrap().to_owned()
}

// Pages

#[on_both]
async fn looking_around_leaves_no_trace(shop: Shop) {
    let mut visitor = shop.visitor();
    let product = format!("/products/{}", plenty(&shop).await);
    for page in ["/", &product, "/cart", "/sign-in", "/sign-up", "/one-button"] {
        let answer = visitor.get(page).await.expect_status(200);
        assert_eq!(answer.cookie(), None, "{page}");
    }
    assert_eq!(visitor.get("/checkout").await.cookie(), None);
    assert_eq!(visitor.get("/no-such-page").await.cookie(), None);
    assert_eq!(shop.sessions().await, 0);
}

#[on_both]
async fn the_catalogue_has_a_dozen_products(shop: Shop) {
    let page = shop.visitor().get("/").await.expect_status(200);
    let products = shop.store.products().await.unwrap();
    assert_eq!(products.len(), 12);
    for product in products {
        assert!(page.body.contains(&format!("/products/{}", product.slug)), "{}", product.slug);
        assert!(page.body.contains(&product.price.to_string()), "{}", product.slug);
    }
}

#[on_both]
async fn what_does_not_exist_is_a_404_in_the_stores_look(shop: Shop) {
    let (mut member, _) = shop.member("robin").await;
    for page in ["/no-such-page", "/products/no-such-thing", "/orders/LK-NOSUCHONE", "/checkout/x"]
    {
        let answer = member.get(page).await.expect_status(404);
        answer.expect_text("<header").expect_text("Latchkey");
    }
}

#[on_both]
async fn what_cannot_be_done_here_is_a_page_too(shop: Shop) {
    let mut visitor = shop.visitor();
    for page in ["/", "/account", "/products/no-such-thing"] {
        let answer = visitor.post(page, &[("a", "b")]).await.expect_status(404);
        answer.expect_text("<header");
    }
    visitor.get("/sign-out").await.expect_status(404).expect_text("<header");
}

#[on_both]
async fn pages_are_guarded_by_their_headers(shop: Shop) {
    let answer = shop.visitor().get("/").await;
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'nonce-") && policy.contains("frame-ancestors 'none'"));
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers["referrer-policy"], "same-origin");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert!(answer.headers.contains_key("x-request-id"));
}

#[on_both]
async fn the_header_knows_who_is_looking(shop: Shop) {
    let (mut member, _) = shop.member("robin").await;
    let slug = plenty(&shop).await;
    member.post("/cart", &[("slug", &slug), ("quantity", "2"), ("action", "add")]).await;
    for page in ["/", "/cart", "/checkout", "/account", "/no-such-page"] {
        let page = member.get(page).await.body;
        let header = page.split("<header").nth(1).unwrap().split("</header>").next().unwrap();
        assert!(header.contains("Robin") && !header.contains("Sign in"), "{header}");
        assert!(header.contains("with pieces: </span>2"), "{header}");
    }
}

// Signing in and out with a password

#[on_both]
async fn a_password_signs_up_and_in(shop: Shop) {
    let mut visitor = shop.visitor();
    sign_up_with_password(&mut visitor, "robin").await;
    assert!(visitor.is_signed_in().await);
    visitor.post("/sign-out", &[]).await.expect_redirect("/");
    assert!(!visitor.is_signed_in().await);

    let fields = [("username", "ROBIN"), ("password", PASSWORD), ("next", "/account")];
    visitor.post("/sign-in", &fields).await.expect_redirect("/account");
    assert!(visitor.is_signed_in().await);
}

#[on_both]
async fn a_saved_password_signs_in(shop: Shop) {
    sign_up_with_password(&mut shop.visitor(), "robin").await;
    let mut visitor = shop.visitor();
    let wrong = [("username", "robin"), ("password", "plovers like umbrellas")];
    visitor.post_by_script("/sign-in", &wrong).await.expect_refusal(401, "wrong_password");
    let right = [("username", "robin"), ("password", PASSWORD)];
    visitor.post_by_script("/sign-in", &right).await.expect_status(200);
    assert!(visitor.is_signed_in().await);
}

#[on_both]
async fn unknown_user_and_wrong_password_look_the_same(shop: Shop) {
    sign_up_with_password(&mut shop.visitor(), "robin").await;
    shop.member("keyholder").await;
    let mut answers = Vec::new();
    for username in ["robin", "nobody", "keyholder", "no such name"] {
        let fields = [("username", username), ("password", "a wrong password")];
        let answer = shop.visitor().post("/sign-in", &fields).await.expect_status(401);
        assert!(answer.body.contains(&format!("value=\"{username}\"")), "the name is kept");
        assert!(!answer.body.contains("a wrong password"));
        let api = shop.visitor().post_by_script("/sign-in", &fields).await.expect_status(401);
        let said = answer.body.replace(username, "NAME").split("role=\"alert\"").nth(1).unwrap()
            [..80]
            .to_owned();
        answers.push((said, api.status, api.body));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
}

#[on_both]
async fn unknown_user_and_wrong_password_take_the_same_time(shop: Shop) {
    sign_up_with_password(&mut shop.visitor(), "robin").await;
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..9 {
        for (username, times) in ["robin", "nobody"].into_iter().zip(&mut times) {
            let fields = [("username", username), ("password", "a wrong password")];
            let begun = std::time::Instant::now();
            shop.visitor().post_by_script("/sign-in", &fields).await.expect_status(401);
            times.push(begun.elapsed());
        }
    }
    // The fastest of each: a busy machine only ever adds.
    let [known, unknown] = times.map(|times| times.into_iter().min().unwrap().as_secs_f64());
    let ratio = known / unknown;
    assert!((0.5..2.0).contains(&ratio), "known {known} s, unknown {unknown} s");
}

#[on_both]
async fn bad_entries_are_explained_beside_their_fields_and_kept(shop: Shop) {
    sign_up_with_password(&mut shop.visitor(), "taken").await;
    let base = [
        ("username", "good-name"),
        ("display_name", "Robin"),
        ("password", PASSWORD),
        ("way", "password"),
    ];
    for (field, value, status, sentence) in [
        ("username", "a", 422, "3 to 64 letters"),
        ("username", "TAKEN", 409, "is taken"),
        ("display_name", "", 422, "name of at most 64"),
        ("password", "short", 422, "at least 12 characters"),
        ("password", "password1234", 422, "easily guessed"),
    ] {
        let fields = base.map(|(name, given)| (name, if name == field { value } else { given }));
        let answer = shop.visitor().post("/sign-up", &fields).await.expect_status(status);
        let beside = answer.body.split(&format!("id=\"{field}-error\"")).nth(1).unwrap();
        assert!(beside[..200].contains(sentence), "{field}: {beside}");
        assert!(answer.body.contains("value=\"Robin\"") || field == "display_name");
        assert!(!answer.body.contains(PASSWORD));
    }
}

#[on_both]
async fn a_passkey_sign_up_without_javascript_says_so(shop: Shop) {
    let fields =
        [("username", "robin"), ("display_name", "Robin"), ("password", ""), ("way", "passkey")];
    let answer = shop.visitor().post("/sign-up", &fields).await.expect_status(422);
    answer.expect_text("needs JavaScript").expect_text("value=\"robin\"");
}

#[on_both]
async fn a_password_says_what_enter_was_meant_for(shop: Shop) {
    // Enter in the password's field presses the first button of the form.
    let fields = [
        ("username", "robin"),
        ("display_name", "Robin"),
        ("password", PASSWORD),
        ("way", "passkey"),
    ];
    shop.visitor().post("/sign-up", &fields).await.expect_redirect("/");
    let short =
        fields.map(|(name, value)| (name, if name == "password" { "short" } else { value }));
    shop.visitor().post("/sign-up", &short).await.expect_status(422).expect_text("password-error");
}

#[on_both]
async fn the_way_on_stays_in_the_store(shop: Shop) {
    sign_up_with_password(&mut shop.visitor(), "robin").await;
    for elsewhere in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:1",
        "\t//evil.example",
    ] {
        let fields = [("username", "robin"), ("password", PASSWORD), ("next", elsewhere)];
        shop.visitor().post("/sign-in", &fields).await.expect_redirect("/");
        let path = format!(
            "/sign-in?next={}",
            url::form_urlencoded::byte_serialize(elsewhere.as_bytes()).collect::<String>()
        );
        assert!(!shop.visitor().get(&path).await.body.contains("evil.example"));
    }
}

#[on_both]
async fn an_address_that_looks_like_a_host_leads_nowhere(shop: Shop) {
    let answer = shop.visitor().get("//evil.example/x").await.expect_status(404);
    assert!(!answer.body.contains("evil.example"), "{}", answer.body);
}

// The session

#[on_both]
async fn the_session_id_changes_at_every_sign_in(shop: Shop) {
    let (_, mut passkey) = shop.member("robin").await;
    let mut visitor = shop.visitor();
    visitor.sign_in_options().await;
    let mut seen = vec![visitor.cookie.clone().unwrap()];
    for _ in 0..2 {
        visitor.sign_in(&mut passkey).await.expect_status(200);
        seen.push(visitor.cookie.clone().unwrap());
    }
    seen.dedup();
    assert_eq!(seen.len(), 3);
    for old in &seen[..2] {
        let mut thief = shop.visitor();
        thief.cookie = Some(old.clone());
        assert!(!thief.is_signed_in().await);
    }
}

#[on_both]
async fn signing_out_ends_the_session_on_the_server(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    let mut copy = visitor.clone();
    let answer = visitor.post("/sign-out", &[]).await.expect_redirect("/");
    assert!(answer.cookie().unwrap().contains("Max-Age=0"));
    assert_eq!(visitor.cookie, None);
    assert!(!copy.is_signed_in().await);
    assert_eq!(shop.sessions().await, 0);
}

#[on_both]
async fn a_session_that_was_ended_is_not_brought_back(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    let slug = plenty(&shop).await;
    // Requests that write to the session, in a race with the sign-out.
    let mut racers = Vec::new();
    for _ in 0..6 {
        let (mut racer, slug) = (visitor.clone(), slug.clone());
        racers.push(tokio::spawn(async move {
            racer.post("/cart", &[("slug", &slug), ("quantity", "1"), ("action", "add")]).await;
            racer.sign_up_options_or_refusal("someone").await;
        }));
    }
    let mut copy = visitor.clone();
    visitor.post("/sign-out", &[]).await.expect_redirect("/");
    for racer in racers {
        racer.await.unwrap();
    }
    assert!(!copy.is_signed_in().await);
}

#[on_both]
async fn a_session_expires(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    shop.clock.advance(29 * 24 * 60 * 60 * 1000);
    assert!(visitor.is_signed_in().await);
    shop.clock.advance(2 * 24 * 60 * 60 * 1000);
    assert!(!visitor.is_signed_in().await);
}

#[on_both]
async fn cookies_are_as_strict_as_the_address_allows(shop: Shop) {
    let slug = plenty(&shop).await;
    let add = [("slug", slug.as_str()), ("quantity", "1"), ("action", "add")];
    let local = shop.visitor().post("/cart", &add).await;
    let cookie = local.cookie().unwrap();
    assert!(
        cookie.starts_with("latchkey=")
            && cookie.contains("HttpOnly")
            && cookie.contains("SameSite=Lax")
    );

    let secure = Shop::at(shop.store.clone(), "https://store.example");
    let mut visitor = secure.visitor();
    visitor.post("/cart", &add).await;
    let answer = visitor.post("/sign-out", &[]).await;
    for cookie in [visitor.post("/cart", &add).await.cookie().unwrap(), answer.cookie().unwrap()] {
        assert!(cookie.starts_with("__Host-latchkey="), "{cookie}");
        for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"));
    }
    assert!(answer.cookie().unwrap().contains("Max-Age=0"));
}

// Cart, checkout and orders

#[on_both]
async fn the_cart_comes_along_at_sign_in(shop: Shop) {
    let (mut member, mut passkey) = shop.member("robin").await;
    let (slug, last) = (plenty(&shop).await, last_one(&shop).await);
    member
        .post("/cart", &[("slug", &slug), ("quantity", "2"), ("action", "add")])
        .await
        .expect_redirect("/cart");
    member
        .post("/cart", &[("slug", &last), ("quantity", "1"), ("action", "add")])
        .await
        .expect_redirect("/cart");
    member.post("/sign-out", &[]).await;

    let mut visitor = shop.visitor();
    visitor.post("/cart", &[("slug", &slug), ("quantity", "3"), ("action", "add")]).await;
    visitor.post("/cart", &[("slug", &last), ("quantity", "1"), ("action", "add")]).await;
    visitor.sign_in(&mut passkey).await.expect_status(200);
    let account = uuid::Uuid::from_slice(passkey.user_handle.as_ref().unwrap()).unwrap();
    let cart = shop.store.cart(&CartOwner::Account(account)).await.unwrap();
    let mut quantities: Vec<_> =
        cart.lines.into_iter().map(|line| (line.product.slug, line.quantity)).collect();
    quantities.sort();
    let mut expected = vec![(slug, 5), (last, 1)];
    expected.sort();
    assert_eq!(quantities, expected);

    // It is in the account now, not in the session.
    visitor.post("/sign-out", &[]).await;
    visitor.get("/cart").await.expect_text("nothing in it yet");
}

#[on_both]
async fn control_characters_name_nothing(shop: Shop) {
    let (mut member, _) = shop.member("robin").await;
    member.get("/products/%00").await.expect_status(404);
    member.get("/orders/%00").await.expect_status(404);
    let add = [("slug", "\0"), ("quantity", "1"), ("action", "add")];
    member.post("/cart", &add).await.expect_status(404);
    let slug = plenty(&shop).await;
    member.post("/cart", &[("slug", &slug), ("quantity", "1"), ("action", "add")]).await;
    let placement = hidden(&member.get("/checkout").await.body, "placement");
    for (name, address, field) in
        [("Ro\0bin", "1 Sample Lane", "name"), ("Robin", "1\0", "address")]
    {
        let order = [("placement", placement.as_str()), ("name", name), ("address", address)];
        let answer = member.post("/checkout", &order).await.expect_status(422);
        answer.expect_text(&format!("id=\"{field}-error\""));
    }
}

#[on_both]
async fn what_is_delivered_is_kept_without_the_space_around_it(shop: Shop) {
    let (mut member, _) = shop.member("robin").await;
    let slug = plenty(&shop).await;
    member.post("/cart", &[("slug", &slug), ("quantity", "1"), ("action", "add")]).await;
    let placement = hidden(&member.get("/checkout").await.body, "placement");
    let order = [
        ("placement", placement.as_str()),
        ("name", " Robin "),
        ("address", " 1 Sample Lane\r\nTestham\r\n "),
    ];
    let placed = member.post("/checkout", &order).await;
    let number = placed.headers["location"].to_str().unwrap().to_owned();
    member.get(&number).await.expect_text(">Robin<").expect_text("Testham<");
}

#[on_both]
async fn the_cart_says_when_there_is_not_enough(shop: Shop) {
    let last = last_one(&shop).await;
    let mut visitor = shop.visitor();
    let answer =
        visitor.post("/cart", &[("slug", &last), ("quantity", "5"), ("action", "add")]).await;
    answer.expect_status(422).expect_text("There is only 1 left. It is in your cart");
    for wrong in ["-1", "100", "many", ""] {
        let fields = [("slug", last.as_str()), ("quantity", wrong), ("action", "set")];
        visitor
            .post("/cart", &fields)
            .await
            .expect_status(422)
            .expect_text("quantity from 0 to 99");
    }
    let unknown = [("slug", "no-such-thing"), ("quantity", "1"), ("action", "add")];
    visitor.post("/cart", &unknown).await.expect_status(404);
}

#[on_both]
async fn an_order_from_end_to_end_without_javascript(shop: Shop) {
    let mut visitor = shop.visitor();
    let slug = plenty(&shop).await;
    let stock = shop.store.product(&slug).await.unwrap().unwrap().stock;
    visitor
        .post("/cart", &[("slug", &slug), ("quantity", "2"), ("action", "add")])
        .await
        .expect_redirect("/cart");
    visitor.get("/checkout").await.expect_redirect("/sign-in?next=/checkout");
    visitor.get("/sign-in?next=/checkout").await.expect_text("Sign in to check out");
    let account = [
        ("username", "robin"),
        ("display_name", "Robin"),
        ("password", PASSWORD),
        ("way", "password"),
        ("next", "/checkout"),
    ];
    visitor.post("/sign-up", &account).await.expect_redirect("/checkout");

    let page = visitor.get("/checkout").await.expect_status(200);
    let placement = hidden(&page.body, "placement");
    let incomplete = [("placement", placement.as_str()), ("name", "Robin"), ("address", " ")];
    let again = visitor.post("/checkout", &incomplete).await.expect_status(422);
    assert_eq!(hidden(&again.body, "placement"), placement);

    let order = [
        ("placement", placement.as_str()),
        ("name", "Robin"),
        ("address", "1 Sample Lane\nTestham"),
    ];
    let placed = visitor.post("/checkout", &order).await;
    let number = placed.headers["location"].to_str().unwrap().to_owned();
    visitor.post("/checkout", &order).await.expect_redirect(&number);
    visitor.get(&number).await.expect_status(200).expect_text("1 Sample Lane");
    assert_eq!(shop.store.product(&slug).await.unwrap().unwrap().stock, stock - 2);

    let (mut other, _) = shop.member("other").await;
    other.get(&number).await.expect_status(404);
    let detour = format!("/sign-in?next={number}");
    shop.visitor().get(&number).await.expect_redirect(&detour);
    shop.visitor().get("/account").await.expect_redirect("/sign-in?next=/account");
}

#[on_both]
async fn what_sold_out_meanwhile_is_said_and_the_cart_kept(shop: Shop) {
    let last = last_one(&shop).await;
    let (mut slow, _) = shop.member("slow").await;
    let (mut fast, _) = shop.member("fast").await;
    let mut placements = Vec::new();
    for visitor in [&mut slow, &mut fast] {
        visitor
            .post("/cart", &[("slug", &last), ("quantity", "1"), ("action", "add")])
            .await
            .expect_redirect("/cart");
        placements.push(hidden(&visitor.get("/checkout").await.body, "placement"));
    }
    let order = |at: usize| {
        [("placement", placements[at].as_str()), ("name", "Robin"), ("address", "1 Sample Lane")]
    };
    assert!(fast.post("/checkout", &order(1)).await.status.is_redirection());
    let answer = slow.post("/checkout", &order(0)).await.expect_status(409);
    answer.expect_text("just sold out");
    slow.get("/cart").await.expect_text(&last);
}

// What comes from elsewhere, or is too much

#[on_both]
async fn other_sites_cannot_post(shop: Shop) {
    let (mut visitor, _) = shop.member("robin").await;
    for headers in [
        [("sec-fetch-site", "cross-site"), ("accept", "text/html")],
        [("sec-fetch-site", "same-site"), ("accept", "text/html")],
        [("origin", "https://evil.example"), ("accept", "text/html")],
        [("origin", "null"), ("accept", "text/html")],
    ] {
        let answer = visitor.send(Method::POST, "/sign-out", &headers, Body::empty()).await;
        answer.expect_status(403).expect_text("another site").expect_text("<header");
    }
    let headers = [("sec-fetch-site", "cross-site"), ("content-type", "application/json")];
    let answer =
        visitor.send(Method::POST, "/api/passkey/sign-in/start", &headers, "{}".into()).await;
    answer.expect_refusal(403, "cross_site");
    assert!(visitor.is_signed_in().await);
}

#[on_both]
async fn too_much_is_refused(shop: Shop) {
    let mut visitor = shop.visitor();
    let much = "x".repeat(64 * 1024);
    visitor
        .api("passkey/sign-in/finish", json!({ "credential": much }))
        .await
        .expect_refusal(413, "too_large");
    let fields = [("username", "robin"), ("password", much.as_str())];
    visitor.post("/sign-in", &fields).await.expect_status(413).expect_text("<header");
    // Without a declared length, too.
    let chunks = futures::stream::iter((0..80).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 1024])));
    let headers = [("content-type", "application/json")];
    let answer = visitor
        .send(Method::POST, "/api/passkey/sign-in/start", &headers, Body::from_stream(chunks))
        .await;
    answer.expect_refusal(413, "too_large");
}

#[on_both]
async fn what_is_no_message_is_refused(shop: Shop) {
    let mut visitor = shop.visitor();
    let headers = [("content-type", "application/json")];
    for body in ["", "{", "null", "[1", "\u{0}"] {
        let answer =
            visitor.send(Method::POST, "/api/passkey/sign-in/finish", &headers, body.into()).await;
        answer.expect_refusal(400, "malformed");
    }
    visitor.api("no/such/function", json!({})).await.expect_refusal(404, "not_found");
    for fields in [vec![], vec![("username", "robin")]] {
        visitor.post("/sign-in", &fields).await.expect_status(400).expect_text("<header");
    }
}

#[on_both]
async fn nothing_of_the_inside_is_told(shop: Shop) {
    shop.store.close().await;
    let mut visitor = shop.visitor();
    visitor.cookie = Some("latchkey=AAAAAAAAAAAAAAAAAAAAAA".into());
    let page = visitor.get("/").await.expect_status(500).expect_text("<header");
    let api = visitor.api("passkey/sign-in/start", json!({})).await;
    api.expect_no_internals();
    page.expect_no_internals();
    api.expect_refusal(500, "internal");
}

#[on_both]
async fn everything_works_for_a_new_passkey_too(shop: Shop) {
    let (mut visitor, mut passkey) = (shop.visitor(), Authenticator::new());
    let slug = plenty(&shop).await;
    visitor.post("/cart", &[("slug", &slug), ("quantity", "1"), ("action", "add")]).await;
    visitor.sign_up("robin", &mut passkey).await.expect_status(200);
    visitor.get("/checkout").await.expect_status(200).expect_text(&slug);
}
