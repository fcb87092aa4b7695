//! Authenticator data (WebAuthn L3 §6.1), to the last byte.

use app::api::Code;
use ciborium::Value;
use uuid::Uuid;

use super::{RelyingParty, cbor};

/// User present.
const UP: u8 = 0x01;
/// User verified.
const UV: u8 = 0x04;
/// Backup eligible.
const BE: u8 = 0x08;
/// Backed up.
const BS: u8 = 0x10;
/// Attested credential data included.
const AT: u8 = 0x40;
/// Extension data included.
const ED: u8 = 0x80;

#[derive(Debug)]
pub(super) struct AuthenticatorData<'a> {
    rp_id_hash: &'a [u8],
    flags: u8,
    pub(super) counter: u32,
    /// With a registration, and with nothing else.
    pub(super) attested: Option<AttestedCredential<'a>>,
}

/// Attested credential data (§6.5.1).
#[derive(Debug)]
pub(super) struct AttestedCredential<'a> {
    /// The model of the authenticator.
    pub(super) aaguid: Uuid,
    pub(super) id: &'a [u8],
    /// A COSE key.
    pub(super) public_key: Value,
}

/// # Errors
/// [`Code::Malformed`]
pub(super) fn read(bytes: &[u8]) -> Result<AuthenticatorData<'_>, Code> {
    let (rp_id_hash, rest) = split(bytes, 32)?;
    let (&[flags], rest) = rest.split_first_chunk().ok_or(Code::Malformed)?;
    let (&counter, rest) = rest.split_first_chunk().ok_or(Code::Malformed)?;
    let (attested, rest) = match flags & AT {
        0 => (None, rest),
        _ => read_attested(rest).map(|(attested, rest)| (Some(attested), rest))?,
    };
    let rest = match flags & ED {
        0 => rest,
        _ => skip_extensions(rest)?,
    };
    if !rest.is_empty() {
        return Err(Code::Malformed);
    }
    let counter = u32::from_be_bytes(counter);
    Ok(AuthenticatorData { rp_id_hash, flags, counter, attested })
}

fn read_attested(bytes: &[u8]) -> Result<(AttestedCredential<'_>, &[u8]), Code> {
    let (&aaguid, rest) = bytes.split_first_chunk().ok_or(Code::Malformed)?;
    let (&length, rest) = rest.split_first_chunk().ok_or(Code::Malformed)?;
    let (id, rest) = split(rest, u16::from_be_bytes(length).into())?;
    let (public_key, rest) = cbor::read_first(rest)?;
    Ok((AttestedCredential { aaguid: Uuid::from_bytes(aaguid), id, public_key }, rest))
}

/// Extension outputs are a map by name (§9.5). None is acted on, so what they say is free: also
/// those that were not asked for (§7.1 step 28, §7.2 step 24).
fn skip_extensions(bytes: &[u8]) -> Result<&[u8], Code> {
    let (outputs, rest) = cbor::read_first(bytes)?;
    let named = outputs.as_map().is_some_and(|map| map.iter().all(|(key, _)| key.is_text()));
    if named { Ok(rest) } else { Err(Code::Malformed) }
}

fn split(bytes: &[u8], at: usize) -> Result<(&[u8], &[u8]), Code> {
    bytes.split_at_checked(at).ok_or(Code::Malformed)
}

impl AuthenticatorData<'_> {
    pub(super) fn user_present(&self) -> bool {
        self.flags & UP != 0
    }

    pub(super) fn user_verified(&self) -> bool {
        self.flags & UV != 0
    }

    pub(super) fn backup_eligible(&self) -> bool {
        self.flags & BE != 0
    }

    pub(super) fn backed_up(&self) -> bool {
        self.flags & BS != 0
    }

    /// §7.1 steps 14 and 17, §7.2 steps 15 and 18. The flags 0x02 and 0x20 are reserved, and so
    /// free.
    ///
    /// # Errors
    /// [`Code::WrongRelyingParty`], [`Code::BackupFlagsWrong`]
    pub(super) fn verify(&self, rp: &RelyingParty) -> Result<(), Code> {
        if self.rp_id_hash != rp.id_hash {
            return Err(Code::WrongRelyingParty);
        }
        // What may not be backed up is not.
        if self.backed_up() && !self.backup_eligible() {
            return Err(Code::BackupFlagsWrong);
        }
        Ok(())
    }

    /// §7.1 steps 15 and 16, §7.2 steps 16 and 17.
    ///
    /// # Errors
    /// [`Code::UserNotPresent`], [`Code::UserNotVerified`]
    pub(super) fn verify_user(&self) -> Result<(), Code> {
        match (self.user_present(), self.user_verified()) {
            (false, _) => Err(Code::UserNotPresent),
            (true, false) => Err(Code::UserNotVerified),
            (true, true) => Ok(()),
        }
    }
}
