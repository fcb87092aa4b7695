//! The ceremonies, through the real router: WebAuthn L3 §7.1 and §7.2, and what
//! an attacker would try.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_URL_SAFE};
use latchkey::{ByHand, Call, Visit, store::Sessions};
use serde_json::{Value, json};
use tower_sessions::{Session, SessionStore};

use crate::support::{
    authenticator::{Authenticator, BE, BS, UP, UV, decode, encode},
    on_both,
    visitor::Shop,
};

/// Five minutes and a bit, in milliseconds.
const TOO_LATE: i64 = 5 * 60 * 1000 + 1;

#[on_both]
async fn a_passkey_signs_up_and_in(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("Robin@Example.org").await;
    visitor.get("/account").await.expect_status(200).expect_text("Robin");
    visitor.post("/sign-out", &[]).await.expect_redirect("/");
    assert!(!visitor.is_signed_in().await);

    let answer = visitor.sign_in(&mut passkey).await.expect_status(200);
    assert_eq!(answer.json()["done"]["username"], "Robin@Example.org");
    assert!(visitor.is_signed_in().await);
}

#[on_both]
async fn registration_asks_for_what_immediate_requests_need(shop: Shop) {
    let options = shop.visitor().sign_up_options("robin").await;
    assert_eq!(
        options["authenticatorSelection"],
        json!({
            "residentKey": "required", "requireResidentKey": true, "userVerification": "required",
        })
    );
    assert_eq!(options["attestation"], "none");
    assert_eq!(options["rp"]["id"], "localhost");
    assert_eq!(decode(options["challenge"].as_str().unwrap()).len(), 32);
    assert_eq!(decode(options["user"]["id"].as_str().unwrap()).len(), 16);
    assert_eq!(options["timeout"], 300_000);
}

#[on_both]
async fn a_sign_in_asks_for_any_passkey_with_user_verification(shop: Shop) {
    let options = shop.visitor().sign_in_options().await;
    assert_eq!(options["allowCredentials"], json!([]));
    assert_eq!(options["userVerification"], "required");
    assert_eq!(options["rpId"], "localhost");
    assert_eq!(decode(options["challenge"].as_str().unwrap()).len(), 32);
    assert_eq!(options["timeout"], 300_000);
}

#[on_both]
async fn a_session_that_ends_meanwhile_keeps_no_stranger_waiting(shop: Shop) {
    let sessions = Arc::new(Sessions::new(shop.store.clone(), shop.clock.clone()));
    let session = Session::new(None, sessions.clone(), None);
    let (server, visit) = (shop.server.clone(), Visit(session.clone()));
    let call = Call { server, visit, user_agent: String::new(), by_hand: ByHand::No };
    call.start_sign_in().await.unwrap();
    // With this request, the session is loaded already.
    let ended = session.id().unwrap();
    sessions.delete(&ended).await.unwrap();
    call.start_sign_in().await.unwrap();
    assert_ne!(session.id(), Some(ended));
    assert!(sessions.load(&session.id().unwrap()).await.unwrap().is_some());
}

#[on_both]
async fn no_two_challenges_are_alike(shop: Shop) {
    let mut visitor = shop.visitor();
    let [one, other] = [visitor.sign_in_options().await, visitor.sign_in_options().await];
    assert_ne!(one["challenge"], other["challenge"]);
}

// What is wrong with an assertion

#[on_both]
async fn a_wrong_origin_is_refused(shop: Shop) {
    let bend = |passkey: &mut Authenticator| passkey.origin = "https://evil.example".into();
    refuse_sign_in(&shop, bend, 400, "wrong_origin").await;
    let bend = |passkey: &mut Authenticator| passkey.origin = "http://localhost:3999".into();
    refuse_sign_in(&shop, bend, 400, "wrong_origin").await;
}

#[on_both]
async fn a_wrong_relying_party_is_refused(shop: Shop) {
    let bend = |passkey: &mut Authenticator| passkey.rp_id = "evil.example".into();
    refuse_sign_in(&shop, bend, 400, "wrong_relying_party").await;
}

#[on_both]
async fn a_missing_user_presence_is_refused(shop: Shop) {
    refuse_sign_in(&shop, |passkey| passkey.flags = UV, 400, "user_not_present").await;
}

#[on_both]
async fn a_missing_user_verification_is_refused(shop: Shop) {
    refuse_sign_in(&shop, |passkey| passkey.flags = UP, 400, "user_not_verified").await;
}

#[on_both]
async fn a_frame_in_another_site_is_refused(shop: Shop) {
    let framed = |passkey: &mut Authenticator| {
        passkey.client_data.insert("crossOrigin".into(), true.into());
    };
    refuse_sign_in(&shop, framed, 400, "cross_origin").await;
    let under = |passkey: &mut Authenticator| {
        passkey.client_data.insert("topOrigin".into(), "https://evil.example".into());
    };
    refuse_sign_in(&shop, under, 400, "cross_origin").await;
}

