//! Everything that reads what a browser or a provider sends, against valid samples that were
//! altered a little: nothing panics, and what is accepted says what the sample said.
//!
//! `make test` tries a few dozen of each; `PROPTEST_CASES` is how many, for longer runs (see
//! CONTRIBUTING).

mod http;
mod mutation;
mod oidc;
mod sessions;
mod webauthn;

use std::{env, fmt::Debug};

use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestRunner},
};

/// Runs `test` with as many values of `strategy` as is asked for, and shows the smallest that
/// fails.
fn fuzz<S: Strategy<Value: Debug>>(strategy: S, test: impl Fn(S::Value)) {
    let few = env::var_os("PROPTEST_CASES").is_none().then_some(48);
    let asked = Config { failure_persistence: None, ..Config::default() };
    let config = Config { cases: few.unwrap_or(asked.cases), ..asked };
    let outcome = TestRunner::new(config).run(&strategy, |value| {
        test(value);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
