//! A webinar: one CRM event bound to one provider event.

use serde::{Deserialize, Serialize};

use crate::id::{OrganizationId, ProviderEventId, Version, WebinarId};
use crate::time::Timestamp;

/// What the bridge knows of a webinar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webinar {
    /// The CRM event that it is.
    pub id: WebinarId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// The title in the CRM; not personal data.
    pub title: String,
    /// The advertised start.
    pub starts: Timestamp,
    /// The advertised end.
    pub ends: Timestamp,
    /// Whether people are sent to it, and where.
    pub link: Link,
    /// The version of the CRM row this was read from.
    pub version: Version,
}

/// How a CRM event stands to the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Link {
    /// Bound to a provider event: registrations are delivered, attendance is pulled.
    Linked(ProviderEventId),
    /// Meant for the provider, but no provider event is named yet: registrations wait.
    Waiting,
    /// Not ours: another format, no webinar configuration, or a template.
    Foreign,
    /// Called off, or gone from the CRM: nothing more is sent; attendance in hand still goes home.
    CalledOff(Option<ProviderEventId>),
}

impl Webinar {
    /// The provider event that registrations go to, if they may.
    pub fn target(&self) -> Option<&ProviderEventId> {
        match &self.link {
            Link::Linked(event) => Some(event),
            Link::Waiting | Link::Foreign | Link::CalledOff(_) => None,
        }
    }

    /// Whether registrations of this event are the bridge's business.
    pub fn is_ours(&self) -> bool {
        !matches!(self.link, Link::Foreign)
    }
}
