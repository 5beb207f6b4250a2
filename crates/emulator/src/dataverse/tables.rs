//! The tables of event management, with contacts and accounts. Some tables stand here with a name alone, as the
//! targets of lookups. The case of each navigation property is the platform's own, however irregular.

use super::choices;
use super::draft::Draft;
use super::schema::{Navigation, OnDelete, States, Table};
use super::value::Value;

/// The first option of most choices.
const FIRST: i64 = 100_000_000;

/// Every table of an organization.
pub(super) fn all() -> Vec<Table> {
    let mut tables = vec![
        event(),
        session(),
        event_registration(),
        session_registration(),
        check_in(),
        webinar_configuration(),
        webinar_provider(),
        webinar_type(),
        contact(),
        account(),
        lead(),
        named("msevtmgt_eventteammember", "msevtmgt_eventteammembers", "msevtmgt_eventteammemberid"),
        named("msevtmgt_venue", "msevtmgt_venues", "msevtmgt_venueid"),
        named("msevtmgt_attendeepass", "msevtmgt_attendeepasses", "msevtmgt_attendeepassid"),
        system_user(),
    ];
    tables.extend(super::webhook::tables());
    tables
}

/// Columns and lookups by which events and sessions know their webinar.
trait Webinar: Sized {
    fn webinar(self, url_length: usize) -> Self;
    fn owned(self) -> Self;
}

impl Webinar for Draft {
    fn webinar(self, url_length: usize) -> Self {
        self.text("msevtmgt_webinarid", 100)
            .url("msevtmgt_webinarurl", url_length)
            .url("msevtmgt_presentationmanagerurl", 1000)
            .text("msevtmgt_webinarstatus", 100)
            .memo("msevtmgt_webinarstatusreason", 5000)
            .text("msevtmgt_webinaroperation", 100)
            .flag("msevtmgt_webinarnotificationseen")
            .choice("msevtmgt_language", choices::LANGUAGES)
            .text("msevtmgt_attendeeurl", 1000)
            .flag("msevtmgt_streamingenabled")
            .choice("msevtmgt_streamingprovider", choices::STREAMING_PROVIDERS)
            .choice("msevtmgt_publishstatus", choices::PUBLISH_STATUSES)
            .default(Value::Number(FIRST))
            .whole("msevtmgt_registrationcount", 0)
            .computed()
            .whole("msevtmgt_checkincount", 0)
            .computed()
            .link("msevtmgt_WebinarConfigurationId", "msevtmgt_webinarconfigurationid", CONFIGURATION)
            .link("msevtmgt_WebinarType", "msevtmgt_webinartype", "msevtmgt_webinartype")
    }

    fn owned(self) -> Self {
        self.link("ownerid", "ownerid", "systemuser")
    }
}

const CONFIGURATION: &str = "msevtmgt_webinarconfiguration";
const PROVIDER: &str = "msevtmgt_webinarprovider";
const EVENT: &str = "msevtmgt_event";
const SESSION: &str = "msevtmgt_session";
const EVENT_REGISTRATION: &str = "msevtmgt_eventregistration";
const SESSION_REGISTRATION: &str = "msevtmgt_sessionregistration";

impl Draft {
    /// A lookup that is emptied when its target goes.
    fn link(self, name: &'static str, logical: &'static str, target: &'static str) -> Self {
        self.lookup(logical, name, target, OnDelete::RemoveLink)
    }

    /// What both kinds of registrations have in common.
    fn registration(self) -> Self {
        self.choice("msevtmgt_syncedwithprovider", choices::NO_OR_YES)
            .default(Value::Number(100_000_001))
            .text("msevtmgt_webinarregistrationid", 100)
            .choice("msevtmgt_publishingstate", choices::PUBLISHING_STATES)
            .default(Value::Number(FIRST))
            .text("msevtmgt_registrationstatus", 100)
            .text("msevtmgt_registrationoperation", 100)
            .flag("msevtmgt_iscanceled")
            .default(Value::Flag(false))
            .flag("msevtmgt_createdfromapi")
            .default(Value::Flag(false))
    }
}

