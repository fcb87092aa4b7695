//! Usernames, passwords and recovery codes: their rules, and what is stored of them.

mod common_passwords;
pub mod names;
mod password_rules;
pub mod passwords;
pub mod recovery_codes;
mod turns;

pub use names::{DisplayName, Username};
pub use passwords::Passwords;
