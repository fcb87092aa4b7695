//! What people see: pages, components and the browser side of the ceremonies,
//! written once for the server (`ssr`) and the browser (`hydrate`).
//!
//! Start with [`sign_in`]: it is what this shop exists for.

// Tests call whole pages, whose types are long.
#![cfg_attr(test, recursion_limit = "256")]

pub mod api;
#[cfg(feature = "ssr")]
pub mod components;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
mod request;
#[cfg(feature = "ssr")]
mod shell;
pub mod sign_in;
#[cfg(all(test, feature = "ssr"))]
mod testing;

#[cfg(feature = "ssr")]
pub use request::{AssetAddresses, PageRequest};
#[cfg(feature = "ssr")]
pub use shell::{package, script, shell};