#[on_both]
async fn a_registration_is_no_assertion(shop: Shop) {
    let bend = |passkey: &mut Authenticator| passkey.client_data_type = Some("webauthn.create");
    refuse_sign_in(&shop, bend, 400, "wrong_type").await;
}

#[on_both]
async fn a_counter_that_does_not_grow_is_refused(shop: Shop) {
    refuse_sign_in(&shop, |passkey| passkey.counter = 1, 400, "counter_went_back").await;
    refuse_sign_in(&shop, |passkey| passkey.counter = 0, 400, "counter_went_back").await;
}

#[on_both]
async fn a_synced_passkey_never_counts(shop: Shop) {
    let mut visitor = shop.visitor();
    let mut passkey = Authenticator::new();
    (passkey.counter, passkey.flags) = (0, UP | UV | BE | BS);
    visitor.sign_up("robin", &mut passkey).await.expect_status(200);
    for _ in 0..2 {
        visitor.sign_in(&mut passkey).await.expect_status(200);
    }
    passkey.flags = UP | UV;
    visitor.sign_in(&mut passkey).await.expect_refusal(400, "backup_flags_wrong");
}

#[on_both]
async fn the_backup_state_is_kept_current(shop: Shop) {
    let (mut visitor, mut passkey) = (shop.visitor(), Authenticator::new());
    passkey.flags = UP | UV | BE;
    visitor.sign_up("robin", &mut passkey).await.expect_status(200);
    assert!(!shop.store.passkey(&passkey.id()).await.unwrap().unwrap().backed_up);
    passkey.flags = UP | UV | BE | BS;
    visitor.sign_in(&mut passkey).await.expect_status(200);
    assert!(shop.store.passkey(&passkey.id()).await.unwrap().unwrap().backed_up);
}

#[on_both]
async fn an_altered_signature_is_refused(shop: Shop) {
    refuse_altered(&shop, "bad_signature", |assertion| {
        let signature = &mut assertion["response"]["signature"];
        let mut bytes = decode(signature.as_str().unwrap());
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        *signature = encode(&bytes).into();
    })
    .await;
}

#[on_both]
async fn altered_authenticator_data_is_refused(shop: Shop) {
    refuse_altered(&shop, "bad_signature", |assertion| {
        let data = &mut assertion["response"]["authenticatorData"];
        let mut bytes = decode(data.as_str().unwrap());
        bytes[36] ^= 0x40;
        *data = encode(&bytes).into();
    })
    .await;
}

#[on_both]
async fn a_user_handle_of_another_account_is_refused(shop: Shop) {
    let (_, other) = shop.member("other").await;
    let theirs = other.user_handle.clone();
    refuse_sign_in(&shop, |passkey| passkey.user_handle = theirs.clone(), 400, "wrong_user").await;
    refuse_sign_in(&shop, |passkey| passkey.user_handle = None, 400, "wrong_user").await;
    refuse_sign_in(&shop, |passkey| passkey.user_handle = Some(vec![1]), 400, "wrong_user").await;
}

#[on_both]
async fn somebody_elses_credential_id_does_not_open_their_account(shop: Shop) {
    let (_, victim) = shop.member("victim").await;
    let bend = |passkey: &mut Authenticator| {
        passkey.credential_id = victim.credential_id.clone();
        passkey.user_handle = victim.user_handle.clone();
        passkey.counter = 100;
    };
    refuse_sign_in(&shop, bend, 400, "bad_signature").await;
}

#[on_both]
async fn an_unknown_credential_is_refused_by_its_name(shop: Shop) {
    let mut visitor = shop.visitor();
    let mut stranger = Authenticator::new();
    stranger.user_handle = Some(vec![1; 16]);
    let refusal = visitor.sign_in(&mut stranger).await.expect_refusal(404, "unknown_credential");
    assert_eq!(refusal["credential_id"], stranger.id());
    assert!(!visitor.is_signed_in().await);
}

// Challenges

#[on_both]
async fn a_challenge_is_good_for_five_minutes(shop: Shop) {
    let (mut visitor, mut passkey) = shop.member("robin").await;
    visitor.post("/sign-out", &[]).await;
    let options = visitor.sign_in_options().await;
    shop.clock.advance(TOO_LATE);
    let answer = visitor.finish_sign_in(&passkey.get(&options)).await;
    answer.expect_refusal(400, "challenge_unknown");

    let options = visitor.sign_in_options().await;
    shop.clock.advance(TOO_LATE - 2);
    visitor.finish_sign_in(&passkey.get(&options)).await.expect_status(200);
}

