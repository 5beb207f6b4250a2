//! Which operation a request is.

use http::Method;

use crate::wire::Call;

pub(super) const OTHER: &str = "other";

/// The names that weather rules and call counts use.
pub(super) const OPERATIONS: &[&str] = &[
    "register",
    "amend",
    "forget",
    "registrants",
    "registrant",
    "attendees",
    "attendee",
    "events",
    "event",
    "languages",
    OTHER,
];

/// What is asked for, and of which client. Ids are kept as they stand in the path.
pub(super) struct Route {
    pub(super) client: String,
    pub(super) target: Target,
}

pub(super) enum Target {
    Register(String),
    Amend(String),
    Forget,
    Registrants(String),
    Registrant(String),
    Attendees(String),
    Attendee(String),
    Events,
    Event(String),
    Languages,
}

impl Route {
    /// `None` is a path or a method that ON24 does not know.
    pub(super) fn of(call: &Call) -> Option<Self> {
        let segments = call.segments();
        let words: Vec<&str> = segments.iter().map(String::as_str).collect();
        let ["v2", "client", client, rest @ ..] = words.as_slice() else { return None };
        let target = match call.method {
            Method::POST => Target::posted(rest),
            Method::PATCH => Target::patched(rest),
            Method::GET => Target::read(rest),
            _ => None,
        };
        target.map(|target| Self { client: (*client).to_owned(), target })
    }
}

impl Target {
    fn posted(rest: &[&str]) -> Option<Self> {
        match rest {
            ["event", event, "registrant"] => Some(Self::Register((*event).to_owned())),
            ["forget"] => Some(Self::Forget),
            _ => None,
        }
    }

    fn patched(rest: &[&str]) -> Option<Self> {
        match rest {
            ["event", event, "registrant"] => Some(Self::Amend((*event).to_owned())),
            _ => None,
        }
    }

    fn read(rest: &[&str]) -> Option<Self> {
        Some(match rest {
            ["event"] => Self::Events,
            ["languages"] => Self::Languages,
            ["event", event] => Self::Event((*event).to_owned()),
            ["event", event, "registrant"] => Self::Registrants((*event).to_owned()),
            ["event", event, "attendee"] => Self::Attendees((*event).to_owned()),
            ["registrant", email] => Self::Registrant((*email).to_owned()),
            ["attendee", email] => Self::Attendee((*email).to_owned()),
            _ => return None,
        })
    }

    /// One of `OPERATIONS`.
    pub(super) fn operation(&self) -> &'static str {
        match self {
            Self::Register(_) => "register",
            Self::Amend(_) => "amend",
            Self::Forget => "forget",
            Self::Registrants(_) => "registrants",
            Self::Registrant(_) => "registrant",
            Self::Attendees(_) => "attendees",
            Self::Attendee(_) => "attendee",
            Self::Events => "events",
            Self::Event(_) => "event",
            Self::Languages => "languages",
        }
    }

    /// The endpoints whose refusals have a wording of their own.
    pub(super) fn is_desk(&self) -> bool {
        matches!(self, Self::Forget | Self::Languages)
    }
}
