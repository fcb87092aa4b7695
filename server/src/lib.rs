//! The server of Latchkey.
//!
//! The way of a sign-in: [`http`] takes the request, [`sign_in`] asks and decides,
//! [`webauthn`] verifies, [`store`] writes all of it in one transaction; [`guard`] keeps out who
//! pushes at it.
//!
//! Imports run downwards, in this order: [`http`]; [`account`], [`federation`], [`sign_in`] and
//! [`shop`]; [`request`], [`state`] and [`config`]; [`assets`] and [`kept_pages`]; [`session`]; [`credentials`], [`guard`],
//! [`oidc`] and [`webauthn`]; [`error`]; [`store`]; [`clock`]. [`log`] stands beside them.

pub mod account;
pub mod assets;
pub mod clock;
pub mod config;
pub mod credentials;
pub mod error;
pub mod federation;
pub mod guard;
pub mod http;
pub mod kept_pages;
pub mod log;
pub mod oidc;
pub mod request;
pub mod session;
pub mod shop;
pub mod sign_in;
pub mod state;
pub mod store;
pub mod webauthn;