#[on_both]
async fn a_challenge_works_once(shop: Shop) {
    let (_, mut passkey) = shop.member("robin").await;
    let mut visitor = shop.visitor();
    let options = visitor.sign_in_options().await;
    let anonymous = visitor.clone();
    visitor.finish_sign_in(&passkey.get(&options)).await.expect_status(200);
    for mut again in [visitor, anonymous] {
        let answer = again.finish_sign_in(&passkey.get(&options)).await;
        answer.expect_refusal(400, "challenge_unknown");
    }
}

#[on_both]
async fn a_challenge_is_used_up_by_a_failure(shop: Shop) {
    let (_, mut passkey) = shop.member("robin").await;
    let mut visitor = shop.visitor();
    let options = visitor.sign_in_options().await;
    passkey.flags = UP;
    visitor.finish_sign_in(&passkey.get(&options)).await.expect_refusal(400, "user_not_verified");
    passkey.flags = UP | UV;
    visitor.finish_sign_in(&passkey.get(&options)).await.expect_refusal(400, "challenge_unknown");
}

#[on_both]
async fn of_many_simultaneous_answers_one_is_taken(shop: Shop) {
    let (_, mut passkey) = shop.member("robin").await;
    let mut visitor = shop.visitor();
    let options = visitor.sign_in_options().await;
    let tries = (0..8).map(|_| {
        let (mut visitor, assertion) = (visitor.clone(), passkey.get(&options));
        tokio::spawn(async move { visitor.finish_sign_in(&assertion).await.status.as_u16() })
    });
    let mut taken = 0;
    for attempt in tries.collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            200 => taken += 1,
            status => assert_eq!(status, 400),
        }
    }
    assert_eq!(taken, 1);
}

#[on_both]
async fn a_challenge_belongs_to_its_session(shop: Shop) {
    let (_, mut passkey) = shop.member("robin").await;
    let (mut victim, mut thief) = (shop.visitor(), shop.visitor());
    let options = victim.sign_in_options().await;
    thief.sign_in_options().await;
    let assertion = passkey.get(&options);
    thief.finish_sign_in(&assertion).await.expect_refusal(400, "challenge_unknown");
    let mut nobody = shop.visitor();
    nobody.finish_sign_in(&assertion).await.expect_refusal(400, "challenge_unknown");
    // And nobody else can use it up.
    victim.finish_sign_in(&assertion).await.expect_status(200);
}

#[on_both]
async fn a_challenge_belongs_to_its_purpose(shop: Shop) {
    let (_, mut passkey) = shop.member("robin").await;
    let mut visitor = shop.visitor();
    let sign_up = visitor.sign_up_options("other").await;
    visitor.finish_sign_in(&passkey.get(&sign_up)).await.expect_refusal(400, "challenge_unknown");

    let mut sign_in = visitor.sign_in_options().await;
    sign_in["user"] = sign_up["user"].clone();
    let created = Authenticator::new().create(&sign_in);
    visitor.finish_sign_up(&created).await.expect_refusal(400, "challenge_unknown");
}

#[on_both]
async fn a_made_up_challenge_is_refused(shop: Shop) {
    let bend = |passkey: &mut Authenticator| passkey.challenge = Some(encode(&[9; 32]));
    refuse_sign_in(&shop, bend, 400, "challenge_unknown").await;
}

// What is wrong with a registration

#[on_both]
async fn registrations_are_refused_like_assertions(shop: Shop) {
    type Bend = fn(&mut Authenticator);
    let cases: [(&str, Bend); 8] = [
        ("wrong_origin", |passkey| passkey.origin = "https://evil.example".into()),
        ("wrong_relying_party", |passkey| passkey.rp_id = "evil.example".into()),
        ("user_not_present", |passkey| passkey.flags = UV),
        ("user_not_verified", |passkey| passkey.flags = UP),
        ("backup_flags_wrong", |passkey| passkey.flags = UP | UV | BS),
        ("wrong_type", |passkey| passkey.client_data_type = Some("webauthn.get")),
        ("cross_origin", |passkey| {
            passkey.client_data.insert("crossOrigin".into(), true.into());
        }),
        ("cross_origin", |passkey| {
            passkey.client_data.insert("topOrigin".into(), "https://evil.example".into());
        }),
    ];
    for (code, bend) in cases {
        let (mut visitor, mut passkey) = (shop.visitor(), Authenticator::new());
        bend(&mut passkey);
        visitor.sign_up("robin", &mut passkey).await.expect_refusal(400, code);
        assert!(!visitor.is_signed_in().await);
        assert!(shop.store.passkey(&passkey.id()).await.unwrap().is_none(), "{code}");
        assert!(!shop.store.username_taken("robin").await.unwrap(), "{code}");
    }
}

