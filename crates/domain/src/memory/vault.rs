use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};

use super::code::{Reader, Writer};
use crate::credential::SealedSecret;
use crate::fault::{Code, Fault, FaultKind, Peer};
use crate::port::{OpenSecret, SecretBond, Vault};

/// A vault that locks nothing: what it "seals" stands there in clear, beside a checksum of its bond. It keeps the
/// promises of the port towards honest callers, and protects no secret at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainVault;

#[async_trait]
impl Vault for PlainVault {
    async fn seal(&self, bond: &SecretBond, plain: &OpenSecret) -> Result<SealedSecret, Fault> {
        let text = plain.reveal().expose_secret().as_bytes();
        Ok(SealedSecret::new(with_bond(bond, |bond| Writer::default().put(text).close(bond))))
    }

    async fn open(&self, bond: &SecretBond, sealed: &SealedSecret) -> Result<OpenSecret, Fault> {
        let text = with_bond(bond, |bond| Reader::open(sealed.as_bytes(), bond)?.text());
        text.map(|text| OpenSecret::new(SecretString::from(text))).ok_or_else(not_valid)
    }
}

fn with_bond<T>(bond: &SecretBond, then: impl FnOnce(&[&[u8]]) -> T) -> T {
    let SecretBond { organization, purpose, row, version } = bond;
    let organization = organization.uuid();
    then(&[organization.as_bytes(), purpose.as_str().as_bytes(), row.as_bytes(), &version.to_le_bytes()])
}

fn not_valid() -> Fault {
    let field = Code::new("envelope");
    Fault::new(FaultKind::Invalid { field }, Peer::Vault, "open", Code::new("vault.envelope_invalid"))
}
