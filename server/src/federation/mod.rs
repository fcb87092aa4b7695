//! Signing in with a provider (OpenID Connect), and what an account's owner links.
//!
//! [`attempt`] leads to the provider and [`arrival`] takes its answer; what that is for is in
//! [`sign_in`], [`link`] and [`reauthentication`]. With [`fedcm`], the browser brings the provider's token by
//! itself. Somebody new chooses a username: [`sign_up`].

pub mod arrival;
pub mod attempt;
pub mod fedcm;
pub mod link;
pub mod reauthentication;
pub mod sign_in;
pub mod sign_up;

use app::api::Federated;

pub use arrival::{Arrival, Callback, Return};
pub use attempt::{Departure, Intent};

use crate::{
    oidc::{Claims, Provider},
    store::NewIdentity,
};

/// What the browser may remember: who it was that signed in with whom.
fn remembered(provider: &Provider, subject: &str, label: &str, name: &str) -> Option<Federated> {
    // A provider need not call people anything.
    let id = if label.is_empty() { subject } else { label };
    Some(Federated { id: id.to_owned(), name: name.to_owned(), origin: provider.origin()? })
}

fn identity(provider: &Provider, claims: Claims) -> NewIdentity {
    NewIdentity {
        issuer: provider.issuer.to_string(),
        label: claims.label().to_owned(),
        subject: claims.subject,
    }
}