fn event() -> Table {
    Draft::new(EVENT, "msevtmgt_events", "msevtmgt_eventid")
        .text("msevtmgt_name", 100)
        .name()
        .required()
        .zone_independent("msevtmgt_eventstartdate")
        .required()
        .zone_independent("msevtmgt_eventenddate")
        .whole("msevtmgt_eventtimezone", -1)
        .text("msevtmgt_eventtimezonename", 200)
        .user_local("msevtmgt_portalspecificeventstartdate")
        .user_local("msevtmgt_portalspecificeventenddate")
        .choice("msevtmgt_eventformat", choices::FORMATS)
        .choice("msevtmgt_eventtype", choices::EVENT_TYPES)
        .choice("msevtmgt_creationsource", choices::CREATION_SOURCES)
        .choice("msevtmgt_sourcesystem", choices::SOURCE_SYSTEMS)
        .text("msevtmgt_readableeventid", 300)
        .choice("msevtmgt_istemplate", choices::YES_OR_NO)
        .webinar(1000)
        .link("msevtmgt_producer", "msevtmgt_producer", "msevtmgt_eventteammember")
        .link("msevtmgt_PrimaryVenue", "msevtmgt_primaryvenue", "msevtmgt_venue")
        .owned()
        .done()
}

fn session() -> Table {
    Draft::new(SESSION, "msevtmgt_sessions", "msevtmgt_sessionid")
        .text("msevtmgt_name", 100)
        .name()
        .required()
        .choice("msevtmgt_sessionformat", choices::FORMATS)
        .zone_independent("msevtmgt_starttime")
        .required()
        .zone_independent("msevtmgt_endtime")
        .whole("msevtmgt_durationmins", 0)
        .computed()
        .text("msevtmgt_sessioncode", 100)
        .whole("msevtmgt_totalnumberofquestionsasked", 0)
        .computed()
        .webinar(100)
        .link("msevtmgt_Event", "msevtmgt_event", EVENT)
        .link("msevtmgt_Producer", "msevtmgt_producer", "msevtmgt_eventteammember")
        .link("msevtmgt_Venue", "msevtmgt_venue", "msevtmgt_venue")
        .owned()
        .done()
}

fn event_registration() -> Table {
    let of_event = Navigation::new("msevtmgt_EventId", EVENT, OnDelete::Cascade)
        .called("msevtmgt_Event_EventRegistration");
    Draft::new(EVENT_REGISTRATION, "msevtmgt_eventregistrations", "msevtmgt_eventregistrationid")
        .text("msevtmgt_name", 100)
        .name()
        .required()
        .lookup("msevtmgt_contactid", "msevtmgt_ContactId", "contact", OnDelete::Restrict)
        .required()
        .lookup_as("msevtmgt_eventid", "msevtmgt_EventId", vec![of_event])
        .required()
        .link("msevtmgt_registeredby", "msevtmgt_registeredby", "contact")
        .registration()
        .choice("msevtmgt_internalregistrationstatus", choices::REGISTRATION_STATUSES)
        .flag("msevtmgt_registrationnotificationseen")
        .choice("msevtmgt_primaryrole", choices::ROLES)
        .choice("msevtmgt_companysize", choices::COMPANY_SIZES)
        .memo("msevtmgt_memo", 2000)
        .text("msevtmgt_correlationid", 100)
        .text("msevtmgt_eventregistrationticketid", 36)
        .memo("msevtmgt_qrcode", 50_000)
        .zone_independent("msevtmgt_originaltimestamp")
        .text("msdynmkt_linkedregistrationid", 100)
        .whole("msevtmgt_timescheckedin", 0)
        .owned()
        .done()
}

fn session_registration() -> Table {
    let contact = Navigation::new("msevtmgt_contactid", "contact", OnDelete::Restrict);
    Draft::new(SESSION_REGISTRATION, "msevtmgt_sessionregistrations", "msevtmgt_sessionregistrationid")
        .text("msevtmgt_name", 100)
        .name()
        .registration()
        .lookup_as("msevtmgt_contactid", "msevtmgt_ContactId", vec![contact])
        .link("msevtmgt_Event", "msevtmgt_event", EVENT)
        .lookup("msevtmgt_registrationid", "msevtmgt_RegistrationID", EVENT_REGISTRATION, OnDelete::Cascade)
        .lookup("msevtmgt_sessionid", "msevtmgt_SessionId", SESSION, OnDelete::Cascade)
        .owned()
        .done()
}

