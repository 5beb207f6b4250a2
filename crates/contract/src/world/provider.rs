use std::collections::BTreeMap;

use webinar_bridge_domain::id::{OrganizationId, ProviderEventId};
use webinar_bridge_domain::metrics::Watched;
use webinar_bridge_domain::person::Details;

/// What a provider has when a case begins: one event, of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderWorld {
    /// Who is registered for the event already.
    pub registered: Vec<Details>,
    /// Who came to the event, and watched something; they are registered too.
    pub attended: Vec<Details>,
    /// Whether the event has started (and, if people attended, ended).
    pub started: bool,
    /// How the account takes our credential.
    pub key: KeyState,
}

/// How an account takes our credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// As it should.
    #[default]
    Accepted,
    /// It is wrong, or was deactivated.
    Wrong,
    /// It is right, but lacks a right.
    Powerless,
}

/// What the world itself chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderStage {
    /// Whose account it is.
    pub organization: OrganizationId,
    /// The event.
    pub event: ProviderEventId,
    /// The id of an event that is not there, in the provider's way of writing ids.
    pub nowhere: ProviderEventId,
    /// The version of the credential that the adapter uses.
    pub version: u64,
    /// The credential, as the adapter takes it, for a probe.
    pub secret: String,
    /// Somebody whose registration the provider refuses, in words that have the address in them if it can be arranged.
    pub refused: Option<Details>,
    /// What each attendee watched, by address, as the provider itself counted it.
    pub watched: BTreeMap<String, Watched>,
}
