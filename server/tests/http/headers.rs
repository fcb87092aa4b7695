//! What browsers are told to refuse, with every answer there is.

use app::api::Route;
use axum::{body::Body, http::Method};

use crate::support::{
    on_both,
    visitor::{Answer, Shop, Visitor},
};

const ALWAYS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ("x-request-id", ""),
];

fn check(path: &str, answer: &Answer) {
    let header = |name: &str| {
        let value = answer.headers.get(name).unwrap_or_else(|| panic!("{path} has no {name}"));
        value.to_str().unwrap()
    };
    for (name, value) in ALWAYS {
        assert!(header(name).contains(value), "{path}: {name}: {}", header(name));
    }
    for refused in ["camera=()", "geolocation=()", "usb=()", "publickey-credentials-get=(self)"] {
        assert!(header("permissions-policy").contains(refused), "{path}: {refused}");
    }
    let policy = header("content-security-policy");
    let is_page = answer.body.starts_with("<!DOCTYPE html>");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert_eq!(policy.contains("'nonce-"), is_page, "{path}: {policy}");
    assert_eq!(policy.contains("require-trusted-types-for 'script'"), is_page, "{path}: {policy}");
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
    let for_everybody = path.starts_with("/.well-known/webauthn") || path.ends_with("-endpoints");
    let shared =
        if for_everybody && answer.status.is_success() { "cross-origin" } else { "same-origin" };
    assert_eq!(header("cross-origin-resource-policy"), shared, "{path}");
    let kept = if path.starts_with("/images") || path.starts_with("/pkg") {
        "no-cache"
    } else {
        "no-store"
    };
    assert_eq!(header("cache-control"), kept, "{path}");
}

async fn with(visitor: &mut Visitor, method: Method, path: &str, accept: &str) -> Answer {
    let headers = [("accept", accept), ("sec-fetch-site", "same-origin")];
    visitor.send(method, path, &headers, Body::empty()).await
}

#[on_both]
async fn every_answer_has_them(shop: Shop) {
    let shop = shop.at("https://shop.example").await;
    let mut member = shop.member_with_password("robin").await;
    let others = [
        "/nowhere",
        "/api/nothing",
        "/api/passkey/sign-in/start",
        "/images/none.svg",
        "/pkg/none.js",
    ];
    let all = Route::ALL.iter().map(|route| route.pattern()).chain(others);
    for path in all.filter(|path| !path.contains("sign-out") && *path != "/account/delete") {
        for method in [Method::GET, Method::POST, Method::PUT] {
            for accept in ["text/html", "application/json"] {
                let answer = with(&mut member, method.clone(), path, accept).await;
                check(path, &answer);
                let answer = with(&mut shop.visitor(), method.clone(), path, accept).await;
                check(path, &answer);
            }
        }
    }
}

#[on_both]
async fn pages_take_part_in_the_hosts_origin_trials(shop: Shop) {
    let trials = ["first", "second"].map(|token| token.parse().unwrap());
    let shop = shop.changed(|config| config.origin_trials = trials.to_vec()).await;
    let answer = shop.visitor().get("/").await;
    let sent: Vec<_> = answer.headers.get_all("origin-trial").iter().collect();
    assert_eq!(sent, ["first", "second"]);
}
