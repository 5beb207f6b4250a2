//! A person's details as bytes: encrypted for the store, digested for comparison.

use std::collections::BTreeMap;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::error::Unspecified;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::person::{Address, Details, Digest, EmailKey, SealedDetails};
use webinar_bridge_domain::port::Entropy;
use zeroize::Zeroizing;

use crate::bond::{frame, framed};
use crate::derive::mac;
use crate::organization::KeySet;

/// Names the form of what follows; stands first.
const FORM: u8 = 1;
const TAG_LEN: usize = 16;

/// How details are written inside their ciphertext. The names are short because every registration carries them.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(rename = "a")]
    address: &'a str,
    #[serde(rename = "f")]
    first_name: &'a str,
    #[serde(rename = "l")]
    last_name: &'a str,
    #[serde(rename = "c")]
    company: &'a str,
    #[serde(rename = "j")]
    job_title: &'a str,
    #[serde(rename = "m")]
    more: &'a BTreeMap<String, String>,
}

/// The same, read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    #[serde(rename = "a")]
    address: String,
    #[serde(rename = "f")]
    first_name: String,
    #[serde(rename = "l")]
    last_name: String,
    #[serde(rename = "c")]
    company: String,
    #[serde(rename = "j")]
    job_title: String,
    #[serde(rename = "m")]
    more: BTreeMap<String, String>,
}

/// Seals and opens details of one organization.
pub(crate) struct DetailsCipher {
    organization: OrganizationId,
    cipher: LessSafeKey,
}

impl DetailsCipher {
    pub(crate) fn new(organization: OrganizationId, keys: &KeySet) -> Result<Self, Unspecified> {
        let cipher = UnboundKey::new(&AES_256_GCM, keys.details.as_ref()).map(LessSafeKey::new)?;
        Ok(Self { organization, cipher })
    }

    /// Form, nonce, ciphertext, tag.
    pub(crate) fn seal(
        &self,
        row: Uuid,
        details: &Details,
        entropy: &dyn Entropy,
    ) -> Result<SealedDetails, Unspecified> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce);
        // Room for escapes too, so that clear text is hardly ever left behind by a buffer that grew.
        let mut bytes = Vec::with_capacity(1 + NONCE_LEN + 64 + 2 * clear_len(details) + TAG_LEN);
        bytes.push(FORM);
        bytes.extend_from_slice(&nonce);
        let start = bytes.len();
        serde_json::to_writer(&mut bytes, &Written::of(details)).map_err(|_| Unspecified)?;
        let (nonce, aad) = (Nonce::assume_unique_for_key(nonce), self.aad(row));
        let tag = self.cipher.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut bytes[start..])?;
        bytes.extend_from_slice(tag.as_ref());
        Ok(SealedDetails::new(bytes))
    }

    pub(crate) fn open(&self, row: Uuid, sealed: &SealedDetails) -> Option<Details> {
        let (form, rest) = sealed.as_bytes().split_first()?;
        let (nonce, ciphertext) = rest.split_first_chunk()?;
        if *form != FORM {
            return None;
        }
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let (nonce, aad) = (Nonce::assume_unique_for_key(*nonce), self.aad(row));
        let plain = self.cipher.open_in_place(nonce, Aad::from(aad), &mut buffer).ok()?;
        serde_json::from_slice::<Read>(plain).map(Details::from).ok()
    }

    fn aad(&self, row: Uuid) -> Vec<u8> {
        framed(&[b"wb-details-1", self.organization.uuid().as_bytes(), row.as_bytes()])
    }
}

/// Finds the person, whatever the spelling; `None` without a canonical address.
pub(crate) fn email_key(keys: &KeySet, address: &Address) -> Option<EmailKey> {
    let canonical = Zeroizing::new(address.canonical()?);
    Some(EmailKey::new(mac(&keys.address, &[canonical.as_bytes()])))
}

/// Differs when anything of the details does, spelling included.
pub(crate) fn digest(keys: &KeySet, details: &Details) -> Digest {
    let mut bytes = Zeroizing::new(Vec::with_capacity(9 * 8 + 24 * details.more.len() + clear_len(details)));
    frame(&mut bytes, b"wb-digest-1");
    for text in texts(details) {
        frame(&mut bytes, text.as_bytes());
    }
    for (name, value) in &details.more {
        frame(&mut bytes, name.as_bytes());
        frame(&mut bytes, value.as_bytes());
    }
    Digest::new(mac(&keys.digest, &[&bytes]))
}

fn texts(details: &Details) -> [&str; 5] {
    let Details { address, first_name, last_name, company, job_title, more: _ } = details;
    [address.as_typed(), first_name, last_name, company, job_title]
}

fn clear_len(details: &Details) -> usize {
    let fixed: usize = texts(details).iter().map(|text| text.len()).sum();
    let more: usize = details.more.iter().map(|(name, value)| name.len() + value.len() + 6).sum();
    fixed + more
}

impl<'a> Written<'a> {
    fn of(details: &'a Details) -> Self {
        let Details { address, first_name, last_name, company, job_title, more } = details;
        Self { address: address.as_typed(), first_name, last_name, company, job_title, more }
    }
}

impl From<Read> for Details {
    fn from(read: Read) -> Self {
        let Read { address, first_name, last_name, company, job_title, more } = read;
        Self { address: Address::new(address), first_name, last_name, company, job_title, more }
    }
}
