//! Ids: our own, minted from clock and entropy, and foreign ones, which are opaque here.

use core::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::port::{Clock, Entropy};

/// Declares an id of our own: a UUID version 7 with a prefix that says what it names.
macro_rules! own_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Mints an id that sorts by the time it was made.
            pub fn mint(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
                Self(mint(clock, entropy))
            }

            /// The id as it travels: in paths, columns and documents.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

own_id!(
    /// One Dynamics 365 environment with its terms, credentials and settings; the unit of isolation.
    OrganizationId,
    "org"
);
own_id!(
    /// One sealed secret of an organization, over all its versions.
    CredentialId,
    "crd"
);

pub(crate) fn mint(clock: &dyn Clock, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    let millis = u64::try_from(clock.now().as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// Declares an id that the CRM gave out: a GUID.
macro_rules! crm_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The GUID itself.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

crm_id!(
    /// Any row of the CRM.
    CrmRecordId
);
crm_id!(
    /// A webinar: the CRM's event that it is, so that finding it again needs no table of ours.
    WebinarId
);
crm_id!(
    /// A CRM registration row, one of the *sources* of a registration.
    SourceId
);

impl From<WebinarId> for CrmRecordId {
    fn from(id: WebinarId) -> Self {
        Self(id.0)
    }
}

impl From<CrmRecordId> for WebinarId {
    fn from(id: CrmRecordId) -> Self {
        Self(id.0)
    }
}

impl From<SourceId> for CrmRecordId {
    fn from(id: SourceId) -> Self {
        Self(id.0)
    }
}

impl From<CrmRecordId> for SourceId {
    fn from(id: CrmRecordId) -> Self {
        Self(id.0)
    }
}

/// Declares an id that the webinar provider gave out: text that means nothing here.
macro_rules! provider_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the provider's id as it is.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The provider's id as it is.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

provider_id!(
    /// The provider's id of a webinar.
    ProviderEventId
);
provider_id!(
    /// The provider's id of one person at one webinar.
    ProviderPersonId
);

/// The CRM's version of a row: greater is newer, comparable only within one organization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u64);

/// Counts the changes of one stored aggregate; a write names the one it started from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

/// Counts the changes of an organization; work that began under an older one must not go out (leases, section D2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

/// An aggregate with the revision it was read at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<T> {
    /// The aggregate.
    pub item: T,
    /// What it was when it was read.
    pub revision: Revision,
}
