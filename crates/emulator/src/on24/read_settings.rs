//! Where ON24 is silent about its reads and its events, or says two things.

use serde::{Deserialize, Serialize};

use crate::options::Lag;

use super::centre::Centre;
use super::lag::Delay;
use super::record::Missing;

/// How the reads behave.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct ReadSettings {
    /// Whether reads show what has happened only after the time that ON24 says it needs.
    pub documented_lag: bool,
    /// How a value looks that is not there: `absent`, `null` or `empty`.
    pub missing_values: Missing,
    /// Whether a list without rows is left out of its envelope.
    pub omit_empty_lists: bool,
    /// The `pagecount` of a list without rows.
    pub empty_page_count: usize,
    /// Whether pages never have more rows than usual, however many are asked for.
    pub clamp_items_per_page: bool,
    /// Whether the list of events has pages even without `includesubaccounts=Y`, when they are asked for.
    pub page_events: bool,
    /// Whether lists of people show the active ones only, unless `userstatus` says otherwise.
    pub regular_users_unless_asked: bool,
    /// 400, when the list of events is asked for more than six months.
    pub event_span_text: String,
    /// 400, when `subaccounts` names an account that is none of the client's.
    pub subaccounts_text: String,
    /// Whether the account has the report of leads.
    pub power_leads: bool,
}

impl Default for ReadSettings {
    fn default() -> Self {
        Self {
            documented_lag: false,
            missing_values: Missing::Absent,
            omit_empty_lists: false,
            empty_page_count: 0,
            clamp_items_per_page: true,
            page_events: true,
            regular_users_unless_asked: false,
            event_span_text: "startDate and endDate can't be more than 6 months appart.".to_owned(),
            subaccounts_text: "The subaccounts parameter contains an invalid client id.".to_owned(),
            power_leads: true,
        }
    }
}

impl ReadSettings {
    pub(super) fn of(centre: Centre) -> Self {
        Self { documented_lag: centre.lag == Lag::Documented, ..Self::default() }
    }

    pub(super) fn delay(&self) -> Delay {
        if self.documented_lag { Delay::documented() } else { Delay::default() }
    }
}

/// How events are created, changed and deleted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct ManagementSettings {
    /// Whether the start that is asked for is when the lobby opens, instead of the advertised start.
    pub start_opens_lobby: bool,
    /// Whether a start without offset is in Pacific time in every format, not only in that of ISO 8601.
    pub start_in_pacific: bool,
    /// Whether an event can be deleted that has started.
    pub delete_started: bool,
    /// Whether the account is a global one, in which no event can be created.
    pub global_account: bool,
    /// Whether an event whose registration was disabled refuses newcomers by the API, too, with 403.
    pub refuse_when_disabled: bool,
    /// 403, for those people.
    pub disabled_text: String,
}

impl Default for ManagementSettings {
    fn default() -> Self {
        Self {
            start_opens_lobby: false,
            start_in_pacific: false,
            delete_started: false,
            global_account: false,
            refuse_when_disabled: false,
            disabled_text: "Registration is disabled for this event.".to_owned(),
        }
    }
}
