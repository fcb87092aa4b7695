//! What people see: pages, components and the browser side of the ceremonies,
//! written once for the server (`ssr`) and the browser (`hydrate`).
//!
//! Start with [`passkey`]: it is what this store exists for.

pub mod api;
pub mod components;
#[cfg(feature = "ssr")]
pub mod pages;
pub mod passkey;
#[cfg(feature = "ssr")]
mod shell;

#[cfg(feature = "ssr")]
pub use shell::shell;
