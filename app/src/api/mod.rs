//! What page, browser and server share.
//!
//! Each area has its plain data, the server functions of its ceremonies, and the trait through
//! which pages and server functions reach the server: [`sign_in`](mod@sign_in),
//! [`federation`](mod@federation), [`account`](mod@account) and [`shop`](mod@shop). [`paths`]
//! declares every address, [`error`] is the one public error, and [`Next`] is where a visitor was
//! going.

pub mod account;
pub mod error;
pub mod federation;
mod form;
mod next;
pub mod paths;
pub mod shop;
pub mod sign_in;
mod time;
mod visitor;

#[cfg(feature = "ssr")]
use std::sync::Arc;

#[cfg(feature = "ssr")]
use leptos::prelude::expect_context;

pub use account::*;
pub use error::{Code, PublicError};
pub use federation::*;
pub use form::FormOutcome;
pub use next::{Next, escaped};
pub use paths::{Path, Route};
pub use shop::*;
pub use sign_in::*;
pub use time::Timestamp;
pub use visitor::*;

/// What the server answers, or the one error that leaves it.
pub type Result<T> = std::result::Result<T, PublicError>;

/// Signing in and up, for the request that is being answered. Whoever renders a page, or calls a
/// server function, provides it as a context.
#[cfg(feature = "ssr")]
#[must_use]
pub fn sign_in() -> Arc<dyn SignInService> {
    expect_context()
}

/// The account, for the request that is being answered; a context, as [`sign_in`](fn@sign_in) is.
#[cfg(feature = "ssr")]
#[must_use]
pub fn account() -> Arc<dyn AccountService> {
    expect_context()
}

/// The shop, for the request that is being answered; a context, as [`sign_in`](fn@sign_in) is.
#[cfg(feature = "ssr")]
#[must_use]
pub fn shop() -> Arc<dyn ShopService> {
    expect_context()
}

/// The providers, for the request that is being answered; a context, as [`sign_in`](fn@sign_in)
/// is.
#[cfg(feature = "ssr")]
#[must_use]
pub fn federation() -> Arc<dyn FederationService> {
    expect_context()
}
