//! The CRM's names and values, as settings with the defaults of the event management tables.
//!
//! A name that is empty is a column that is not there: it is neither read nor written nor looked for.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::zones::TimeZones;

/// Declares a section of the settings: each field with its default.
macro_rules! section {
    ($(#[$doc:meta])* $section:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $section {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl Default for $section {
            fn default() -> Self {
                Self { $($field: $default.into(),)* }
            }
        }
    };
}

section! {
    /// All of it: `[dynamics]`.
    DynamicsSettings {
        /// The version of the Web API in every path.
        api_version: String = "v9.2",
        /// How many rows a page of a feed has at the most; the platform gives 5000 at the most.
        page_rows: u32 = 500_u32,
        /// How many rows are read by id in one request.
        batch_rows: u32 = 50_u32,
        /// Events, which are the webinars.
        events: Events = Events::default(),
        /// Registrations for events.
        registrations: Registrations = Registrations::default(),
        /// Contacts.
        contacts: Contacts = Contacts::default(),
        /// Accounts.
        accounts: Accounts = Accounts::default(),
        /// Check-ins, which carry the attendance.
        check_ins: CheckIns = CheckIns::default(),
        /// Time-zone codes of the CRM by IANA names, beside and before the well-known ones.
        time_zones: TimeZones = TimeZones::default(),
    }
}

section! {
    /// Events: `[dynamics.events]`.
    Events {
        /// Logical name of the table.
        table: String = "msevtmgt_event",
        /// Its entity set.
        set: String = "msevtmgt_events",
        /// Its primary key.
        key: String = "msevtmgt_eventid",
        /// Text: the title.
        title: String = "msevtmgt_name",
        /// Wall clock in the event's time zone: the start.
        start: String = "msevtmgt_eventstartdate",
        /// Wall clock in the event's time zone: the end.
        end: String = "msevtmgt_eventenddate",
        /// Whole number: the code of the time zone.
        time_zone: String = "msevtmgt_eventtimezone",
        /// UTC: a copy of the start, used when the time zone is unknown.
        start_utc: String = "msevtmgt_portalspecificeventstartdate",
        /// UTC: a copy of the end, used when the time zone is unknown.
        end_utc: String = "msevtmgt_portalspecificeventenddate",
        /// Choice: on site, webinar or hybrid.
        format: String = "msevtmgt_eventformat",
        /// Values of `format` that make an event a webinar: webinar and hybrid.
        format_webinar: Vec<i64> = vec![100_000_002, 100_000_003],
        /// Lookup: the webinar configuration, without which an event is not for the provider. Empty: the format alone
        /// decides.
        configuration: String = "msevtmgt_webinarconfigurationid",
        /// Choice: whether the event is only a template.
        template: String = "msevtmgt_istemplate",
        /// Value of `template` for a template.
        template_yes: i64 = 100_000_001_i64,
        /// Choice: where the event stands.
        status: String = "msevtmgt_publishstatus",
        /// Value of `status` for a cancelled event.
        status_cancelled: i64 = 100_000_004_i64,
        /// Text: the provider's id of the event.
        provider_event: String = "msevtmgt_webinarid",
        /// IANA name of the zone of an event that names none and has no copies in UTC.
        zone_if_none: String = "UTC",
        /// How long an event without an end lasts, in minutes.
        minutes_if_open: u32 = 60_u32,
    }
}

section! {
    /// Registrations: `[dynamics.registrations]`.
    Registrations {
        /// Logical name of the table.
        table: String = "msevtmgt_eventregistration",
        /// Its entity set.
        set: String = "msevtmgt_eventregistrations",
        /// Its primary key.
        key: String = "msevtmgt_eventregistrationid",
        /// Lookup: the event.
        event: String = "msevtmgt_eventid",
        /// Lookup: the contact.
        contact: String = "msevtmgt_contactid",
        /// Navigation to the contact; its case matters.
        contact_navigation: String = "msevtmgt_ContactId",
        /// Yes or no: whether the person no longer wants to come.
        cancelled: String = "msevtmgt_iscanceled",
        /// Whether an inactive row is a cancelled one.
        inactive_is_cancelled: bool = true,
        /// Further fields for the provider: its name of the field, and the column with the value.
        fields: BTreeMap<String, String> = BTreeMap::new(),
        /// Text, written: the provider's id of the person.
        person: String = "msevtmgt_webinarregistrationid",
        /// Choice, written: the outcome.
        outcome: String = "msevtmgt_publishingstate",
        /// Value of `outcome` when there is nothing to tell: cancelled, or not sent yet.
        outcome_pending: i64 = 100_000_000_i64,
        /// Value of `outcome` when the provider has the person.
        outcome_published: i64 = 100_000_001_i64,
        /// Value of `outcome` when something about the row keeps the person out.
        outcome_failed: i64 = 100_000_003_i64,
        /// Value of `outcome` when something about the provider keeps the person out.
        outcome_provider_error: i64 = 100_000_004_i64,
        /// Choice, written: whether the provider has what the row says.
        synced: String = "msevtmgt_syncedwithprovider",
        /// Value of `synced` for yes.
        synced_yes: i64 = 100_000_002_i64,
        /// Value of `synced` for no.
        synced_no: i64 = 100_000_001_i64,
        /// Text, written: why the person is not there.
        words: String = "msevtmgt_registrationstatus",
        /// The most characters that `words` takes.
        words_length: u32 = 100_u32,
    }
}

