//! The FIDO2 server list (`fido-alliance/conformance-test-tools-resources`, commit 6c4d97a,
//! `docs/FIDO2/Server/README.md`), over HTTP: what each of its cases asks, and what the shop
//! answers. A case's name is the section's last part and the case's number there:
//! "Attestation-Resp-2 F-5" is F-5 of `Server-ServerAuthenticatorAttestationResponse-Resp-2`.

mod assertions;
mod beyond;
mod options;
mod registrations;

use std::collections::BTreeSet;

use super::attestation::picky;
use crate::support::{
    authenticator::{Authenticator, ED},
    on_both,
    visitor::{Answer, Shop},
};

/// What has to come of a case.
#[derive(Clone, Copy)]
enum Verdict {
    Accepted,
    /// Refused, with this code.
    Refused(&'static str),
    /// Refused, though the list accepts it: with the reason.
    Stricter(&'static str, #[expect(dead_code, reason = "for people")] &'static str),
}

use Verdict::{Accepted, Refused, Stricter};

/// A name, what has to come of it, and what is done to a registration or an assertion that would
/// be right.
type Case = (&'static str, Verdict, fn(&mut Authenticator));

/// How many cases the list has that succeed (P) and that fail (F).
const LIST: [(&str, u32, u32); 17] = [
    ("CreationOptions-Req-1", 3, 0),
    ("Attestation-Resp-1", 1, 14),
    ("Attestation-Resp-2", 0, 17),
    ("Attestation-Resp-3", 1, 19),
    ("Attestation-Resp-4", 12, 0),
    ("Attestation-Resp-5", 2, 14),
    ("Attestation-Resp-6", 1, 3),
    ("Attestation-Resp-7", 2, 1),
    ("Attestation-Resp-8", 1, 2),
    ("Attestation-Resp-9", 3, 4),
    ("Attestation-Resp-A", 1, 3),
    ("Attestation-Resp-B", 1, 7),
    ("GetOptions-Req-1", 2, 0),
    ("Assertion-Resp-1", 1, 21),
    ("Assertion-Resp-2", 0, 17),
    ("Assertion-Resp-3", 8, 5),
    // "Attestation-Resp-1" once more, under "Metadata Service Tests".
    ("Metadata", 1, 6),
];

/// Cases that are about what the shop does not have: with the reason.
const DO_NOT_APPLY: [(&str, &[&str]); 5] = [
    (
        "They need chains of several certificates, which webauthn-rs verifies, and tests.",
        &["Attestation-Resp-5 F-10", "Attestation-Resp-5 F-11", "Attestation-Resp-5 F-12"],
    ),
    (
        "webauthn-rs verifies statements of TPMs, and tests it with real ones.",
        &[
            "Attestation-Resp-9 P-1",
            "Attestation-Resp-9 P-2",
            "Attestation-Resp-9 P-3",
            "Attestation-Resp-9 F-1",
            "Attestation-Resp-9 F-2",
            "Attestation-Resp-9 F-3",
            "Attestation-Resp-9 F-4",
        ],
    ),
    (
        "webauthn-rs verifies Android's statements, and tests it with real ones.",
        &[
            "Attestation-Resp-A P-1",
            "Attestation-Resp-A F-1",
            "Attestation-Resp-A F-2",
            "Attestation-Resp-A F-3",
        ],
    ),
    (
        "Google has ended SafetyNet: statements of it are refused, all of them.",
        &[
            "Attestation-Resp-B P-1",
            "Attestation-Resp-B F-1",
            "Attestation-Resp-B F-2",
            "Attestation-Resp-B F-3",
            "Attestation-Resp-B F-4",
            "Attestation-Resp-B F-5",
            "Attestation-Resp-B F-6",
            "Attestation-Resp-B F-7",
        ],
    ),
    (
        "The shop asks no metadata service: whom it trusts is in its configuration.",
        &[
            "Metadata P-1",
            "Metadata F-1",
            "Metadata F-2",
            "Metadata F-3",
            "Metadata F-4",
            "Metadata F-5",
            "Metadata F-6",
        ],
    ),
];

#[test]
fn no_case_of_the_list_is_left_out() {
    let asked = LIST.iter().flat_map(|(section, successes, failures)| {
        let successes = (1..=*successes).map(move |case| format!("{section} P-{case}"));
        successes.chain((1..=*failures).map(move |case| format!("{section} F-{case}")))
    });
    let asked: BTreeSet<_> = asked.collect();
    let tables = [registrations::CASES, registrations::WITH_TRUSTED_MAKERS, assertions::CASES];
    let answered = tables.concat().into_iter().map(|(name, ..)| name);
    let answered = answered.chain(options::NAMES).map(str::to_owned).collect::<Vec<_>>();
    let skipped = DO_NOT_APPLY.iter().flat_map(|(_, names)| *names).map(|name| name.to_string());
    let (ran, skipped) = (answered.len(), skipped.collect::<Vec<_>>());
    let all = [answered, skipped].concat();
    assert_eq!(asked.len(), 173);
    assert_eq!(all.len(), asked.len(), "each once");
    assert_eq!(BTreeSet::from_iter(all), asked);
    assert_eq!(ran, 144);
}

#[on_both]
async fn registrations_are_judged_as_the_list_asks(shop: Shop) {
    for case in registrations::CASES {
        register(&shop, case).await;
    }
    let shop = picky(shop, &[]).await;
    for case in registrations::WITH_TRUSTED_MAKERS {
        register(&shop, case).await;
    }
}

#[on_both]
async fn assertions_are_judged_as_the_list_asks(shop: Shop) {
    for case in assertions::CASES {
        assert(&shop, case).await;
    }
}

/// Assertion-Resp-3 P-1: an authenticator that never counts.
#[on_both]
async fn assertion_resp_3_p_1(shop: Shop) {
    let mut passkey = Authenticator::new();
    passkey.counter = 0;
    shop.visitor().sign_up("robin", &mut passkey).await.expect_status(200);
    for _ in 0..2 {
        shop.visitor().sign_in(&mut passkey).await.expect_status(200);
    }
}

/// Attestation-Resp-5 F-6 and F-7: a certificate that has expired, or is not valid yet. It is
/// from July of 2017 to November of 2046.
#[on_both]
async fn attestation_resp_5_f_6_and_f_7(shop: Shop) {
    let shop = picky(shop, &[]).await;
    let start = shop.clock.now();
    for moment in [2_430_000_000_000, 1_490_000_000_000] {
        shop.clock.advance(moment - shop.clock.now().0);
        let answer = shop.visitor().sign_up("robin", &mut Authenticator::attested()).await;
        answer.expect_refusal(400, "attestation_untrusted");
    }
    shop.clock.advance(start.0 - shop.clock.now().0);
    shop.visitor().sign_up("robin", &mut Authenticator::attested()).await.expect_status(200);
}

#[on_both]
async fn what_the_list_forgets_is_judged_too(shop: Shop) {
    for case in beyond::REGISTRATIONS {
        register(&shop, case).await;
    }
    for case in beyond::ASSERTIONS {
        assert(&shop, case).await;
    }
}

/// A new account for each case: what is refused makes none, what is accepted signs in later.
async fn register(shop: &Shop, (name, verdict, bend): &Case) {
    let username = format!("someone-{}", rand::random::<u64>());
    let (mut visitor, mut passkey) = (shop.visitor(), Authenticator::new());
    bend(&mut passkey);
    let answer = visitor.sign_up(&username, &mut passkey).await;
    check(name, *verdict, &answer);
    let made = shop.store.username_taken(&username).await.unwrap();
    assert_eq!(made, matches!(verdict, Accepted), "{name}");
    assert_eq!(visitor.is_signed_in().await, made, "{name}");
    if made {
        passkey.bend = Default::default();
        passkey.flags &= !ED;
        shop.visitor().sign_in(&mut passkey).await.expect_status(200);
    }
}

/// A passkey for each case. What is refused changes nothing of it.
async fn assert(shop: &Shop, (name, verdict, bend): &Case) {
    let username = format!("someone-{}", rand::random::<u64>());
    let (_, mut passkey) = shop.member(&username).await;
    let id = passkey.id();
    let before = shop.store.passkey(&id).await.unwrap().unwrap();
    let honest = passkey.clone();
    bend(&mut passkey);
    let mut visitor = shop.visitor();
    let answer = visitor.sign_in(&mut passkey).await;
    check(name, *verdict, &answer);
    let accepted = matches!(verdict, Accepted);
    assert_eq!(visitor.is_signed_in().await, accepted, "{name}");
    let after = shop.store.passkey(&id).await.unwrap().unwrap();
    assert!(accepted || before.credential == after.credential, "{name}");
    let (mut member, mut honest) = (shop.visitor(), honest);
    honest.counter += 1;
    member.sign_in(&mut honest).await.expect_status(200);
}

#[track_caller]
fn check(name: &str, verdict: Verdict, answer: &Answer) {
    match verdict {
        Accepted => assert_eq!(answer.status, 200, "{name}: {}", answer.body),
        Refused(code) | Stricter(code, _) => {
            assert_eq!(answer.status.as_u16() / 100, 4, "{name}: {}", answer.body);
            assert_eq!(answer.json()["code"], code, "{name}");
        }
    }
}
