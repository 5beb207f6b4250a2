//! Where ON24 is silent, or a test wants another word.

use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::options::Quotas;

use super::centre::Centre;
use super::read_settings::{ManagementSettings, ReadSettings};

/// Texts and statuses of refusals that ON24 does not document, whom an event does not take, and every choice of ours.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Settings {
    /// Of a field that the registration page requires and that is missing.
    pub required_status: RefusalStatus,
    pub required_text: String,
    /// Of a value that is longer than its field, no value for it, or none of its options.
    pub field_status: RefusalStatus,
    pub field_text: String,
    /// Of a deletion or a restoring after the event's start.
    pub late_status: RefusalStatus,
    pub late_text: String,
    /// Whether people are deleted and restored after the event's start, too.
    pub late_deletion: bool,
    /// People with addresses of these domains are refused with 400.
    pub blocked_domains: Vec<String>,
    /// 400, for those people.
    pub blocked_text: String,
    /// Whether a value that is longer than its field is cut, rather than refused; an address never is, a telephone number always.
    pub cuts_long_values: bool,
    /// Whether addresses that differ in letter case are different people.
    pub case_sensitive_emails: bool,
    /// Whether a registration answers with all that is known of the person, rather than with what was sent.
    pub answers_whole: bool,
    /// Whether the members of a JSON body are fields.
    pub json_bodies: bool,
    /// How many people can be forgotten at once.
    pub forget_limit: usize,
    /// Whether calls are counted, and refused beyond the published numbers of each minute.
    pub quotas: bool,
    /// By what the published numbers are multiplied.
    pub quota_scale: f64,
    /// Whether each token has a quota of its own, rather than the client one for all of them.
    pub quota_by_token: bool,
    /// Whether a call counts that the token does not permit.
    pub quota_before_permission: bool,
    /// After how many days without a call a token is disabled; 0 is never.
    pub idle_days: u32,
    /// Whether a call that is refused for its client, its event or its quota keeps the token alive.
    pub refused_call_is_use: bool,
    /// Of what the token does not permit.
    pub permission_status: RefusalStatus,
    /// Of a client that does not exist.
    pub unknown_client_status: RefusalStatus,
    /// Of a method that the path does not know.
    pub wrong_method_status: RefusalStatus,
    /// How the reads behave.
    pub reads: ReadSettings,
    /// How events are created, changed and deleted.
    pub management: ManagementSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            required_status: RefusalStatus::new(StatusCode::BAD_REQUEST),
            required_text: "A required registration field is missing.".to_owned(),
            field_status: RefusalStatus::new(StatusCode::BAD_REQUEST),
            field_text: "The value of a registration field is not valid.".to_owned(),
            late_status: RefusalStatus::new(StatusCode::FORBIDDEN),
            late_text: "The event has already started.".to_owned(),
            late_deletion: false,
            blocked_domains: vec!["blocked.example".to_owned()],
            blocked_text: "The email domain is not allowed for this event.".to_owned(),
            cuts_long_values: false,
            case_sensitive_emails: false,
            answers_whole: false,
            json_bodies: false,
            forget_limit: 100_000,
            quotas: false,
            quota_scale: 1.0,
            quota_by_token: false,
            quota_before_permission: false,
            idle_days: 60,
            refused_call_is_use: true,
            permission_status: RefusalStatus::new(StatusCode::FORBIDDEN),
            unknown_client_status: RefusalStatus::new(StatusCode::NOT_FOUND),
            wrong_method_status: RefusalStatus::new(StatusCode::NOT_FOUND),
            reads: ReadSettings::default(),
            management: ManagementSettings::default(),
        }
    }
}

impl Settings {
    pub(super) fn of(centre: Centre) -> Self {
        let reads = ReadSettings::of(centre);
        Self { quotas: centre.quotas == Quotas::Published, reads, ..Self::default() }
    }

    /// Whether the address is of a blocked domain; letter case does not matter.
    pub(super) fn blocks(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain.trim());
        self.blocked_domains.iter().any(|blocked| blocked.eq_ignore_ascii_case(domain))
    }
}

/// The status of a refusal: 400 to 499.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct RefusalStatus(StatusCode);

impl RefusalStatus {
    const fn new(status: StatusCode) -> Self {
        Self(status)
    }
}

impl TryFrom<u16> for RefusalStatus {
    type Error = &'static str;

    fn try_from(number: u16) -> Result<Self, Self::Error> {
        let status = StatusCode::from_u16(number).ok().filter(StatusCode::is_client_error);
        status.map(Self).ok_or("a status of a refusal lies between 400 and 499")
    }
}

impl From<RefusalStatus> for u16 {
    fn from(status: RefusalStatus) -> Self {
        status.0.as_u16()
    }
}

impl From<RefusalStatus> for StatusCode {
    fn from(status: RefusalStatus) -> Self {
        status.0
    }
}
