//! The browser side of the ceremonies. In the order of a press:
//!
//! * [`islands`]: the controls on the pages, with `control` for their state;
//! * `flow`: what a press does, rung by rung;
//! * [`ladder`]: which rung is next; pure, and tested natively;
//! * `prefetch`: options from the server, ready before the press;
//! * `browser`: the one file that knows the browser's credentials, as JavaScript values;
//! * `server`: the way to the server.

mod browser;
mod control;
mod flow;
pub mod islands;
pub mod ladder;
mod prefetch;
mod server;

pub use islands::{
    BrowserSupport, BrowserUpkeep, CredentialForm, PasskeyAddition, PasskeyOffer, PasskeyPress,
    PasskeyProof, ProviderPress, Purpose,
};
pub use ladder::Place;
