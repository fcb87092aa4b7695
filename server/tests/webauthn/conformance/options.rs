//! What the shop asks of browsers: options for registrations and assertions.
//!
//! Where the list's tools speak a protocol of their own, with members `status` and
//! `errorMessage`, a status of HTTP and one error stand here; and what a test may ask for there
//! (another attestation, an extension `example.extension`, other user verification), the shop
//! decides by itself.

use serde_json::json;

use crate::support::{
    authenticator::{Authenticator, decode},
    on_both,
    visitor::Shop,
};

/// The cases that have a test of their own.
pub(super) const NAMES: [&str; 9] = [
    "CreationOptions-Req-1 P-1",
    "CreationOptions-Req-1 P-2",
    "CreationOptions-Req-1 P-3",
    "Attestation-Resp-1 P-1",
    "GetOptions-Req-1 P-1",
    "GetOptions-Req-1 P-2",
    // In the module above.
    "Attestation-Resp-5 F-6",
    "Attestation-Resp-5 F-7",
    "Assertion-Resp-3 P-1",
];

#[on_both]
async fn creation_options_req_1(shop: Shop) {
    let options = shop.visitor().sign_up_options("robin").await;
    assert_eq!(options["user"]["name"], "robin");
    assert_eq!(options["user"]["displayName"], "Robin");
    assert!((1..=64).contains(&decode(options["user"]["id"].as_str().unwrap()).len()));
    assert_eq!(options["rp"], json!({ "name": "Latchkey", "id": "localhost" }));
    assert!(decode(options["challenge"].as_str().unwrap()).len() >= 16);
    // EdDSA first, then ES256 and RS256 (WebAuthn L3 §5.4).
    let offered = [-8, -7, -257].map(|alg| json!({ "type": "public-key", "alg": alg }));
    assert_eq!(options["pubKeyCredParams"], json!(offered));
    assert!(options["timeout"].as_u64().unwrap() > 0);
    assert_eq!(options["extensions"]["credProps"], true);
    assert_eq!(options["attestation"], "none");
    let others = shop.visitor().sign_up_options("robin").await;
    assert_ne!(options["challenge"], others["challenge"]);
}

#[on_both]
async fn attestation_resp_1_p_1(shop: Shop) {
    let (mut visitor, passkey) = shop.member("robin").await;
    let options = visitor.addition_options(false).await.options();
    let known = json!([{ "type": "public-key", "id": passkey.id() }]);
    assert_eq!(options["excludeCredentials"], known);
}

#[on_both]
async fn get_options_req_1(shop: Shop) {
    let (mut visitor, passkey) = shop.member("robin").await;
    let options = visitor.proof_options().await.options();
    assert!(decode(options["challenge"].as_str().unwrap()).len() >= 16);
    assert!(options["timeout"].as_u64().unwrap() > 0);
    assert_eq!(options["rpId"], "localhost");
    assert_eq!(options["userVerification"], "required");
    let allowed = options["allowCredentials"].as_array().unwrap();
    assert_eq!(allowed.len(), 1);
    assert_eq!(allowed[0]["type"], "public-key");
    assert_eq!(allowed[0]["id"], passkey.id());
    let others = visitor.proof_options().await.options();
    assert_ne!(options["challenge"], others["challenge"]);
    // A passkey that is added is of the same account.
    visitor.add(&mut Authenticator::ed25519()).await.expect_status(200);
    let options = visitor.proof_options().await.options();
    assert_eq!(options["allowCredentials"].as_array().unwrap().len(), 2);
}
