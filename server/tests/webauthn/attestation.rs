//! A shop that accepts attested models only.

use std::path::Path;

use latchkey::webauthn::Attestation;
use serde_json::Value;
use uuid::Uuid;

use crate::support::{authenticator::Authenticator, on_both, page::offer, visitor::Shop};

/// A shop that accepts attested models only.
pub(super) async fn picky(shop: Shop, models: &[Uuid]) -> Shop {
    let roots = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/webauthn/attestation");
    let attestation = Attestation::direct(&roots, models).unwrap();
    shop.changed(|config| config.attestation = attestation).await
}

#[on_both]
async fn a_trusted_model_is_verified(shop: Shop) {
    let shop = picky(shop, &[]).await;
    let (mut visitor, mut passkey) = (shop.visitor(), Authenticator::attested());
    assert_eq!(visitor.sign_up_options("robin").await["attestation"], "direct");
    visitor.sign_up("robin", &mut passkey).await.expect_status(200);
    visitor.get("/account").await.expect_text("Verified model");
    shop.visitor().sign_in(&mut passkey).await.expect_status(200);
    // An unattested addition to the account is refused like an unattested sign-up.
    visitor.add(&mut Authenticator::new()).await.expect_refusal(400, "attestation_missing");
    visitor.add(&mut Authenticator::attested()).await.expect_status(200);
}

#[on_both]
async fn without_an_attestation_there_is_no_account(shop: Shop) {
    let shop = picky(shop, &[]).await;
    let answer = shop.visitor().sign_up("robin", &mut Authenticator::new()).await;
    let refusal = answer.expect_refusal(400, "attestation_missing");
    assert!(refusal["message"].as_str().unwrap().contains("does not say what model"));
    assert!(!shop.store.username_taken("robin").await.unwrap());
}

#[on_both]
async fn a_model_of_an_unknown_maker_is_refused(shop: Shop) {
    let roots = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/webauthn/vectors");
    let others = Attestation::direct(&roots, &[]).unwrap();
    let shop = shop.changed(|config| config.attestation = others).await;
    let answer = shop.visitor().sign_up("robin", &mut Authenticator::attested()).await;
    let refusal = answer.expect_refusal(400, "attestation_untrusted");
    assert!(refusal["message"].as_str().unwrap().contains("does not know the maker"));
    assert!(!shop.store.username_taken("robin").await.unwrap());
}

#[on_both]
async fn tampering_with_an_attestation_is_refused(shop: Shop) {
    let shop = picky(shop, &[]).await;
    let (mut visitor, mut passkey) = (shop.visitor(), Authenticator::attested());
    let options = visitor.sign_up_options("robin").await;
    let mut created = passkey.create(&options);
    // Signed over other client data.
    let other = Authenticator::attested().create(&visitor.sign_up_options("robin").await);
    created["response"]["clientDataJSON"] = other["response"]["clientDataJSON"].clone();
    visitor.finish_sign_up(&created).await.expect_refusal(400, "attestation_invalid");
}

#[on_both]
async fn only_the_listed_models_are_accepted(shop: Shop) {
    let shop = picky(shop, &[Uuid::from_bytes([7; 16])]).await;
    shop.visitor().sign_up("robin", &mut Authenticator::attested()).await.expect_status(200);
    let mut other = Authenticator::attested();
    other.aaguid = [8; 16];
    shop.visitor().sign_up("other", &mut other).await.expect_refusal(400, "model_not_accepted");
}

#[on_both]
async fn where_models_are_verified_nothing_is_created_by_itself(shop: Shop) {
    let shop = picky(shop, &[]).await;
    let mut visitor = shop.visitor();
    visitor.sign_up_with_password("robin").await;
    visitor.sign_out_and_in("robin").await;
    assert_eq!(offer(&visitor.get("/").await.body).as_deref(), Some("passkey"));
    assert_eq!(visitor.addition_options(true).await.expect_status(200).json(), Value::Null);
}

#[on_both]
async fn by_default_no_model_is_asked_for_or_verified(shop: Shop) {
    let (mut visitor, mut passkey) = (shop.visitor(), Authenticator::attested());
    visitor.sign_up("robin", &mut passkey).await.expect_status(200);
    visitor.get("/account").await.expect_no_text("Verified model");
}
