//! What a case takes as given.

mod crm;
mod people;
mod provider;
mod store;

pub use crm::{CrmCompany, CrmContact, CrmEdit, CrmRegistrationRow, CrmStage, CrmWorld, KeptCheckIn, Told};
pub use people::{ada, grace, named, people, scripts, with_longest_fields};
pub use provider::{KeyState, ProviderStage, ProviderWorld};
pub use store::StoreWorld;
pub(crate) use store::{fact, is_held, step};

use webinar_bridge_domain::time::{SignedDuration, Timestamp};

/// What the peer does to the calls that follow, until it is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Weather {
    /// What it should.
    Calm,
    /// Takes every call, and closes the connection without an answer.
    DropsAnswers,
    /// Takes every call, and answers with something that nobody can read.
    Garbles,
    /// Takes no call, and answers with a server error (500).
    Fails,
    /// Takes no call: too many of them, and it does not say when to come back, or says so as the vendor does.
    Throttles,
}

/// The time at which a case begins: with microseconds, so that a store which drops them is found out.
pub const NOW: Timestamp = Timestamp::constant(1_772_359_200, 123_456_000);

/// That many minutes after [`NOW`], or before it.
pub fn at(minutes: i64) -> Timestamp {
    NOW + SignedDuration::from_mins(minutes)
}