section! {
    /// Contacts: `[dynamics.contacts]`.
    Contacts {
        /// Logical name of the table.
        table: String = "contact",
        /// Its entity set.
        set: String = "contacts",
        /// Its primary key.
        key: String = "contactid",
        /// Text: the given name.
        first_name: String = "firstname",
        /// Text: the family name.
        last_name: String = "lastname",
        /// Text: the e-mail address.
        email: String = "emailaddress1",
        /// Text: the position.
        job_title: String = "jobtitle",
        /// Where the company's name comes from.
        company: CompanySource = CompanySource::ParentAccount,
        /// Navigation to the account that a contact belongs to; its case matters.
        account_navigation: String = "parentcustomerid_account",
        /// Further fields for the provider: its name of the field, and the column with the value.
        fields: BTreeMap<String, String> = BTreeMap::new(),
    }
}

/// Where the name of a contact's company comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompanySource {
    /// The name of the account that the contact belongs to.
    ParentAccount,
    /// A text column of the contact.
    Column(String),
    /// Nowhere: the provider is not told a company, and accounts are not read at all.
    None,
}

section! {
    /// Accounts: `[dynamics.accounts]`.
    Accounts {
        /// Logical name of the table.
        table: String = "account",
        /// Its entity set.
        set: String = "accounts",
        /// Its primary key.
        key: String = "accountid",
        /// Text: the company's name.
        name: String = "name",
    }
}

section! {
    /// Check-ins: `[dynamics.check_ins]`. Everything here is written.
    CheckIns {
        /// Logical name of the table.
        table: String = "msevtmgt_checkin",
        /// Its entity set.
        set: String = "msevtmgt_checkins",
        /// Its primary key.
        key: String = "msevtmgt_checkinid",
        /// Text: what people see in lists.
        name: String = "msevtmgt_name",
        /// What stands there.
        name_text: String = "Webinar attendance",
        /// Choice: a check-in to an event or to a session.
        kind: String = "msevtmgt_checkintype",
        /// Value of `kind` for an event.
        kind_event: i64 = 100_000_001_i64,
        /// UTC: the first activity.
        first: String = "msevtmgt_checkintime",
        /// UTC: the last activity.
        last: String = "msevtmgt_checkouttime",
        /// Whole number: minutes watched, live and on demand.
        minutes: String = "msevtmgt_viewingdurationinmins",
        /// Whole number: interactions.
        interactions: String = "msevtmgt_numberofquestionsasked",
        /// Navigation to the contact; its case matters.
        contact_navigation: String = "msevtmgt_Contact",
        /// Navigation to the event; its case matters.
        event_navigation: String = "msevtmgt_Event",
        /// Navigation to the registration; its case matters.
        registration_navigation: String = "msevtmgt_RegistrationId",
    }
}

/// The column that every table has: rows are versioned across the whole organization.
pub(crate) const VERSION: &str = "versionnumber";
/// The column that every table has: 0 is active.
pub(crate) const STATE: &str = "statecode";

/// A name, unless it is switched off.
pub(crate) fn named(name: &str) -> Option<&str> {
    (!name.is_empty()).then_some(name)
}

/// The property under which a lookup is read.
pub(crate) fn lookup(column: &str) -> String {
    format!("_{column}_value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_changes_one_name_and_keeps_the_rest() {
        let written = r#"
            api_version = "v9.1"
            [events]
            format_webinar = [7]
            [registrations]
            words = ""
            fields = { std1 = "new_diet" }
            [contacts]
            company = { column = "new_company" }
            [time_zones]
            85 = "Europe/Dublin"
        "#;
        let settings: DynamicsSettings = toml::from_str(written).unwrap();
        assert_eq!(settings.api_version, "v9.1");
        assert_eq!(settings.events, Events { format_webinar: vec![7], ..Events::default() });
        assert_eq!(named(&settings.registrations.words), None);
        assert_eq!(settings.registrations.cancelled, "msevtmgt_iscanceled");
        assert_eq!(settings.contacts.company, CompanySource::Column("new_company".into()));
        assert_eq!(settings.accounts, Accounts::default());
    }

    #[test]
    fn a_company_comes_from_one_of_three_places() {
        for (written, expected) in [
            ("company = \"parent_account\"", CompanySource::ParentAccount),
            ("company = \"none\"", CompanySource::None),
            ("company = { column = \"x\" }", CompanySource::Column("x".into())),
        ] {
            assert_eq!(toml::from_str::<Contacts>(written).unwrap().company, expected, "{written}");
        }
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        for written in [
            "colour = 1",
            "[events]\nstrat = \"x\"",
            "[time_zones]\nsoon = \"UTC\"",
            "[time_zones]\n1 = \"Mars\"",
        ] {
            assert!(toml::from_str::<DynamicsSettings>(written).is_err(), "{written}");
        }
    }
}
