//! The look at the schema: what is asked, and what is found missing.

use crate::support::{House, error, organization};
use serde_json::{Value, json};
use webinar_bridge_domain::fault::{Code, FaultKind};
use webinar_bridge_domain::port::CrmFeed as _;
use webinar_bridge_dynamics::DynamicsSettings;
use webinar_bridge_dynamics::config::{CompanySource, Contacts};
use wiremock::matchers::{path, path_regex};
use wiremock::{Mock, ResponseTemplate};

/// A table with all of these columns and navigations.
struct Table {
    name: &'static str,
    set: &'static str,
    key: &'static str,
    columns: &'static str,
    navigations: &'static str,
    tracked: bool,
}

const TABLES: [Table; 5] = [
    Table {
        name: "msevtmgt_event",
        set: "msevtmgt_events",
        key: "msevtmgt_eventid",
        columns: "msevtmgt_name msevtmgt_eventstartdate msevtmgt_eventenddate msevtmgt_eventtimezone \
                  msevtmgt_portalspecificeventstartdate msevtmgt_portalspecificeventenddate msevtmgt_eventformat \
                  msevtmgt_webinarconfigurationid msevtmgt_istemplate msevtmgt_publishstatus msevtmgt_webinarid",
        navigations: "",
        tracked: true,
    },
    Table {
        name: "msevtmgt_eventregistration",
        set: "msevtmgt_eventregistrations",
        key: "msevtmgt_eventregistrationid",
        columns: "msevtmgt_eventid msevtmgt_contactid msevtmgt_iscanceled msevtmgt_webinarregistrationid \
                  msevtmgt_publishingstate msevtmgt_syncedwithprovider msevtmgt_registrationstatus",
        navigations: "msevtmgt_ContactId msevtmgt_EventId",
        tracked: true,
    },
    Table {
        name: "contact",
        set: "contacts",
        key: "contactid",
        columns: "firstname lastname emailaddress1 jobtitle",
        navigations: "parentcustomerid_account parentcustomerid_contact",
        tracked: true,
    },
    Table {
        name: "account",
        set: "accounts",
        key: "accountid",
        columns: "name",
        navigations: "",
        tracked: true,
    },
    Table {
        name: "msevtmgt_checkin",
        set: "msevtmgt_checkins",
        key: "msevtmgt_checkinid",
        columns: "msevtmgt_name msevtmgt_checkintype msevtmgt_checkintime msevtmgt_checkouttime \
                  msevtmgt_viewingdurationinmins msevtmgt_numberofquestionsasked",
        navigations: "msevtmgt_Contact msevtmgt_Event msevtmgt_RegistrationId",
        tracked: false,
    },
];

impl Table {
    fn definition(&self) -> Value {
        let names =
            [self.key, "statecode", "versionnumber"].into_iter().chain(self.columns.split_whitespace());
        let attributes: Vec<Value> = names.map(|name| json!({"LogicalName": name})).collect();
        json!({
            "LogicalName": self.name,
            "EntitySetName": self.set,
            "PrimaryIdAttribute": self.key,
            "ChangeTrackingEnabled": self.tracked,
            "Attributes": attributes,
        })
    }

    fn relations(&self) -> Value {
        let relation = |name| json!({"ReferencingEntityNavigationPropertyName": name});
        json!({"value": self.navigations.split_whitespace().map(relation).collect::<Vec<_>>()})
    }
}

impl House {
    /// All tables, each first passed through `change`.
    async fn tables(&self, change: impl Fn(&str, Value) -> Value) {
        for table in &TABLES {
            let definition = format!("/api/data/v9.2/EntityDefinitions(LogicalName='{}')", table.name);
            for (resource, body) in [
                (definition.clone(), change(table.name, table.definition())),
                (definition + "/ManyToOneRelationships", change(table.name, table.relations())),
            ] {
                let answer = ResponseTemplate::new(200).set_body_json(body);
                Mock::given(path(resource)).respond_with(answer).mount(&self.server).await;
            }
        }
    }

    async fn mismatches(&self) -> Vec<(String, String)> {
        let report = self.dynamics.inspect(&organization()).await.unwrap();
        report.mismatches.into_iter().map(|mismatch| (mismatch.name, mismatch.setting)).collect()
    }
}

