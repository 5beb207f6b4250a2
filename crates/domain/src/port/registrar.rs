use async_trait::async_trait;

use crate::fault::Fault;
use crate::id::{OrganizationId, ProviderEventId, ProviderPersonId};
use crate::person::{Address, Details};
use crate::registration::Outcome;
use crate::time::SignedDuration;

/// The provider's registrants. A no to a person is an answer ([`Outcome::Refused`]), not a fault.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait Registrar: Send + Sync {
    /// What the provider can do, and how fast.
    fn traits(&self) -> ProviderTraits;

    /// Creates the person *or* replaces their details, by e-mail: safe to repeat. [`Outcome::Admitted`] or
    /// [`Outcome::Refused`].
    async fn register(&self, order: &RegisterOrder) -> Result<Outcome, Fault>;

    /// Changes only who is there: [`Outcome::Amended`], [`Outcome::NotThere`] or [`Outcome::Refused`].
    async fn amend(&self, order: &RegisterOrder) -> Result<Outcome, Fault>;

    /// Takes the person off the list: [`Outcome::Cancelled`], [`Outcome::NotThere`] (which is as good),
    /// [`Outcome::TooLate`] or [`Outcome::Refused`].
    async fn cancel(&self, order: &PersonOrder) -> Result<Outcome, Fault>;

    /// Erases the person: [`Outcome::Forgotten`] or [`Outcome::NotThere`]. Cannot be undone.
    async fn forget(&self, order: &PersonOrder) -> Result<Outcome, Fault>;

    /// The provider's list, for comparison; absence from it proves nothing.
    async fn registrants(&self, page: &RegistrantQuery) -> Result<RegistrantPage, Fault>;

    /// Whether somebody of these details would be listed so: a provider that shortens or drops what it is told shows
    /// something else than it was told, and has it all the same.
    fn shows(&self, details: &Details, listed: &Details) -> bool;
}

/// What a provider can do, and how fast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderTraits {
    /// The provider's name, for people.
    pub name: &'static str,
    /// How late a request may land after its answer was given up.
    pub landing: SignedDuration,
    /// How old its lists may be.
    pub read_lag: SignedDuration,
    /// The budget of registering and cancelling.
    pub register: Budget,
    /// The budget of amending.
    pub amend: Budget,
    /// The budget of forgetting.
    pub forget: Budget,
    /// The budget of listing registrants.
    pub registrants: Budget,
    /// The budget of listing attendance.
    pub attendance: Budget,
}

/// Calls that a provider counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Their name.
    pub group: &'static str,
    /// How many of them it bears in a minute, as far as it says; `None`: it does not say.
    pub a_minute: Option<u32>,
}

impl Budget {
    /// Calls of which nobody says how many there may be.
    pub const fn open(group: &'static str) -> Self {
        Self { group, a_minute: None }
    }
}

/// A person to register or amend, in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterOrder {
    /// Whose.
    pub organization: OrganizationId,
    /// At which of the provider's events.
    pub event: ProviderEventId,
    /// Who.
    pub details: Details,
    /// What proves that the registrant is ours.
    pub correlation: String,
}

/// A person to cancel or forget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonOrder {
    /// Whose.
    pub organization: OrganizationId,
    /// At which of the provider's events.
    pub event: ProviderEventId,
    /// Who.
    pub address: Address,
}

/// A page of a provider's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrantQuery {
    /// Whose.
    pub organization: OrganizationId,
    /// Of which of the provider's events.
    pub event: ProviderEventId,
    /// The page, as the page before named it; `None`: the first.
    pub page: Option<String>,
}

/// A page of registrants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrantPage {
    /// Who is on it.
    pub registrants: Vec<Registrant>,
    /// The next page, if there is one.
    pub next: Option<String>,
    /// Whether everybody who should be on the page could be read; if not, nobody is missing from the list.
    pub complete: bool,
}

/// One person as the provider lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registrant {
    /// The provider's id of the person.
    pub person: ProviderPersonId,
    /// What we wrote there, if it is ours.
    pub correlation: Option<String>,
    /// The person's details.
    pub details: Details,
    /// Whether the person is registered, rather than cancelled or forgotten.
    pub live: bool,
}
