//! What an organization can be told to do, where the platform varies from one to the next, or where nothing is known.

use serde::{Deserialize, Serialize};

use super::access::AccessRules;
use super::limits::LimitRules;
use super::webhook::WebhookRules;

/// Every switch of the server. `GET /_emulator/settings` shows them, `POST` replaces those that it names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    /// The code of a query that cannot be read; older organizations said `0x0`, or nothing.
    pub(super) query_error_code: QueryCode,
    /// The status of `If-Match: W/"n"` for a row that is not there: 404, or 412.
    pub(super) etag_of_absent_row: AbsentRow,
    /// Whether lookups that forms ask for may be left empty; a plug-in would refuse it.
    pub(super) required_lookups: Required,
    /// Whether a value for a column that only the platform fills is passed over or refused.
    pub(super) read_only_columns: ReadOnly,
    /// Tables, by logical name, without change tracking.
    pub(super) untracked_tables: Vec<String>,
    /// Tables, by logical name, whose rows are told without conditions on their `ETag`.
    pub(super) unversioned_tables: Vec<String>,
    /// How long a delta token holds.
    pub(super) tracking_days: u16,
    /// The status of an expired delta token, which is not documented.
    pub(super) tracking_expired_status: u16,
    /// Whether a change of a table's schema ends its delta tokens.
    pub(super) schema_change_ends_tracking: bool,
    /// How far the role's read privileges reach; change tracking asks for all of the organization.
    pub(super) read_depth: Depth,
    /// Whether the first page of every filtered list is empty and has a link to the next.
    pub(super) empty_first_page: bool,
    /// Messages that tables lack, as `CreateMultiple msevtmgt_checkin`; `*` stands for all.
    pub(super) unsupported_messages: Vec<String>,
    /// Whether the columns of an alternate key may stand again in the body of an upsert that creates a row.
    pub(super) key_in_upsert_body: KeyInBody,
    /// Whether upserts by an alternate key take values with `< > * % & : / \\ ? +`.
    pub(super) special_characters_in_keys: SpecialCharacters,
    /// Who is let in.
    pub(super) access: AccessRules,
    /// The service-protection limits.
    pub(super) limits: LimitRules,
    /// The parallelism that `x-ms-dop-hint` suggests; `null` leaves the header out.
    pub(super) dop_hint: Option<u32>,
    /// Two updates of one row fail like a deadlock when they are under way at once or begin within this time of each
    /// other; `null` is never.
    pub(super) deadlock_ms: Option<u64>,
    /// How webhooks are sent.
    pub(super) webhooks: WebhookRules,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum QueryCode {
    #[serde(rename = "0x80060888")]
    Present,
    #[serde(rename = "0x0")]
    Zero,
    #[serde(rename = "")]
    Empty,
}

impl QueryCode {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Present => "0x80060888",
            Self::Zero => "0x0",
            Self::Empty => "",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AbsentRow {
    NotFound,
    PreconditionFailed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Required {
    ByForms,
    ByPlugIn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReadOnly {
    Ignored,
    Rejected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Depth {
    Organization,
    BusinessUnit,
    User,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeyInBody {
    Ignored,
    Rejected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SpecialCharacters {
    Refused,
    Accepted,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            query_error_code: QueryCode::Present,
            etag_of_absent_row: AbsentRow::NotFound,
            required_lookups: Required::ByForms,
            read_only_columns: ReadOnly::Ignored,
            untracked_tables: Vec::new(),
            unversioned_tables: Vec::new(),
            tracking_days: 7,
            tracking_expired_status: 400,
            schema_change_ends_tracking: true,
            read_depth: Depth::Organization,
            empty_first_page: false,
            unsupported_messages: Vec::new(),
            key_in_upsert_body: KeyInBody::Ignored,
            special_characters_in_keys: SpecialCharacters::Refused,
            access: AccessRules::default(),
            limits: LimitRules::default(),
            dop_hint: Some(16),
            deadlock_ms: None,
            webhooks: WebhookRules::default(),
        }
    }
}

impl Settings {
    /// What is wrong with the values, in words for whoever set them.
    pub(super) fn mistake(&self) -> Option<String> {
        let own = (!(400..=599).contains(&self.tracking_expired_status))
            .then(|| "tracking_expired_status is a status from 400 to 599".to_owned());
        own.or_else(|| self.access.mistake())
            .or_else(|| self.limits.mistake())
            .or_else(|| self.webhooks.mistake())
    }

    pub(super) fn tracks(&self, logical: &str) -> bool {
        !self.untracked_tables.iter().any(|table| table == logical)
    }

    pub(super) fn versions(&self, logical: &str) -> bool {
        !self.unversioned_tables.iter().any(|table| table == logical)
    }

    /// Whether a table has a message such as `CreateMultiple`.
    pub(super) fn supports(&self, message: &str, logical: &str) -> bool {
        let fits = |asked: &str, named: &str| named == "*" || named == asked;
        !self.unsupported_messages.iter().any(|lack| {
            let (lacking, table) = lack.split_once(' ').unwrap_or((lack, "*"));
            fits(message, lacking) && fits(logical, table)
        })
    }
}
