//! The envelope written a second time, from its table and RFC 5869, so that one mistake does not prove itself right.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use uuid::Uuid;

/// Every field on its own, right or wrong.
#[derive(Clone)]
pub struct Parts {
    pub magic: [u8; 4],
    pub suite: u8,
    pub algorithm: u8,
    pub key_id: Vec<u8>,
    pub wrapped: Vec<u8>,
    pub key: [u8; 32],
    pub message: [u8; 32],
    pub nonce: [u8; 12],
    pub plain: Vec<u8>,
    pub place: Place,
}

/// Where an envelope belongs, and who vouches for it.
#[derive(Clone)]
pub struct Place {
    pub installation: Uuid,
    pub installation_key: [u8; 32],
    pub organization: Uuid,
    pub purpose: &'static str,
    pub row: Uuid,
    pub version: u64,
}

/// What can be spoiled before the origin is computed.
pub type Spoil = fn(&mut Sealed);

/// An envelope's later half, still in pieces.
pub struct Sealed {
    pub header: Vec<u8>,
    pub commitment: Vec<u8>,
    pub length: Vec<u8>,
    pub ciphertext: Vec<u8>,
}

impl Parts {
    pub fn header(&self) -> Vec<u8> {
        let mut bytes = self.magic.to_vec();
        bytes.push(self.suite);
        bytes.push(self.algorithm);
        for field in [&self.key_id, &self.wrapped] {
            bytes.extend(u16::try_from(field.len()).unwrap().to_be_bytes());
            bytes.extend(field);
        }
        bytes.extend(self.message);
        bytes.extend(self.nonce);
        bytes
    }

    pub fn build(&self) -> Vec<u8> {
        self.build_spoiled(|_| ())
    }

    /// Whole, with an origin that is right for whatever the spoiling left.
    pub fn build_spoiled(&self, spoil: Spoil) -> Vec<u8> {
        let header = self.header();
        let aad = self.place.aad(&header);
        let (encryption, commitment) = (self.derived(b"wb/env1/enc"), self.derived(b"wb/env1/com"));
        let mut ciphertext = self.plain.clone();
        let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &encryption).unwrap());
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        cipher.seal_in_place_append_tag(nonce, Aad::from(&aad), &mut ciphertext).unwrap();
        let length = u32::try_from(ciphertext.len()).unwrap().to_be_bytes().to_vec();
        let mut sealed = Sealed { header, commitment: commitment.to_vec(), length, ciphertext };
        spoil(&mut sealed);
        let aad = self.place.aad(&sealed.header);
        let mut bytes = [sealed.header, sealed.commitment, sealed.length, sealed.ciphertext].concat();
        let origin = hmac_sha256(&self.place.installation_key, &[&bytes[..], &aad].concat());
        bytes.extend(origin);
        bytes
    }

    fn derived(&self, name: &[u8]) -> [u8; 32] {
        let extracted = hmac_sha512(&self.message, &self.key);
        // One block of the expansion: 64 bytes, of which 32 are taken.
        let expanded = hmac_sha512(&extracted, &[name, &[self.suite], &[1]].concat());
        expanded[..32].try_into().unwrap()
    }
}

impl Place {
    pub fn aad(&self, header: &[u8]) -> Vec<u8> {
        let version = self.version.to_be_bytes();
        let parts: [&[u8]; 7] = [
            b"wb-aad-1",
            self.installation.as_bytes(),
            self.organization.as_bytes(),
            self.purpose.as_bytes(),
            self.row.as_bytes(),
            &version,
            header,
        ];
        parts.iter().flat_map(|part| [&(part.len() as u64).to_be_bytes(), *part].concat()).collect()
    }
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

fn hmac_sha512(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, key), message).as_ref().to_vec()
}
