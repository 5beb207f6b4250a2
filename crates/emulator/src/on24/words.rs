//! The same refusal is put differently by different endpoints.

/// How the refusals of an operation are put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    Usual,
    /// As usual, but an inactive event is "the event id".
    EventId,
    /// Forgetting at client level, and changing a person everywhere.
    Erasure,
    Deletion,
    /// The reference lists.
    Helper,
    RegistrationFields,
}

impl Words {
    fn is_desk(self) -> bool {
        !matches!(self, Self::Usual | Self::EventId)
    }

    pub(super) fn wrong_token(self) -> &'static str {
        if self.is_desk() {
            "The access token secret or access token key was not found"
        } else {
            "AccessTokenKey and AccessTokenSecret are wrong or invalid."
        }
    }

    pub(super) fn not_permitted(self) -> &'static str {
        match self {
            Self::Usual | Self::EventId => "You do not have permission to perform the requested operation.",
            Self::Erasure | Self::Deletion => "You don't have access to this client id",
            Self::Helper | Self::RegistrationFields => {
                "The client id is not an Elite user/The adminId can not perform operations under client clientId"
            }
        }
    }

    pub(super) fn quota(self) -> &'static str {
        if self.is_desk() {
            "You reached the maximum number of calls for this endpoint"
        } else {
            "You have reached the maximum number of calls for this api."
        }
    }

    pub(super) fn unknown_event(self, event: &str) -> String {
        match self {
            Self::RegistrationFields => "The event id is not found under this client account".to_owned(),
            Self::Deletion => "Event not found for this client or its children".to_owned(),
            _ => format!("The event {event} doesn't exist."),
        }
    }

    pub(super) fn inactive_event(self, event: i64) -> String {
        match self {
            Self::EventId => format!("The event id {event} is inactive."),
            _ => format!("The event {event} is inactive."),
        }
    }
}
