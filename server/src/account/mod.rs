//! The account: its page, and what its owner changes there.
//!
//! What changes how the account is signed in to takes a
//! [`Reauthenticated`](crate::session::Reauthenticated). Each change is one transaction, with
//! what the next page says and what the list of events keeps of it.

pub mod deletion;
pub mod names;
pub mod overview;
pub mod passkeys;
pub mod password;
pub mod recovery_codes;
pub mod review;
pub mod second_factor;
pub mod sessions;
