//! Usernames, passwords and recovery codes: their rules, and what is stored of them.

pub mod names;
pub mod passwords;
pub mod recovery_codes;

pub use names::{DisplayName, Username};
pub use passwords::Passwords;
