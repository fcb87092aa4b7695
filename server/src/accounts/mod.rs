//! Who may have an account, and how a password or a recovery code proves it.

pub mod names;
pub mod passwords;
pub mod recovery;

pub use names::{DisplayName, Username};
pub use passwords::Passwords;
