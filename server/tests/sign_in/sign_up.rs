//! New accounts with a passkey (WebAuthn L3 §7.1) or a password.

use serde_json::json;

use crate::support::{
    authenticator::{Authenticator, BS, UP, UV, decode, encode},
    on_both,
    visitor::{PASSWORD, Shop},
};

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

#[on_both]
async fn of_two_who_want_one_username_the_faster_gets_it(shop: Shop) {
    let (mut slow, mut fast) = (shop.visitor(), shop.visitor());
    let options = slow.sign_up_options("robin").await;
    fast.sign_up("Robin", &mut Authenticator::new()).await.expect_status(200);
    let answer = slow.finish_sign_up(&Authenticator::new().create(&options)).await;
    answer.expect_refusal(409, "username_taken");
}

#[on_both]
async fn bad_entries_are_explained_beside_their_fields_and_kept(shop: Shop) {
    shop.visitor().sign_up_with_password("taken").await.expect_redirect("/");
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
        ("password", "password1234", 422, "one of the most common"),
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
async fn a_script_hears_what_was_wrong_with_a_sign_up(shop: Shop) {
    let good = [
        ("username", "robin"),
        ("display_name", "Robin"),
        ("password", PASSWORD),
        ("way", "password"),
    ];
    for (field, value, code) in [
        (0, "a b", "username_invalid"),
        (1, " ", "display_name_invalid"),
        (2, "short", "password_too_short"),
        (2, "robinrobinrobin", "password_named"),
    ] {
        let mut fields = good;
        fields[field].1 = value;
        shop.visitor().post_by_script("/sign-up", &fields).await.expect_refusal(422, code);
    }
}

#[on_both]
async fn forged_registrations_are_refused_like_assertions(shop: Shop) {
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
async fn swapping_the_raw_id_is_refused(shop: Shop) {
    let mut visitor = shop.visitor();
    let options = visitor.sign_up_options("robin").await;
    let mut created = Authenticator::new().create(&options);
    created["rawId"] = encode(&[1; 32]).into();
    visitor.finish_sign_up(&created).await.expect_refusal(400, "malformed");
}
