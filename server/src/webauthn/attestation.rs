//! Which authenticators may hold passkeys (WebAuthn L3 §6.5): any, or models whose
//! maker's certificate is trusted.

use std::{collections::BTreeMap, fs, io, path::Path};

use uuid::Uuid;
use webauthn_rs::prelude::{AttestationCaList, AttestationCaListBuilder};

#[derive(Clone, Debug)]
pub enum Attestation {
    /// None is asked for.
    None,
    /// `attestation: "direct"`: its statement and certificate chain have to lead to one of
    /// these roots.
    Direct(AttestationCaList),
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

impl Attestation {
    /// Trusts the certificates in the `.pem` files of a folder. `models`: the AAGUIDs that
    /// are accepted under them; empty for all.
    ///
    /// # Errors
    /// When the folder cannot be read, or has no certificate or a broken one.
    pub fn direct(folder: &Path, models: &[Uuid]) -> io::Result<Self> {
        let mut list = AttestationCaList::default();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "pem") {
                // Files of several, with words about each, are common.
                for part in fs::read_to_string(path)?.split_inclusive(END) {
                    if let Some(begin) = part.find(BEGIN) {
                        list.union(&trusted(&part[begin..], models).map_err(io::Error::other)?);
                    }
                }
            }
        }
        if list.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no certificate in a .pem file"));
        }
        Ok(Self::Direct(list))
    }

    pub(super) fn trusted(&self) -> Option<&AttestationCaList> {
        match self {
            Self::None => None,
            Self::Direct(list) => Some(list),
        }
    }
}

fn trusted(pem: &str, models: &[Uuid]) -> Result<AttestationCaList, String> {
    let pem = pem.as_bytes();
    if models.is_empty() {
        return AttestationCaList::try_from(pem).map_err(|error| format!("{error:?}"));
    }
    let mut list = AttestationCaListBuilder::new();
    for model in models {
        let added = list.insert_device_pem(pem, *model, model.to_string(), BTreeMap::new());
        added.map_err(|error| format!("{error:?}"))?;
    }
    Ok(list.build())
}