fn mismatch(name: &str, setting: &str) -> (String, String) {
    (name.to_owned(), setting.to_owned())
}

/// The metadata with a name spelt otherwise.
fn respelt(value: &Value, from: &str, to: &str) -> Value {
    serde_json::from_str(&value.to_string().replace(&format!("\"{from}\""), &format!("\"{to}\""))).unwrap()
}

#[tokio::test]
async fn the_standard_schema_has_every_name() {
    let house = House::new().await;
    house.tables(|_, value| value).await;
    assert_eq!(house.mismatches().await, []);
    insta::assert_snapshot!(house.transcript().await);
}

#[tokio::test]
async fn every_name_that_is_missing_is_told_with_its_setting() {
    let table = [
        ("msevtmgt_iscanceled", "msevtmgt_IsCanceled", "dynamics.registrations.cancelled"),
        ("msevtmgt_ContactId", "msevtmgt_contactid2", "dynamics.registrations.contact_navigation"),
        ("msevtmgt_eventtimezone", "x", "dynamics.events.time_zone"),
        ("msevtmgt_webinarconfigurationid", "x", "dynamics.events.configuration"),
        ("emailaddress1", "x", "dynamics.contacts.email"),
        ("parentcustomerid_account", "ParentCustomerId_account", "dynamics.contacts.account_navigation"),
        ("msevtmgt_viewingdurationinmins", "x", "dynamics.check_ins.minutes"),
        ("msevtmgt_RegistrationId", "msevtmgt_RegistrationID", "dynamics.check_ins.registration_navigation"),
        ("contacts", "people", "dynamics.contacts.set"),
    ];
    for (name, other, setting) in table {
        let house = House::new().await;
        house.tables(|_, value| respelt(&value, name, other)).await;
        assert_eq!(house.mismatches().await, [mismatch(name, setting)]);
    }
}

#[tokio::test]
async fn a_table_that_is_missing_or_not_tracked_is_told() {
    let house = House::new().await;
    house
        .tables(|name, value| {
            let mut value = value;
            if ["contact", "account"].contains(&name) && value.get("ChangeTrackingEnabled").is_some() {
                value["ChangeTrackingEnabled"] =
                    json!(if name == "contact" { json!(false) } else { Value::Null });
            }
            value
        })
        .await;
    let gone = Mock::given(path_regex("msevtmgt_checkin")).respond_with(error(404, "0x80060888"));
    gone.with_priority(1).mount(&house.server).await;
    let expected = [
        mismatch("contact", "dynamics.contacts.change_tracking"),
        mismatch("account", "dynamics.accounts.change_tracking"),
        mismatch("msevtmgt_checkin", "dynamics.check_ins.table"),
    ];
    assert_eq!(house.mismatches().await, expected);
}

#[tokio::test]
async fn names_that_are_switched_off_or_added_are_looked_for_as_set() {
    let contacts = Contacts {
        company: CompanySource::Column("new_company".into()),
        job_title: String::new(),
        fields: [("std1".to_owned(), "new_diet".to_owned())].into(),
        ..Contacts::default()
    };
    let house = House::with(DynamicsSettings { contacts, ..DynamicsSettings::default() }).await;
    house.tables(|_, value| respelt(&value, "jobtitle", "x")).await;
    let expected = [
        mismatch("new_diet", "dynamics.contacts.fields.std1"),
        mismatch("new_company", "dynamics.contacts.company.column"),
    ];
    assert_eq!(house.mismatches().await, expected);
    assert!(!house.transcript().await.contains("'account'"), "accounts are of no interest");
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_a_fault() {
    let house = House::new().await;
    for (answer, kind) in [
        (error(403, "0x80040220"), FaultKind::Denied { why: Some(Code::new("dataverse.privilege")) }),
        (ResponseTemplate::new(200).set_body_string("{}"), FaultKind::Transient),
        (ResponseTemplate::new(500), FaultKind::Transient),
    ] {
        house.answer_once(answer).await;
        assert_eq!(house.dynamics.inspect(&organization()).await.unwrap_err().kind, kind);
    }
}
