//! HTTP: which request goes where, and what every one of them passes through.

mod account;
mod assets;
mod cookies;
mod error;
mod extract;
mod federation;
mod form;
mod functions;
mod middleware;
mod policy_reports;
mod render;
mod router;
mod shop;
mod sign_in;
mod well_known;

pub use middleware::guard::MAX_BODY;
pub use router::router;
