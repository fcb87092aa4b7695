//! Who may have an account, and how a password proves it.

pub mod names;
pub mod passwords;

pub use names::{DisplayName, Username};
pub use passwords::Passwords;