fn check_in() -> Table {
    Draft::new("msevtmgt_checkin", "msevtmgt_checkins", "msevtmgt_checkinid")
        .text("msevtmgt_name", 100)
        .name()
        .choice("msevtmgt_checkintype", choices::CHECK_IN_TYPES)
        .user_local("msevtmgt_checkintime")
        .user_local("msevtmgt_checkouttime")
        .whole("msevtmgt_viewingdurationinmins", 0)
        .whole("msevtmgt_numberofquestionsasked", 0)
        .decimal("msdynmkt_attendancepercentage", 0.0, 100.0)
        .text("msevtmgt_registrationidfromqr", 100)
        .text("msevtmgt_sessioncode", 100)
        .link("msevtmgt_Contact", "msevtmgt_contact", "contact")
        .link("msevtmgt_Event", "msevtmgt_event", EVENT)
        .link("msevtmgt_RegistrationId", "msevtmgt_registrationid", EVENT_REGISTRATION)
        .link("msevtmgt_SessionAttended", "msevtmgt_sessionattended", SESSION)
        .link("msevtmgt_SessionRegistration", "msevtmgt_sessionregistration", SESSION_REGISTRATION)
        .link("msevtmgt_PurchasedPassesId", "msevtmgt_purchasedpassesid", "msevtmgt_attendeepass")
        .owned()
        .done()
}

fn webinar_configuration() -> Table {
    Draft::new(CONFIGURATION, "msevtmgt_webinarconfigurations", "msevtmgt_webinarconfigurationid")
        .text("msevtmgt_name", 100)
        .name()
        .required()
        .link("msevtmgt_WebinarProviderId", "msevtmgt_webinarproviderid", PROVIDER)
        .text("msevtmgt_clientid", 100)
        .text("msevtmgt_accesstoken", 100)
        .text("msevtmgt_accesstokenkey", 100)
        .text("msevtmgt_accesstokensecret", 130)
        .text("msevtmgt_appurl", 100)
        .choice("msevtmgt_updatecredentials", choices::YES_OR_NO)
        .default(Value::Number(100_000_001))
        .choice("msevtmgt_authorized", choices::AUTHORIZED)
        .default(Value::Number(100_000_001))
        .choice("msevtmgt_providerservicestatus", choices::SERVICE_STATUSES)
        .text("msevtmgt_message", 1000)
        .user_local("msevtmgt_lastupdatedatetime")
        .organization_owned()
        .done()
}

fn webinar_provider() -> Table {
    Draft::new(PROVIDER, "msevtmgt_webinarproviders", "msevtmgt_webinarproviderid")
        .text("msevtmgt_name", 100)
        .name()
        .required()
        .url("msevtmgt_base_service_url", 200)
        .required()
        .text("msevtmgt_clientid", 100)
        .text("msevtmgt_clientsecret", 500)
        .flag("msevtmgt_isdefaultprovider")
        .whole("msevtmgt_maxdurationinminutes", 0)
        .url("msevtmgt_termsofservice", 1000)
        .url("msevtmgt_privacypolicy", 1000)
        .flag("msevtmgt_updatecredentials")
        .organization_owned()
        .done()
}

fn webinar_type() -> Table {
    Draft::new("msevtmgt_webinartype", "msevtmgt_webinartypes", "msevtmgt_webinartypeid")
        .text("msevtmgt_name", 100)
        .name()
        .required()
        .text("msevtmgt_value", 100)
        .link("msevtmgt_WebinarProviderId", "msevtmgt_webinarproviderid", PROVIDER)
        .organization_owned()
        .done()
}

fn contact() -> Table {
    let parents = vec![
        Navigation::new("parentcustomerid_account", "account", OnDelete::Cascade)
            .called("contact_customer_accounts"),
        Navigation::new("parentcustomerid_contact", "contact", OnDelete::Cascade)
            .called("contact_customer_contacts"),
    ];
    Draft::new("contact", "contacts", "contactid")
        .text("fullname", 160)
        .name()
        .computed()
        .text("firstname", 50)
        .text("lastname", 50)
        .required()
        .text("emailaddress1", 100)
        .text("emailaddress2", 100)
        .text("emailaddress3", 100)
        .text("jobtitle", 100)
        // A telephone number, whatever its name suggests.
        .text("company", 50)
        .text("telephone1", 50)
        .text("mobilephone", 50)
        .text("address1_city", 80)
        .text("address1_country", 80)
        .flag("donotbulkemail")
        .default(Value::Flag(false))
        .flag("donotemail")
        .default(Value::Flag(false))
        .lookup_as("parentcustomerid", "ParentCustomerId", parents)
        .owned()
        .done()
}

