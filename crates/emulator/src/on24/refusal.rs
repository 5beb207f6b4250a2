//! Every no of ON24, with its status and its words.

use std::collections::BTreeSet;

use http::StatusCode;
use http::header::ALLOW;
use serde_json::json;

use crate::wire::Answer;

use super::pacific::DATE_FORMATS;
use super::route::Verb;
use super::words::Words;

/// Why a call is not carried out. Where endpoints put the same thing differently, `words` are those of the endpoint.
#[derive(Debug)]
pub(super) enum Refusal {
    NoSuchPath,
    /// The path knows these methods only.
    WrongMethod {
        methods: BTreeSet<Verb>,
        status: StatusCode,
    },
    NoToken,
    WrongToken(Words),
    Deactivated,
    /// The login to which the token belongs is inactive.
    InactiveAdmin(i64),
    NotPermitted {
        words: Words,
        status: StatusCode,
    },
    NotElite,
    Quota(Words),
    UnknownClient {
        client: String,
        status: StatusCode,
    },
    InactiveClient(i64),
    ExpiredContract(i64),
    UnknownEvent {
        words: Words,
        event: String,
    },
    InactiveEvent {
        words: Words,
        event: i64,
    },
    /// A parameter that takes `Y` and `N` had another value.
    NotYesOrNo(&'static str),
    EmailMissing,
    EmailBlank,
    EmailNotFound,
    /// Somebody else at one of the events has the new address.
    EmailTaken,
    /// Nobody to delete softly.
    NothingToDelete,
    /// Nobody to forget or to change.
    Nobody {
        in_event: bool,
    },
    /// More people than can be forgotten at once.
    TooMany,
    UnknownRegistrant(String),
    UnknownAttendee(String),
    UnknownLead,
    /// The account has no report of leads.
    NoLeads(i64),
    /// Wrong dates or intervals in a query.
    Dates(String),
    /// 400 for something else in a query.
    BadQuery(String),
    /// A page beyond the last one.
    PageOffset {
        last: usize,
    },
    /// Something is wrong in the form of an event.
    NoWebinar,
    GlobalAccount {
        copy: bool,
    },
    AlreadyDeleted,
    NotDeletable,
    /// In words and with a status that a test may choose, because ON24's are not known.
    Chosen {
        status: StatusCode,
        text: String,
    },
}

impl Refusal {
    pub(super) fn answer(&self) -> Answer {
        match self {
            Self::NoSuchPath => Answer::empty(StatusCode::NOT_FOUND),
            Self::WrongMethod { status, .. } if *status != StatusCode::METHOD_NOT_ALLOWED => {
                Answer::empty(*status)
            }
            Self::WrongMethod { methods, status } => {
                let names: Vec<&str> = methods.iter().map(|method| method.name()).collect();
                Answer::empty(*status).with(ALLOW, &names.join(", "))
            }
            said => Answer::json(said.status(), &json!({ "message": said.message() })),
        }
    }

    /// The list of an event's registrants puts wrong formats in words of its own.
    pub(super) fn in_words_of_registrants(self) -> Self {
        match self {
            Self::Dates(words) if words == DATE_FORMATS => Self::Dates(
                "Invalid Date format for params startdate and enddate. Incorrect timezone value provided."
                    .to_owned(),
            ),
            other => other,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::WrongMethod { status, .. }
            | Self::NotPermitted { status, .. }
            | Self::UnknownClient { status, .. }
            | Self::Chosen { status, .. } => *status,
            Self::NoToken | Self::WrongToken(_) | Self::Deactivated | Self::InactiveAdmin(_) => {
                StatusCode::UNAUTHORIZED
            }
            Self::NotElite
            | Self::Quota(_)
            | Self::InactiveClient(_)
            | Self::ExpiredContract(_)
            | Self::InactiveEvent { .. }
            | Self::EmailNotFound
            | Self::NoLeads(_)
            | Self::GlobalAccount { .. } => StatusCode::FORBIDDEN,
            Self::NoSuchPath
            | Self::UnknownEvent { .. }
            | Self::Nobody { .. }
            | Self::UnknownLead
            | Self::UnknownRegistrant(_)
            | Self::UnknownAttendee(_) => StatusCode::NOT_FOUND,
            Self::NothingToDelete | Self::NotDeletable => StatusCode::PRECONDITION_FAILED,
            Self::AlreadyDeleted => StatusCode::GONE,
            Self::NotYesOrNo(_)
            | Self::EmailMissing
            | Self::EmailBlank
            | Self::EmailTaken
            | Self::TooMany
            | Self::BadQuery(_)
            | Self::PageOffset { .. }
            | Self::NoWebinar
            | Self::Dates(_) => StatusCode::BAD_REQUEST,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::InactiveAdmin(admin) => format!("The admin id {admin} is inactive."),
            Self::UnknownClient { client, .. } => format!("The client {client} doesn't exist."),
            Self::InactiveClient(client) => format!("The client id {client} is inactive."),
            Self::ExpiredContract(client) => format!("Client contract with id {client} is expired."),
            Self::UnknownEvent { words, event } => words.unknown_event(event),
            Self::InactiveEvent { words, event } => words.inactive_event(*event),
            Self::NotYesOrNo(parameter) => format!("Invalid value for the {parameter} parameter."),
            Self::UnknownRegistrant(email) => format!("The registrant {email} doesn't exist."),
            Self::UnknownAttendee(email) => format!("The attendant {email} doesn't exist."),
            Self::NoLeads(client) => format!("Power Leads report is not enabled for client {client}."),
            Self::PageOffset { last } => {
                format!("Invalid pageOffset, range must be between 0 and {last}.")
            }
            Self::Dates(text) | Self::BadQuery(text) | Self::Chosen { text, .. } => text.clone(),
            fixed => fixed.fixed_words().to_owned(),
        }
    }

    fn fixed_words(&self) -> &'static str {
        match self {
            Self::NoToken => "Header must contain both accessTokenKey and accessTokenSecret.",
            Self::WrongToken(words) => words.wrong_token(),
            Self::Deactivated => "AccessTokenKey and AccessTokenSecret are deactivated.",
            Self::NotPermitted { words, .. } => words.not_permitted(),
            Self::NotElite => Words::Helper.not_permitted(),
            Self::Quota(words) => words.quota(),
            Self::EmailMissing => "The email parameter is missing.",
            Self::EmailBlank => "The email parameter value is blank.",
            Self::EmailNotFound => "The email provided was not found.",
            Self::EmailTaken => "New email address matches other registant's email address",
            Self::NothingToDelete => "You're trying to soft delete the registrant you're creating.",
            Self::Nobody { in_event: false } => "No registrant was found for that email address",
            Self::Nobody { in_event: true } => {
                "No registrant was found for that email address and eventId combination"
            }
            Self::TooMany => "You have exceeded the maximum number of user to be deleted (100,000)",
            Self::UnknownLead => "No lead data was found for that email address",
            Self::NoWebinar => "Webinar was not created due to errors in the parameters",
            Self::GlobalAccount { copy: false } => {
                "Creating an event in a Global Client Account is not allowed."
            }
            Self::GlobalAccount { copy: true } => {
                "Copying an event into a Global Client Account is not allowed."
            }
            Self::AlreadyDeleted => "Event has already been deleted",
            Self::NotDeletable => "Event does not meet criteria for deletion",
            _ => "",
        }
    }
}
