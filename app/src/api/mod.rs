//! What browser and server say to each other.
//!
//! [`messages`] and [`account`] are the plain data, [`error`] the one public error,
//! [`ceremonies`] the server functions, and [`backend`] the trait through which
//! pages and server functions reach the server.

pub mod account;
#[cfg(feature = "ssr")]
pub mod backend;
pub mod ceremonies;
pub mod error;
pub mod messages;
mod next;

pub use account::*;
#[cfg(feature = "ssr")]
pub use backend::{Backend, SharedBackend, backend};
pub use error::{Code, PublicError};
pub use messages::*;
pub use next::{escaped, same_origin_path, with_next};

pub type Result<T> = std::result::Result<T, PublicError>;
