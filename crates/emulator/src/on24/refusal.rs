//! Every no of ON24, with its status and its words.

use http::StatusCode;
use serde_json::json;

use crate::wire::Answer;

use super::words::Words;

/// Why a call is not carried out. Where endpoints put the same thing differently, `words` are those of the endpoint.
#[derive(Debug)]
pub(super) enum Refusal {
    NoSuchPath,
    NoToken,
    WrongToken(Words),
    NotPermitted(Words),
    Quota(Words),
    UnknownClient(String),
    UnknownEvent {
        words: Words,
        event: String,
    },
    InactiveEvent {
        words: Words,
        event: i64,
    },
    /// A query parameter that takes `Y` and `N` had another value.
    NotYesOrNo(&'static str),
    EmailMissing,
    EmailBlank,
    EmailNotFound,
    /// Nobody to delete softly.
    NothingToDelete,
    NobodyToForget {
        in_event: bool,
    },
    UnknownRegistrant(String),
    UnknownAttendee(String),
    /// Wrong dates or intervals in a query.
    Dates(&'static str),
    /// 400 in words that a test may choose, because ON24's are not known.
    Data(String),
    /// 403 in words that a test may choose, because ON24's are not known.
    TooLate(String),
}

impl Refusal {
    pub(super) fn answer(&self) -> Answer {
        if matches!(self, Self::NoSuchPath) {
            return Answer::empty(StatusCode::NOT_FOUND);
        }
        Answer::json(self.status(), &json!({ "message": self.message() }))
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NoToken | Self::WrongToken(_) => StatusCode::UNAUTHORIZED,
            Self::NotPermitted(_)
            | Self::Quota(_)
            | Self::InactiveEvent { .. }
            | Self::EmailNotFound
            | Self::TooLate(_) => StatusCode::FORBIDDEN,
            Self::NoSuchPath
            | Self::UnknownClient(_)
            | Self::UnknownEvent { .. }
            | Self::NobodyToForget { .. }
            | Self::UnknownRegistrant(_)
            | Self::UnknownAttendee(_) => StatusCode::NOT_FOUND,
            Self::NothingToDelete => StatusCode::PRECONDITION_FAILED,
            Self::NotYesOrNo(_) | Self::EmailMissing | Self::EmailBlank | Self::Dates(_) | Self::Data(_) => {
                StatusCode::BAD_REQUEST
            }
        }
    }

    fn message(&self) -> String {
        match self {
            Self::UnknownClient(client) => format!("The client {client} doesn't exist."),
            Self::UnknownEvent { words, event } => words.unknown_event(event),
            Self::InactiveEvent { words, event } => words.inactive_event(*event),
            Self::NotYesOrNo(parameter) => format!("Invalid value for the {parameter} parameter."),
            Self::UnknownRegistrant(email) => format!("The registrant {email} doesn't exist."),
            Self::UnknownAttendee(email) => format!("The attendant {email} doesn't exist."),
            Self::Data(words) | Self::TooLate(words) => words.clone(),
            fixed => fixed.fixed_words().to_owned(),
        }
    }

    fn fixed_words(&self) -> &'static str {
        match self {
            Self::NoToken => "Header must contain both accessTokenKey and accessTokenSecret.",
            Self::WrongToken(words) => words.wrong_token(),
            Self::NotPermitted(words) => words.not_permitted(),
            Self::Quota(words) => words.quota(),
            Self::EmailMissing => "The email parameter is missing.",
            Self::EmailBlank => "The email parameter value is blank.",
            Self::EmailNotFound => "The email provided was not found.",
            Self::NothingToDelete => "You're trying to soft delete the registrant you're creating.",
            Self::NobodyToForget { in_event: false } => "No registrant was found for that email address",
            Self::NobodyToForget { in_event: true } => {
                "No registrant was found for that email address and eventId combination"
            }
            Self::Dates(words) => words,
            _ => "",
        }
    }
}
