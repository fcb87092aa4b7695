//! The tests of the whole server, as one program: it is linked once.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod automatic;
mod ceremonies;
mod federated;
mod store;
mod store_front;
mod support;
mod upkeep;
mod vectors;
