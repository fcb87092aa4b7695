//! Small changes of a valid sample.

use proptest::{collection::vec, prelude::*, sample::Index};

/// What is done to a sample.
#[derive(Clone, Debug)]
pub(super) struct Mutation(Vec<Step>);

#[derive(Clone, Debug)]
enum Step {
    Flip(Index, u8),
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, u8),
    Repeat(Index, u8),
    Truncate(Index),
    Swap(Index, Index),
}

/// One change mostly, and up to four.
pub(super) fn mutations() -> impl Strategy<Value = Mutation> {
    // What means something to one of the parsers.
    let telling = prop_oneof![
        vec(any::<u8>(), 1..4),
        prop::sample::select(&TELLING[..]).prop_map(|text| text.as_bytes().to_vec()),
    ];
    let step = prop_oneof![
        4 => (any::<Index>(), 0_u8..8).prop_map(|(at, bit)| Step::Flip(at, bit)),
        2 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Step::Set(at, byte)),
        2 => (any::<Index>(), telling).prop_map(|(at, bytes)| Step::Insert(at, bytes)),
        2 => (any::<Index>(), 1_u8..40).prop_map(|(at, length)| Step::Remove(at, length)),
        1 => (any::<Index>(), 1_u8..40).prop_map(|(at, length)| Step::Repeat(at, length)),
        1 => any::<Index>().prop_map(Step::Truncate),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Step::Swap(one, other)),
    ];
    prop_oneof![3 => vec(step.clone(), 1), 1 => vec(step, 2..5)].prop_map(Mutation)
}

const TELLING: [&str; 24] = [
    "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "\\u0000", "\u{FEFF}", "\0", "\r\n", "%00",
    "%", "&", "=", ";", "//", "../", "__Host-", "é", "🦜", "<script>",
];

impl Mutation {
    pub(super) fn of(&self, sample: &[u8]) -> Vec<u8> {
        let mut bytes = sample.to_vec();
        for step in &self.0 {
            step.take(&mut bytes);
        }
        bytes
    }

    /// For what comes as text, as all of HTTP's bodies and headers do here.
    pub(super) fn of_text(&self, sample: &str) -> String {
        String::from_utf8_lossy(&self.of(sample.as_bytes())).into_owned()
    }
}

impl Step {
    fn take(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let length = bytes.len();
        let range = |at: &Index, count: u8| {
            let start = at.index(length);
            start..(start + usize::from(count)).min(length)
        };
        match self {
            Self::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
            Self::Set(at, byte) => bytes[at.index(length)] = *byte,
            Self::Insert(at, more) => {
                drop(bytes.splice(at.index(length)..at.index(length), more.clone()))
            }
            Self::Remove(at, count) => drop(bytes.drain(range(at, *count))),
            Self::Repeat(at, count) => {
                let part = bytes[range(at, *count)].to_vec();
                let at = at.index(length);
                drop(bytes.splice(at..at, part));
            }
            Self::Truncate(at) => bytes.truncate(at.index(length)),
            Self::Swap(one, other) => bytes.swap(one.index(length), other.index(length)),
        }
    }
}
