//! The server of Latchkey.
//!
//! The way of a sign-in: [`sign_in`] asks and decides, [`ceremonies`] verify,
//! [`store`] remembers. `proof` asks once more before a change, or as the second
//! factor; `passkeys` and `upkeep` change the account. [`http`] brings the requests,
//! [`backend`] is what pages and server functions see of all this.

pub mod accounts;
pub mod agent;
pub mod backend;
pub mod ceremonies;
pub mod clock;
pub mod config;
mod events;
mod federated;
pub mod http;
pub mod oidc;
mod passkeys;
mod proof;
pub mod providers;
pub mod session;
pub mod shop;
pub mod sign_in;
pub mod sign_up;
pub mod store;
mod upkeep;

use app::api::{Code, PublicError, Result};
use leptos::config::LeptosOptions;
use url::Url;

pub use self::{
    accounts::Passwords,
    ceremonies::{Attestation, RelyingParty},
    clock::Clock,
    session::Visit,
    store::Store,
};

/// What all requests share.
#[derive(Clone, Debug)]
pub struct Server {
    pub store: Store,
    pub relying_party: RelyingParty,
    pub passwords: Passwords,
    pub clock: Clock,
    pub origin: Url,
    /// Whose pages may use this store's passkeys as well.
    pub related_origins: Vec<Url>,
    /// Whom people can sign in with, in the order of their buttons.
    pub providers: Vec<oidc::Provider>,
    /// Whether a saved password may sign in without being asked for.
    pub automatic: bool,
    pub leptos: LeptosOptions,
}

/// One request: the server, and the session that it came with.
#[derive(Clone, Debug)]
pub struct Call {
    pub server: Server,
    pub visit: Visit,
    pub user_agent: String,
    pub by_hand: ByHand,
}

/// Whether a browser's person signs in by hand only; the longest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ByHand {
    No,
    /// Something went wrong that will pass.
    ForNow,
    /// Since they signed out, until they have signed in themselves.
    FromNowOn,
}

impl Call {
    /// "Chrome on Linux"
    pub(crate) fn browser(&self) -> String {
        agent::describe(&self.user_agent)
    }
}

/// The public face of a failure that is ours. The cause goes to the log, where
/// the span around it has the request id.
pub fn internal(cause: impl std::fmt::Display) -> PublicError {
    tracing::error!(%cause, "internal error");
    Code::Internal.into()
}

/// A slug, a number or an id as they come in an address. None of ours has a control
/// character, and PostgreSQL would not even look for U+0000.
pub(crate) fn plain(id: &str) -> Result<&str> {
    if id.contains(char::is_control) { Err(Code::NotFound.into()) } else { Ok(id) }
}
