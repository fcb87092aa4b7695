//! A passkey signs in, and what an attacker would try with an assertion (WebAuthn L3 §7.2).

use base64::{Engine, prelude::BASE64_URL_SAFE};
use serde_json::{Value, json};

use crate::support::{
    authenticator::{Authenticator, BE, BS, UP, UV, decode, encode},
    on_both,
    visitor::Shop,
};

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
    let (mut member, mut passkey) = shop.member("robin").await;
    let mut ended = member.clone();
    member.sign_out().await;
    let options = ended.sign_in_options().await;
    ended.finish_sign_in(&passkey.get(&options)).await.expect_status(200);
    assert!(ended.is_signed_in().await);
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
async fn phishing_from_another_origin_is_refused(shop: Shop) {
    let bend = |passkey: &mut Authenticator| passkey.origin = "https://evil.example".into();
    refuse_sign_in(&shop, bend, 400, "wrong_origin").await;
    let bend = |passkey: &mut Authenticator| passkey.origin = "http://localhost:3999".into();
    refuse_sign_in(&shop, bend, 400, "wrong_origin").await;
}

#[on_both]
async fn phishing_for_another_relying_party_is_refused(shop: Shop) {
    let bend = |passkey: &mut Authenticator| passkey.rp_id = "evil.example".into();
    refuse_sign_in(&shop, bend, 400, "wrong_relying_party").await;
}

#[on_both]
async fn clickjacking_in_a_frame_of_another_site_is_refused(shop: Shop) {
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
async fn a_missing_user_presence_is_refused(shop: Shop) {
    refuse_sign_in(&shop, |passkey| passkey.flags = UV, 400, "user_not_present").await;
}

#[on_both]
async fn a_missing_user_verification_is_refused(shop: Shop) {
    refuse_sign_in(&shop, |passkey| passkey.flags = UP, 400, "user_not_verified").await;
}

#[on_both]
async fn a_registration_passed_off_as_an_assertion_is_refused(shop: Shop) {
    let bend = |passkey: &mut Authenticator| passkey.client_data_type = Some("webauthn.create");
    refuse_sign_in(&shop, bend, 400, "wrong_type").await;
}

#[on_both]
async fn a_clone_is_refused_by_its_counter(shop: Shop) {
    refuse_sign_in(&shop, |passkey| passkey.counter = 1, 400, "counter_went_back").await;
    refuse_sign_in(&shop, |passkey| passkey.counter = 0, 400, "counter_went_back").await;
}

#[on_both]
async fn a_forged_challenge_is_refused(shop: Shop) {
    let bend = |passkey: &mut Authenticator| passkey.challenge = Some(encode(&[9; 32]));
    refuse_sign_in(&shop, bend, 400, "challenge_unknown").await;
}

#[on_both]
async fn a_forged_signature_is_refused(shop: Shop) {
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
async fn tampering_with_authenticator_data_is_refused(shop: Shop) {
    refuse_altered(&shop, "bad_signature", |assertion| {
        let data = &mut assertion["response"]["authenticatorData"];
        let mut bytes = decode(data.as_str().unwrap());
        bytes[36] ^= 0x40;
        *data = encode(&bytes).into();
    })
    .await;
}

#[on_both]
async fn swapping_the_user_handle_is_refused(shop: Shop) {
    let (_, other) = shop.member("other").await;
    let theirs = other.user_handle.clone();
    refuse_sign_in(&shop, |passkey| passkey.user_handle = theirs.clone(), 400, "wrong_user").await;
    refuse_sign_in(&shop, |passkey| passkey.user_handle = None, 400, "wrong_user").await;
    refuse_sign_in(&shop, |passkey| passkey.user_handle = Some(vec![1]), 400, "wrong_user").await;
}

#[on_both]
async fn impersonation_by_somebody_elses_credential_id_is_refused(shop: Shop) {
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
