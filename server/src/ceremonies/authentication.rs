//! Signing in with a discoverable credential (WebAuthn L3 §7.2).

use app::api::Code;
use uuid::Uuid;
use webauthn_rs::prelude::{DiscoverableAuthentication, Passkey};
use webauthn_rs_proto::PublicKeyCredential;

use super::{RelyingParty, Started, client_data, encode, malformed, refusal};

/// An assertion that was read, and not yet believed.
#[derive(Debug)]
pub struct Claim {
    credential: PublicKeyCredential,
    /// The credential it claims to come from, as unpadded base64url.
    pub credential_id: String,
    /// The account that the authenticator says it belongs to.
    user: Option<Uuid>,
}

/// What is stored of the credential that a [`Claim`] names.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    pub account: Uuid,
    /// The [`Passkey`], as JSON.
    pub passkey: &'a str,
}

/// An assertion that was verified: what to store of it.
#[derive(Debug)]
pub struct Accepted {
    /// The updated [`Passkey`], as JSON.
    pub passkey: String,
    pub counter: u32,
    pub backed_up: bool,
}

/// Options without `allowCredentials`: any passkey of this store will do, which
/// is also what an immediate request demands.
///
/// # Errors
/// [`Code::Internal`] when webauthn-rs cannot make them.
pub fn start(rp: &RelyingParty) -> Result<Started, Code> {
    let (request, state) =
        rp.webauthn.start_discoverable_authentication().map_err(|_| Code::Internal)?;
    // `request.mediation` says "conditional"; how to ask is the ladder's choice.
    Ok(Started {
        challenge: encode(request.public_key.challenge.as_ref()),
        options: serde_json::to_string(&request.public_key).map_err(|_| Code::Internal)?,
        state: serde_json::to_string(&state).map_err(|_| Code::Internal)?,
    })
}

impl Claim {
    /// # Errors
    /// [`Code::Malformed`] unless `response` is an assertion.
    pub fn read(response: &str) -> Result<Self, Code> {
        let credential: PublicKeyCredential = serde_json::from_str(response).map_err(malformed)?;
        if credential.type_ != "public-key" || credential.id != encode(&credential.raw_id) {
            return Err(Code::Malformed);
        }
        let user = credential.response.user_handle.as_ref();
        let user = user.and_then(|handle| Uuid::from_slice(handle.as_ref()).ok());
        Ok(Self { credential_id: credential.id.clone(), user, credential })
    }
}

/// Verifies a claim against the credential that it names.
///
/// # Errors
/// What is wrong with the claim.
pub fn finish(
    rp: &RelyingParty,
    state: &str,
    claim: &Claim,
    stored: Stored<'_>,
) -> Result<Accepted, Code> {
    let state: DiscoverableAuthentication =
        serde_json::from_str(state).map_err(|_| Code::Internal)?;
    let mut passkey: Passkey = serde_json::from_str(stored.passkey).map_err(|_| Code::Internal)?;
    // §7.2 step 6: the user was not known before, so the user handle must be
    // there and name the owner of the credential.
    if claim.user != Some(stored.account) {
        return Err(Code::WrongUser);
    }
    client_data::read(&claim.credential.response.client_data_json)?.refuse_cross_origin()?;
    // §7.2 steps 7 to 24. The counter (step 22) is refused there as well when it
    // does not grow; a synced passkey's stays at zero.
    let result = rp
        .webauthn
        .finish_discoverable_authentication_v2(&claim.credential, state, &passkey)
        .map_err(refusal)?;
    passkey.update_credential(&result);
    Ok(Accepted {
        passkey: serde_json::to_string(&passkey).map_err(|_| Code::Internal)?,
        counter: result.counter(),
        backed_up: result.backup_state(),
    })
}
