//! CBOR as authenticators write it (RFC 8949, CTAP2 canonical form; WebAuthn L3 §2.3 and §6):
//! every value in its one encoding, no member twice, nothing behind it.
//!
//! The order of members is free: password managers exist that do not sort them.

use std::collections::HashSet;

use app::api::Code;
use ciborium::Value;

use super::malformed;

/// The one value that all of `bytes` are.
///
/// # Errors
/// [`Code::Malformed`]
pub(super) fn read(bytes: &[u8]) -> Result<Value, Code> {
    match read_first(bytes)? {
        (value, []) => Ok(value),
        _ => Err(Code::Malformed),
    }
}

/// The value that `bytes` begin with, and what follows it.
///
/// # Errors
/// [`Code::Malformed`]
pub(super) fn read_first(bytes: &[u8]) -> Result<(Value, &[u8]), Code> {
    let mut rest = bytes;
    let value: Value = ciborium::from_reader(&mut rest).map_err(malformed)?;
    let read = &bytes[..bytes.len() - rest.len()];
    // Longer integers and indefinite lengths come back as other bytes.
    if write(&value) != read || !members_differ(&value) {
        return Err(Code::Malformed);
    }
    Ok((value, rest))
}

fn write(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail; if it did, nothing would be equal to it.
    ciborium::into_writer(value, &mut bytes).unwrap_or_default();
    bytes
}

fn members_differ(value: &Value) -> bool {
    match value {
        Value::Map(members) => {
            let mut seen = HashSet::new();
            members.iter().all(|(key, value)| {
                seen.insert(write(key)) && members_differ(key) && members_differ(value)
            })
        }
        Value::Array(items) => items.iter().all(members_differ),
        Value::Tag(_, value) => members_differ(value),
        _ => true,
    }
}

/// The members of a map whose keys are texts, and exactly those in `names` except for the
/// `optional` last of them.
///
/// # Errors
/// [`Code::Malformed`]
pub(super) fn members<'a, const N: usize>(
    map: &'a Value,
    names: [&str; N],
    optional: usize,
) -> Result<[Option<&'a Value>; N], Code> {
    let map = map.as_map().ok_or(Code::Malformed)?;
    let found = names.map(|name| {
        let member = map.iter().find(|(key, _)| key.as_text() == Some(name));
        member.map(|(_, value)| value)
    });
    let required = found[..N - optional].iter().all(Option::is_some);
    let others = map.len() != found.iter().flatten().count();
    if required && !others { Ok(found) } else { Err(Code::Malformed) }
}
