//! What stands in the database of a session, in all versions, and what a browser calls itself.

use latchkey::session::{describe, read};
use proptest::prelude::*;

use super::{fuzz, mutation::mutations};
use crate::support::visitor::FIREFOX;

const SESSIONS: [&str; 3] = [
    r#"{"who":{"signed_in":{"account":"00000000-0000-0000-0000-000000000007","handle":"h","methods":{"first":{"passkey":"AAAA"},"second":null,"automatic":false},"browser":"Chrome on Linux","since":1,"proved":2}},"cart":"c","notice":null}"#,
    r#"{"who":{"awaiting_second_factor":{"account":"00000000-0000-0000-0000-000000000007","first":"password","since":1,"federated":null}}}"#,
    r#"{"who":"visitor","pending_sign_up":{"provider":"acorn","identity":{"issuer":"https://acorn.example","subject":"s","label":"Robin"},"username":"robin","name":null,"since":1}}"#,
];

#[test]
fn a_session_is_read_as_it_is_written_or_not_at_all() {
    fuzz((prop::sample::select(&SESSIONS[..]), mutations()), |(sample, mutation)| {
        if let Ok(session) = read(&mutation.of_text(sample), "handle") {
            let written = serde_json::to_string(&session).unwrap();
            assert_eq!(read(&written, "another handle").unwrap(), session);
        }
    });
}

#[test]
fn browsers_are_described_in_few_words_whatever_they_say() {
    let agent = prop_oneof![
        mutations().prop_map(|mutation| mutation.of_text(FIREFOX)),
        any::<String>(),
        "(Mozilla/5\\.0 )?\\(.{0,40}\\)( [A-Za-z]{1,12}/[0-9.]{0,9}){0,5}",
    ];
    fuzz(agent, |agent| {
        let words = describe(&agent);
        assert!(words.len() <= 64, "{words}");
        assert!(!words.contains(|c: char| c.is_control() || "<>\"'&".contains(c)), "{words}");
    });
}
