//! What describes a webinar beside its time.

use super::pacific;

/// A tag of the account's own catalogue, which events may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AccountTag {
    pub(super) group: i64,
    pub(super) group_name: &'static str,
    pub(super) id: i64,
    pub(super) name: &'static str,
}

pub(super) const ACCOUNT_TAGS: [AccountTag; 4] = [
    AccountTag { group: 101, group_name: "Region", id: 741, name: "Europe" },
    AccountTag { group: 101, group_name: "Region", id: 742, name: "Americas" },
    AccountTag { group: 102, group_name: "Product line", id: 751, name: "Tools" },
    AccountTag { group: 102, group_name: "Product line", id: 752, name: "Services" },
];

/// A tag that hides an event and its people from the reads of a whole client.
const HIDING: &str = "APIEXCLUDE";

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub(super) struct Details {
    pub(super) title: String,
    pub(super) summary: Option<String>,
    pub(super) promotion: Option<String>,
    pub(super) campaign_code: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) account_tags: Vec<AccountTag>,
    pub(super) language: String,
    pub(super) country: Option<String>,
    /// The name of the event's time zone.
    pub(super) zone: String,
    /// A value of the list of event types.
    pub(super) kind: String,
    pub(super) is_test: bool,
    pub(super) is_hybrid: bool,
    pub(super) venue: Option<String>,
    pub(super) address: Option<String>,
    pub(super) has_archive: bool,
    pub(super) takes_registrations: bool,
}

impl Details {
    /// A live webinar in English and Pacific time.
    pub(super) fn new(title: String) -> Self {
        Self {
            title,
            summary: None,
            promotion: None,
            campaign_code: None,
            tags: Vec::new(),
            account_tags: Vec::new(),
            language: "en".to_owned(),
            country: None,
            zone: pacific::NAME.to_owned(),
            kind: "fav".to_owned(),
            is_test: false,
            is_hybrid: false,
            venue: None,
            address: None,
            has_archive: true,
            takes_registrations: true,
        }
    }

    pub(super) fn is_hidden(&self) -> bool {
        self.tags.iter().any(|tag| tag.eq_ignore_ascii_case(HIDING))
    }
}