fn account() -> Table {
    let contact = Navigation::new("primarycontactid", "contact", OnDelete::RemoveLink)
        .called("account_primary_contact");
    Draft::new("account", "accounts", "accountid")
        .text("name", 160)
        .name()
        .required()
        .text("accountnumber", 20)
        .text("emailaddress1", 100)
        .text("telephone1", 50)
        .url("websiteurl", 200)
        .lookup_as("primarycontactid", "primarycontactid", vec![contact])
        .owned()
        .done()
}

const LEAD_STATES: &States = &States {
    values: &[(0, "Open"), (1, "Qualified"), (2, "Disqualified")],
    reasons: &[
        (1, "New"),
        (2, "Contacted"),
        (3, "Qualified"),
        (4, "Lost"),
        (5, "Cannot Contact"),
        (6, "No Longer Interested"),
        (7, "Canceled"),
    ],
    pairs: &[(0, 1), (0, 2), (1, 3), (2, 4), (2, 5), (2, 6), (2, 7)],
};

fn lead() -> Table {
    let account =
        Navigation::new("parentaccountid", "account", OnDelete::RemoveLink).called("lead_parent_account");
    let contact =
        Navigation::new("parentcontactid", "contact", OnDelete::RemoveLink).called("lead_parent_contact");
    Draft::with_states("lead", "leads", "leadid", LEAD_STATES)
        .text("fullname", 160)
        .name()
        .computed()
        .text("firstname", 50)
        .text("lastname", 50)
        .required()
        .text("companyname", 100)
        .text("emailaddress1", 100)
        .text("jobtitle", 100)
        .text("telephone1", 50)
        .lookup_as("parentaccountid", "ParentAccountId", vec![account])
        .lookup_as("parentcontactid", "ParentContactId", vec![contact])
        .owned()
        .done()
}

fn system_user() -> Table {
    Draft::new("systemuser", "systemusers", "systemuserid")
        .text("fullname", 200)
        .name()
        .organization_owned()
        .done()
}

fn named(logical: &'static str, set: &'static str, key: &'static str) -> Table {
    Draft::new(logical, set, key).text("msevtmgt_name", 100).name().owned().done()
}

#[cfg(test)]
mod tests {
    use super::super::schema::Schema;

    #[test]
    fn every_lookup_leads_to_a_table_and_no_name_is_given_twice() {
        let schema = Schema::standard();
        for table in &schema.tables {
            for (_, navigation) in table.navigations() {
                assert!(schema.by_logical(navigation.target).is_some(), "{}", navigation.name);
            }
            for (place, column) in table.columns.iter().enumerate() {
                assert_eq!(
                    table.property(&column.property),
                    Some(place),
                    "{}.{}",
                    table.logical,
                    column.logical
                );
                assert_eq!(table.column(column.logical), Some(place));
            }
        }
    }

    #[test]
    fn navigation_names_keep_their_irregular_case() {
        let schema = Schema::standard();
        let holds = |set: &str, name: &str| {
            schema.by_set(set).is_some_and(|id| schema.table(id).navigation(name).is_some())
        };
        assert!(holds("msevtmgt_eventregistrations", "msevtmgt_ContactId"));
        assert!(!holds("msevtmgt_eventregistrations", "msevtmgt_contactid"));
        assert!(holds("msevtmgt_sessionregistrations", "msevtmgt_contactid"));
        assert!(!holds("msevtmgt_sessionregistrations", "msevtmgt_ContactId"));
        assert!(holds("msevtmgt_sessionregistrations", "msevtmgt_RegistrationID"));
        assert!(holds("msevtmgt_checkins", "msevtmgt_RegistrationId"));
        assert!(holds("msevtmgt_checkins", "msevtmgt_Contact"));
        assert!(
            holds("msevtmgt_events", "msevtmgt_producer") && holds("msevtmgt_sessions", "msevtmgt_Producer")
        );
    }
}
