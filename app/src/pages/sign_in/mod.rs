//! The pages for signing in and up.

mod confirm;
mod form;
mod one_button;
mod recover;
mod second_factor;
mod sign_up;

pub use confirm::Confirm;
pub use form::SignIn;
pub use one_button::OneButton;
pub use recover::Recover;
pub use second_factor::SecondFactor;
pub use sign_up::SignUp;
