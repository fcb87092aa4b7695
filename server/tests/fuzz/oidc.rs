//! ID tokens that a provider or a browser brings.

use proptest::prelude::*;
use serde_json::Value;

use super::{fuzz, http::Open, mutation::mutations};
use crate::support::{
    authenticator::{decode, encode},
    town::{Town, bring, nonce},
};

/// What is altered of a token.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// The text of it, after it was signed.
    Text,
    Header,
    Claims,
}

/// Altered after it was signed, nothing is accepted.
#[test]
fn an_altered_token_signs_nobody_in() {
    let open = Open::<Town>::new();
    let parts = prop::sample::select(&[Part::Text, Part::Header, Part::Claims][..]);
    fuzz((parts, mutations()), |(part, mutation)| {
        open.runtime.block_on(async {
            let mut visitor = open.shop.shop.visitor();
            let wanted = nonce(&mut visitor, "acorn").await;
            let token = open.shop.acorn.sign(&open.shop.acorn.token("robin", &wanted));
            let altered = match part {
                Part::Text => mutation.of_text(&token),
                Part::Header => in_part(&token, 0, |text| mutation.of(text)),
                Part::Claims => in_part(&token, 1, |text| mutation.of(text)),
            };
            let answer = bring(&mut visitor, "acorn", &wanted, &altered).await;
            assert!(!answer.status.is_server_error() || answer.status == 502, "{altered}");
            if altered != token {
                assert!(!answer.status.is_success(), "{altered} for {token}");
            }
        });
    });
}

/// Signed by the provider, whatever it says is read, and nobody is signed in as somebody else.
#[test]
fn odd_claims_of_a_provider_never_break_the_shop() {
    let open = Open::<Town>::new();
    fuzz(mutations(), |mutation| {
        open.runtime.block_on(async {
            let mut visitor = open.shop.shop.visitor();
            let wanted = nonce(&mut visitor, "acorn").await;
            let mut token = open.shop.acorn.token("robin", &wanted);
            let altered = mutation.of_text(&token.claims.to_string());
            let Ok(claims) = serde_json::from_str::<Value>(&altered) else { return };
            let meant = ["iss", "aud", "nonce"].map(|claim| claims.get(claim).cloned());
            let asked = ["iss", "aud", "nonce"].map(|claim| token.claims.get(claim).cloned());
            token.claims = claims;
            let token = open.shop.acorn.sign(&token);
            let answer = bring(&mut visitor, "acorn", &wanted, &token).await;
            assert!(!answer.status.is_server_error() || answer.status == 502, "{altered}");
            assert!(!answer.status.is_success() || meant == asked, "{altered}");
        });
    });
}

fn in_part(token: &str, which: usize, bend: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts[which] = encode(&bend(&decode(&parts[which])));
    parts.join(".")
}
