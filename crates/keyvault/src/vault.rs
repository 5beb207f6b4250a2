//! A vault of envelopes.

use core::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretString};
use webinar_bridge_domain::credential::SealedSecret;
use webinar_bridge_domain::fault::{Fault, FaultKind};
use webinar_bridge_domain::port::{Entropy, KeyWrap, OpenSecret, SecretBond, Vault};
use zeroize::Zeroizing;

use crate::envelope::{Authentic, Draw, Envelope, Refused, TooLong};
use crate::fault;
use crate::installation::Installations;

/// Seals each secret in an envelope of its own.
pub struct EnvelopeVault {
    house: Arc<dyn KeyWrap>,
    installations: Installations,
    entropy: Arc<dyn Entropy>,
}

impl EnvelopeVault {
    /// A vault whose envelopes' keys are wrapped by `house`.
    pub fn new(house: Arc<dyn KeyWrap>, installations: Installations, entropy: Arc<dyn Entropy>) -> Self {
        Self { house, installations, entropy }
    }

    fn authenticate<'a>(
        &self,
        bond: &SecretBond,
        sealed: &'a SealedSecret,
    ) -> Result<Authentic<'a>, Refused> {
        let envelope = Envelope::read(sealed.as_bytes())?;
        envelope.authenticate(self.house.algorithm(), &self.installations, bond)
    }
}

#[async_trait]
impl Vault for EnvelopeVault {
    async fn seal(&self, bond: &SecretBond, plain: &OpenSecret) -> Result<SealedSecret, Fault> {
        let draw = Draw::from(&*self.entropy);
        let wrapped = self.house.wrap(draw.key()).await?;
        let plain = plain.reveal().expose_secret().as_bytes();
        draw.seal(&wrapped, self.house.algorithm(), &self.installations, bond, plain)
            .map(SealedSecret::new)
            .map_err(|TooLong| fault::too_long())
    }

    async fn open(&self, bond: &SecretBond, sealed: &SealedSecret) -> Result<OpenSecret, Fault> {
        let authentic = self.authenticate(bond, sealed).map_err(|Refused| refuse(bond))?;
        let key = match self.house.unwrap(&authentic.wrapped()).await {
            Err(Fault { kind: FaultKind::Invalid { .. }, .. }) => return Err(refuse(bond)),
            answer => answer?,
        };
        let plain = authentic.decrypt(&key).map_err(|Refused| refuse(bond))?;
        text(&plain).ok_or_else(|| refuse(bond))
    }
}

impl fmt::Debug for EnvelopeVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvelopeVault").field("installations", &self.installations).finish_non_exhaustive()
    }
}

fn text(plain: &Zeroizing<Vec<u8>>) -> Option<OpenSecret> {
    let text = core::str::from_utf8(plain).ok()?;
    Some(OpenSecret::new(SecretString::from(text)))
}

/// Somebody asks for a secret at a place it was not sealed for, or changed it: worth a line whatever follows (rule G6).
fn refuse(bond: &SecretBond) -> Fault {
    let (organization, purpose, version) = (bond.organization, bond.purpose.as_str(), bond.version);
    tracing::warn!(event = "envelope_refused", %organization, purpose, version, "an envelope does not open");
    fault::envelope()
}
