//! Where the emulators answer, and with which credentials.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a client needs to reach the emulators. Its debug form keeps the secrets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ready {
    pub on24: On24Ready,
    /// The European data centre, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on24_eu: Option<On24Ready>,
    pub dataverse: DataverseReady,
    pub key_vault: KeyVaultReady,
    /// Whom a client must trust where TLS is spoken: a certificate in PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct On24Ready {
    /// With `/v2` at its end.
    pub base_url: String,
    pub client_id: i64,
    pub access_token_key: String,
    pub access_token_secret: String,
    /// The event that is always there.
    pub event_id: i64,
}

/// Its client is valid for the key vault too.
#[derive(Clone, Serialize, Deserialize)]
pub struct DataverseReady {
    /// The origin, which is also the resource that tokens are asked for.
    pub base_url: String,
    /// Entra's origin, to which clients add `/{tenant_id}/oauth2/v2.0/token`.
    pub authority: String,
    pub tenant_id: String,
    pub client_id: String,
    pub client_secret: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyVaultReady {
    pub base_url: String,
    pub key_name: String,
}

impl fmt::Debug for On24Ready {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("On24Ready")
            .field("base_url", &self.base_url)
            .field("client_id", &self.client_id)
            .field("event_id", &self.event_id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DataverseReady {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DataverseReady")
            .field("base_url", &self.base_url)
            .field("authority", &self.authority)
            .field("tenant_id", &self.tenant_id)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
