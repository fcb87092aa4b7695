//! "GetAssertion Response": assertions.

use serde_json::json;

use super::{Accepted, Case, Refused, Stricter};
use crate::support::{
    authenticator::{ED, UP, UV, decode, encode},
    bend::{leave_out, set},
};

const VERIFIED: &str = "the shop requires user verification, whatever the list's tests ask for";

pub(super) const CASES: &[Case] = &[
    // The structure
    ("Assertion-Resp-1 P-1", Accepted, |_| ()),
    ("Assertion-Resp-1 F-1", Refused("malformed"), |a| a.bend.json = |it| leave_out(it, "/id")),
    ("Assertion-Resp-1 F-2", Refused("malformed"), |a| a.bend.json = |it| it["id"] = json!(7)),
    ("Assertion-Resp-1 F-3", Refused("malformed"), |a| a.bend.json = |it| it["id"] = json!("+/")),
    ("Assertion-Resp-1 F-4", Refused("malformed"), |a| a.bend.json = |it| leave_out(it, "/type")),
    ("Assertion-Resp-1 F-5", Refused("malformed"), |a| a.bend.json = |it| it["type"] = json!(7)),
    ("Assertion-Resp-1 F-6", Refused("malformed"), |a| {
        a.bend.json = |it| it["type"] = json!("private-key");
    }),
    ("Assertion-Resp-1 F-7", Refused("malformed"), |a| {
        a.bend.json = |it| leave_out(it, "/response");
    }),
    ("Assertion-Resp-1 F-8", Refused("malformed"), |a| {
        a.bend.json = |it| it["response"] = json!("response");
    }),
    ("Assertion-Resp-1 F-9", Refused("malformed"), |a| {
        a.bend.json = |it| leave_out(it, "/response/clientDataJSON");
    }),
    ("Assertion-Resp-1 F-10", Refused("malformed"), |a| {
        a.bend.json = |it| it["response"]["clientDataJSON"] = json!(7);
    }),
    ("Assertion-Resp-1 F-11", Refused("malformed"), |a| {
        a.bend.json = |it| it["response"]["clientDataJSON"] = json!("");
    }),
    ("Assertion-Resp-1 F-12", Refused("malformed"), |a| {
        a.bend.json = |it| leave_out(it, "/response/authenticatorData");
    }),
    ("Assertion-Resp-1 F-13", Refused("malformed"), |a| {
        a.bend.json = |it| it["response"]["authenticatorData"] = json!(7);
    }),
    ("Assertion-Resp-1 F-14", Refused("malformed"), |a| {
        a.bend.json = |it| it["response"]["authenticatorData"] = json!("+/");
    }),
    ("Assertion-Resp-1 F-15", Refused("malformed"), |a| {
        a.bend.json = |it| it["response"]["authenticatorData"] = json!("");
    }),
    ("Assertion-Resp-1 F-16", Refused("malformed"), |a| {
        a.bend.json = |it| leave_out(it, "/response/signature");
    }),
    ("Assertion-Resp-1 F-17", Refused("malformed"), |a| {
        a.bend.json = |it| it["response"]["signature"] = json!(7);
    }),
    ("Assertion-Resp-1 F-18", Refused("malformed"), |a| {
        a.bend.json = |it| it["response"]["signature"] = json!("+/");
    }),
    ("Assertion-Resp-1 F-19", Refused("bad_signature"), |a| {
        a.bend.json = |it| it["response"]["signature"] = json!("");
    }),
    ("Assertion-Resp-1 F-20", Refused("bad_signature"), |a| {
        a.bend.signature = |it| *it.last_mut().unwrap() ^= 1;
    }),
    ("Assertion-Resp-1 F-21", Refused("malformed"), |a| {
        a.bend.json = |it| it["response"]["userHandle"] = json!(7);
    }),
    // The client data
    ("Assertion-Resp-2 F-1", Refused("malformed"), |a| {
        a.bend.client_data = |it| drop(it.remove("type"));
    }),
    ("Assertion-Resp-2 F-2", Refused("malformed"), |a| {
        a.bend.client_data = |it| it["type"] = json!(7);
    }),
    ("Assertion-Resp-2 F-3", Refused("wrong_type"), |a| a.client_data_type = Some("")),
    ("Assertion-Resp-2 F-4", Refused("wrong_type"), |a| a.client_data_type = Some("webauthn.got")),
    ("Assertion-Resp-2 F-5", Refused("wrong_type"), |a| {
        a.client_data_type = Some("webauthn.create")
    }),
    ("Assertion-Resp-2 F-6", Refused("malformed"), |a| {
        a.bend.client_data = |it| drop(it.remove("challenge"));
    }),
    ("Assertion-Resp-2 F-7", Refused("malformed"), |a| {
        a.bend.client_data = |it| it["challenge"] = json!(7);
    }),
    ("Assertion-Resp-2 F-8", Refused("challenge_unknown"), |a| a.challenge = Some(String::new())),
    ("Assertion-Resp-2 F-9", Refused("malformed"), |a| a.challenge = Some("+/+/".to_owned())),
    ("Assertion-Resp-2 F-10", Refused("challenge_unknown"), |a| {
        a.challenge = Some(encode(&[7; 32]))
    }),
    ("Assertion-Resp-2 F-11", Refused("malformed"), |a| {
        a.bend.client_data = |it| drop(it.remove("origin"));
    }),
    ("Assertion-Resp-2 F-12", Refused("malformed"), |a| {
        a.bend.client_data = |it| it["origin"] = json!(7);
    }),
    ("Assertion-Resp-2 F-13", Refused("wrong_origin"), |a| a.origin.clear()),
    ("Assertion-Resp-2 F-14", Refused("wrong_origin"), |a| {
        a.origin = "https://evil.example".into()
    }),
    ("Assertion-Resp-2 F-15", Refused("malformed"), |a| set(a, "tokenBinding", json!("supported"))),
    ("Assertion-Resp-2 F-16", Refused("malformed"), |a| {
        set(a, "tokenBinding", json!({ "id": "A" }))
    }),
    ("Assertion-Resp-2 F-17", Refused("malformed"), |a| {
        set(a, "tokenBinding", json!({ "status": "perhaps" }));
    }),
    // Authenticator data
    ("Assertion-Resp-3 P-2", Accepted, |a| a.flags = UP | UV),
    ("Assertion-Resp-3 P-3", Accepted, |a| a.flags = UP | UV),
    ("Assertion-Resp-3 P-4", Stricter("user_not_present", VERIFIED), |a| a.flags = 0),
    ("Assertion-Resp-3 P-5", Stricter("user_not_verified", VERIFIED), |a| a.flags = UP),
    ("Assertion-Resp-3 P-6", Accepted, |a| a.flags = UP | UV),
    ("Assertion-Resp-3 P-7", Stricter("user_not_present", VERIFIED), |a| a.flags = 0),
    ("Assertion-Resp-3 P-8", Accepted, |a| {
        a.flags |= ED;
        a.bend.data = |it| it.extend(b"\xA1\x71example.extension\x63yes");
    }),
    ("Assertion-Resp-3 F-1", Refused("malformed"), |a| a.bend.data = |it| it.push(0)),
    ("Assertion-Resp-3 F-2", Refused("wrong_relying_party"), |a| a.bend.data = |it| it[0] ^= 1),
    ("Assertion-Resp-3 F-3", Refused("bad_signature"), |a| {
        // Other client data than was signed.
        a.bend.json = |it| {
            let data = it["response"]["clientDataJSON"].as_str().unwrap();
            it["response"]["clientDataJSON"] =
                json!(encode(&[decode(data), b" ".to_vec()].concat()));
        };
    }),
    ("Assertion-Resp-3 F-4", Refused("counter_went_back"), |a| a.counter = 1),
    ("Assertion-Resp-3 F-5", Refused("user_not_verified"), |a| a.flags = UP),
];
