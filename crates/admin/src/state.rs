//! What the routers are made from.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::FromRef;
use secrecy::SecretString;
use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::integration::TermsVersion;
use webinar_bridge_domain::port::{CrmTable, OpenSecret};

use crate::auth::TokenGate;
use crate::meters::Meters;

/// Everything that the routers lean on. Cheap to clone; clones share.
#[derive(Clone)]
pub struct Admin {
    /// The bridge.
    pub bridge: Bridge,
    /// Who may come in.
    pub gate: TokenGate,
    /// The terms in force.
    pub terms: Arc<Terms>,
    /// How adapters want their secrets written.
    pub secrets: Arc<dyn Secrets>,
    /// What webhooks look like.
    pub webhooks: Arc<Webhooks>,
    /// Counters and gauges.
    pub meters: Meters,
    /// Whether the process takes work.
    pub readiness: Readiness,
    /// Whether the console is open to everyone who reaches the listener: only where all data is made up.
    pub open_house: bool,
}

/// What the CRM's webhooks look like.
#[derive(Clone, Debug, Default)]
pub struct Webhooks {
    /// The header that carries the key.
    pub header: String,
    /// The tables that are followed, by their logical names.
    pub tables: BTreeMap<String, CrmTable>,
}

/// The terms that an organization accepts.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Their version.
    pub version: TermsVersion,
    /// Their text.
    pub text: String,
}

/// The provider's credentials, as a person enters them.
pub struct ProviderSecret {
    /// The account's number.
    pub client_id: String,
    /// The token's key.
    pub access_token_key: SecretString,
    /// The token's secret.
    pub access_token_secret: SecretString,
    /// Another address than the configured one; only honoured where the operator's file allows it.
    pub base_url: Option<String>,
}

/// The CRM's credentials, as a person enters them.
pub struct CrmSecret {
    /// The environment's address.
    pub base_url: String,
    /// The directory.
    pub tenant_id: String,
    /// The application.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
}

/// How adapters want their secrets written, and which addresses they may be sent to: whoever may enter credentials must
/// not thereby choose where the bridge calls. An error names the field, never its value; the caller reads it.
pub trait Secrets: Send + Sync {
    /// The provider's.
    fn provider(&self, entered: &ProviderSecret) -> Result<OpenSecret, String>;

    /// The CRM's.
    fn crm(&self, entered: &CrmSecret) -> Result<OpenSecret, String>;
}

/// Whether the process has started, and whether it is about to end.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    started: Arc<AtomicBool>,
    ending: Arc<AtomicBool>,
}

impl Readiness {
    /// Migrations are done and the loops run.
    pub fn started(&self) {
        self.started.store(true, Ordering::SeqCst);
    }

    /// The process drains: it takes no more work.
    pub fn ending(&self) {
        self.ending.store(true, Ordering::SeqCst);
    }

    pub(crate) fn has_started(&self) -> bool {
        self.started.load(Ordering::SeqCst)
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }
}

impl FromRef<Admin> for TokenGate {
    fn from_ref(admin: &Admin) -> Self {
        admin.gate.clone()
    }
}
