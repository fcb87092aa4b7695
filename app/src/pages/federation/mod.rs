//! The pages on the way to a provider and back.

mod leaving;
mod sign_up;

pub use leaving::Leaving;
pub use sign_up::SignUpWithProvider;
