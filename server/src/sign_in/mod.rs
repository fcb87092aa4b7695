//! Signing in and up, one way a file, and what they all share.
//!
//! A press in the browser (`app::sign_in`) asks for a challenge, usually before the press, and
//! brings the browser's answer: [`passkey`]. Whatever somebody signs in by, it ends in
//! `complete`, in one transaction.

mod assertion;
pub mod automatic;
mod complete;
mod guess;
pub mod offer;
pub mod passkey;
pub mod password;
pub mod reauthentication;
pub mod recovery_code;
pub mod second_factor;
pub mod sign_up;

pub(crate) use complete::{NewSignIn, Refusal, complete, complete_sign_up, record, settle};
