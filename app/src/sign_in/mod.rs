//! The browser side of signing in. In the order of a press:
//!
//! * [`islands`]: the controls on the pages, one a file;
//! * [`flows`]: what a press does, one flow a file, from top to bottom;
//! * [`mediation`]: which rung of the ladder is next; pure, and tested natively;
//! * `prefetch`: options from the server, ready before the press;
//! * `browser`: the one place that knows the browser's credentials, as JavaScript values;
//! * `client`: the way to the server.

mod browser;
mod client;
mod flows;
pub mod islands;
pub mod mediation;
mod prefetch;

pub use islands::{
    BrowserSupport, BrowserUpkeep, CredentialForm, PasskeyAddition, PasskeyOffer, PasskeyPress,
    PasskeyProof, ProviderPress, Purpose,
};
pub use mediation::Place;