#[on_both]
async fn a_registered_credential_cannot_be_registered_again(shop: Shop) {
    let (_, mut passkey) = shop.member("robin").await;
    let answer = shop.visitor().sign_up("other", &mut passkey).await;
    answer.expect_refusal(409, "credential_taken");
    assert!(!shop.store.username_taken("other").await.unwrap());
}

#[on_both]
async fn two_ids_are_no_answer(shop: Shop) {
    let mut visitor = shop.visitor();
    let options = visitor.sign_up_options("robin").await;
    let mut created = Authenticator::new().create(&options);
    created["rawId"] = encode(&[1; 32]).into();
    visitor.finish_sign_up(&created).await.expect_refusal(400, "malformed");
}

#[on_both]
async fn of_two_who_want_one_username_the_faster_gets_it(shop: Shop) {
    let (mut slow, mut fast) = (shop.visitor(), shop.visitor());
    let options = slow.sign_up_options("robin").await;
    fast.sign_up("Robin", &mut Authenticator::new()).await.expect_status(200);
    let answer = slow.finish_sign_up(&Authenticator::new().create(&options)).await;
    answer.expect_refusal(409, "username_taken");
}

#[on_both]
async fn names_are_checked_before_anything_is_asked(shop: Shop) {
    shop.member("robin").await;
    for (username, display_name, status, code) in [
        ("ab", "Robin", 422, "username_invalid"),
        ("a b c", "Robin", 422, "username_invalid"),
        ("robin2", " ", 422, "display_name_invalid"),
        ("ROBIN", "Robin", 409, "username_taken"),
    ] {
        let message = json!({ "username": username, "display_name": display_name });
        let answer = shop.visitor().api("passkey/sign-up/start", message).await;
        answer.expect_refusal(status, code);
    }
}

// What is no message at all

#[on_both]
async fn malformed_messages_are_refused(shop: Shop) {
    let mut visitor = shop.visitor();
    let options = visitor.sign_in_options().await;
    let good = Authenticator::new().get(&options);
    let mut no_challenge = good.clone();
    no_challenge["response"]["clientDataJSON"] = encode(b"{}").into();
    let mut padded = good.clone();
    padded["response"]["clientDataJSON"] = BASE64_URL_SAFE.encode([1, 2, 3, 4]).into();
    let mut array = good.clone();
    array["response"] = json!([1, 2, 3]);
    for bad in [json!(null), json!({}), json!("text"), json!([]), no_challenge, padded, array] {
        visitor.finish_sign_in(&bad).await.expect_refusal(400, "malformed");
        visitor.finish_sign_up(&bad).await.expect_refusal(400, "malformed");
    }
    for bad in [json!({}), json!({ "credential": 7 }), json!(null), json!([[[]]])] {
        visitor.api("passkey/sign-in/finish", bad).await.expect_refusal(400, "malformed");
    }
}

#[on_both]
async fn wrong_types_inside_an_answer_are_refused(shop: Shop) {
    let (_, mut passkey) = shop.member("robin").await;
    for path in ["/id", "/rawId", "/type", "/response/authenticatorData", "/response/signature"] {
        for wrong in [json!(7), json!(null), json!("***"), json!({})] {
            let mut visitor = shop.visitor();
            let options = visitor.sign_in_options().await;
            let mut assertion = passkey.get(&options);
            *assertion.pointer_mut(path).unwrap() = wrong;
            visitor.finish_sign_in(&assertion).await.expect_refusal(400, "malformed");
            assert!(!visitor.is_signed_in().await);
        }
    }
}

/// Signs in with a passkey that `bend` was done to, which must be refused and
/// leave everything as it was.
async fn refuse_sign_in(shop: &Shop, bend: impl Fn(&mut Authenticator), status: u16, code: &str) {
    let name = format!("member-{}", rand::random::<u32>());
    let (_, mut passkey) = shop.member(&name).await;
    let id = passkey.id();
    let before = shop.store.passkey(&id).await.unwrap().unwrap();
    bend(&mut passkey);

    let mut visitor = shop.visitor();
    visitor.sign_in(&mut passkey).await.expect_refusal(status, code);
    assert!(!visitor.is_signed_in().await);
    let after = shop.store.passkey(&id).await.unwrap().unwrap();
    assert_eq!((before.counter, before.credential), (after.counter, after.credential));
}

async fn refuse_altered(shop: &Shop, code: &str, alter: impl Fn(&mut Value)) {
    let (_, mut passkey) = shop.member("robin").await;
    let mut visitor = shop.visitor();
    let options = visitor.sign_in_options().await;
    let mut assertion = passkey.get(&options);
    alter(&mut assertion);
    visitor.finish_sign_in(&assertion).await.expect_refusal(400, code);
    assert!(!visitor.is_signed_in().await);
}
