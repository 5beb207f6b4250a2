//! Rows by id: what is asked, what becomes of each column, and what strange answers mean.

use std::collections::BTreeMap;

use crate::support::{House, error, organization};
use serde_json::{Value, json};
use uuid::Uuid;
use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Missing};
use webinar_bridge_domain::id::{CrmRecordId, ProviderEventId, Version};
use webinar_bridge_domain::person::{Address, Details};
use webinar_bridge_domain::port::{CrmFeed as _, CrmRegistration, CrmWebinar, Reading, RowsQuery};
use webinar_bridge_dynamics::DynamicsSettings;
use webinar_bridge_dynamics::config::{CompanySource, Contacts, Events, Registrations};
use wiremock::ResponseTemplate;

fn id(n: u128) -> CrmRecordId {
    Uuid::from_u128(n).into()
}

fn query(ids: impl IntoIterator<Item = u128>) -> RowsQuery {
    RowsQuery { organization: organization(), ids: ids.into_iter().map(id).collect() }
}

fn rows(rows: &[Value]) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"value": rows}))
}

/// Registration 1 of contact 2 at event 3, who works for account 4.
fn registration() -> Value {
    json!({
        "@odata.etag": "W/\"10\"",
        "msevtmgt_eventregistrationid": Uuid::from_u128(1),
        "_msevtmgt_eventid_value": Uuid::from_u128(3),
        "_msevtmgt_contactid_value": Uuid::from_u128(2),
        "msevtmgt_iscanceled": false,
        "statecode": 0,
        "versionnumber": 10,
        "msevtmgt_ContactId": {
            "contactid": Uuid::from_u128(2),
            "firstname": "Zoë",
            "lastname": "Ångström",
            "emailaddress1": " Zoe@Example.com",
            "jobtitle": null,
            "versionnumber": 12,
            "parentcustomerid_account": {"accountid": Uuid::from_u128(4), "name": "Engines", "versionnumber": 11},
        },
    })
}

impl House {
    async fn registration(&self, row: Value) -> Result<Option<Reading<CrmRegistration>>, Fault> {
        self.answer_once(rows(&[row])).await;
        self.dynamics.registrations(&query([1])).await.map(|mut readings| readings.pop())
    }

    async fn webinar(&self, row: Value) -> Result<CrmWebinar, Fault> {
        self.answer_once(rows(&[row])).await;
        self.dynamics.webinars(&query([3])).await.map(|mut readings| readings.pop().unwrap().row)
    }
}

fn with(mut row: Value, pointer: &str, value: Value) -> Value {
    *row.pointer_mut(pointer).unwrap() = value;
    row
}

fn without(mut row: Value, name: &str) -> Value {
    row.as_object_mut().unwrap().remove(name);
    row
}

#[tokio::test]
async fn a_registration_is_read_with_its_person() {
    let house = House::new().await;
    let reading = house.registration(registration()).await.unwrap().unwrap();
    let details = Details {
        address: Address::new(" Zoe@Example.com"),
        first_name: "Zoë".into(),
        last_name: "Ångström".into(),
        company: "Engines".into(),
        job_title: String::new(),
        more: BTreeMap::new(),
    };
    let row = CrmRegistration {
        event: Uuid::from_u128(3).into(),
        contact: id(2),
        company: Some(id(4)),
        cancelled: false,
        details,
    };
    assert!(reading == Reading { id: id(1), version: Version(12), row });
    insta::assert_snapshot!(house.transcript().await);
}

#[tokio::test]
async fn the_newest_row_makes_the_version() {
    let house = House::new().await;
    for (pointer, version) in
        [("/versionnumber", 99), ("/msevtmgt_ContactId/parentcustomerid_account/versionnumber", 98)]
    {
        let reading =
            house.registration(with(registration(), pointer, json!(version))).await.unwrap().unwrap();
        assert_eq!(reading.version, Version(version));
    }
    let by_etag = without(registration(), "versionnumber");
    let by_etag = with(by_etag, "/@odata.etag", json!("W/\"77\""));
    assert_eq!(house.registration(by_etag).await.unwrap().unwrap().version, Version(77));
}

#[tokio::test]
async fn a_cancel_is_a_flag_or_an_inactive_row() {
    let house = House::new().await;
    let cancelled = with(registration(), "/msevtmgt_iscanceled", json!(true));
    assert!(house.registration(cancelled).await.unwrap().unwrap().row.cancelled);
    let inactive = with(registration(), "/statecode", json!(1));
    assert!(house.registration(inactive.clone()).await.unwrap().unwrap().row.cancelled);

    let registrations = Registrations { inactive_is_cancelled: false, ..Registrations::default() };
    let other = House::with(DynamicsSettings { registrations, ..DynamicsSettings::default() }).await;
    assert!(!other.registration(inactive).await.unwrap().unwrap().row.cancelled);
}

#[tokio::test]
async fn a_contact_without_a_company_is_a_person_all_the_same() {
    let house = House::new().await;
    let alone = with(registration(), "/msevtmgt_ContactId/parentcustomerid_account", Value::Null);
    let reading = house.registration(alone).await.unwrap().unwrap();
    assert_eq!((reading.row.company, reading.row.details.company.as_str()), (None, ""));
    assert_eq!(reading.version, Version(12));
}

#[tokio::test]
async fn other_columns_are_read_where_the_settings_say_so() {
    let settings = DynamicsSettings {
        contacts: Contacts {
            company: CompanySource::Column("new_company".into()),
            fields: BTreeMap::from([("std1".into(), "new_diet".into()), ("std2".into(), "jobtitle".into())]),
            ..Contacts::default()
        },
        registrations: Registrations {
            fields: BTreeMap::from([("std3".into(), "msevtmgt_primaryrole".into())]),
            ..Registrations::default()
        },
        ..DynamicsSettings::default()
    };
    let house = House::with(settings).await;
    let mut row = registration();
    row["msevtmgt_primaryrole"] = json!(100_000_001);
    row["msevtmgt_ContactId"]["new_company"] = json!("Looms");
    row["msevtmgt_ContactId"]["new_diet"] = json!("none");
    let reading = house.registration(row).await.unwrap().unwrap();
    assert_eq!((reading.row.company, reading.row.details.company.as_str()), (None, "Looms"));
    let more = [("std1", "none"), ("std3", "100000001")].map(|(field, text)| (field.into(), text.into()));
    assert!(reading.row.details.more == BTreeMap::from(more), "empty fields are left out");
    insta::assert_snapshot!(house.transcript().await);
}

#[tokio::test]
async fn what_is_not_there_is_absent_what_names_nobody_is_there_and_what_is_hidden_is_a_fault() {
    let house = House::new().await;
    house.answer_once(rows(&[])).await;
    assert!(house.dynamics.registrations(&query([1])).await.unwrap().is_empty());

    for lookup in ["/_msevtmgt_eventid_value", "/_msevtmgt_contactid_value"] {
        let mut nobody = with(registration(), lookup, Value::Null);
        if lookup.contains("contact") {
            nobody["msevtmgt_ContactId"] = Value::Null;
        }
        let reading = house.registration(nobody).await.unwrap().unwrap();
        assert!(reading.row.details.address.canonical().is_none(), "{lookup}");
        assert!(!reading.row.cancelled, "{lookup}: somebody may fill it again");
    }
    let hidden = with(registration(), "/msevtmgt_ContactId", Value::Null);
    let fault = house.registration(hidden).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Invalid { field: Code::new("dataverse.contact_hidden") });
}

#[tokio::test]
async fn a_row_that_is_not_whole_is_a_fault() {
    let house = House::new().await;
    let table = [
        without(registration(), "msevtmgt_ContactId"),
        without(registration(), "msevtmgt_eventregistrationid"),
        without(without(registration(), "versionnumber"), "@odata.etag"),
        with(registration(), "/msevtmgt_ContactId", json!([])),
        with(registration(), "/msevtmgt_ContactId/versionnumber", Value::Null),
        with(registration(), "/msevtmgt_ContactId/contactid", Value::Null),
        with(registration(), "/_msevtmgt_eventid_value", json!("nonsense")),
        with(registration(), "/msevtmgt_ContactId/parentcustomerid_account/accountid", json!(7)),
    ];
    for row in table {
        let fault = house.registration(row.clone()).await.unwrap_err();
        assert_eq!(
            (fault.kind, fault.code),
            (FaultKind::Transient, Code::new("dataverse.malformed")),
            "{row}"
        );
    }
}

#[tokio::test]
async fn many_rows_are_read_some_at_a_time_and_each_once() {
    let house = House::new().await;
    // Row 1 answers each request: what was not asked for, or is there already, is passed over.
    house.answer(rows(&[registration()])).await;
    let readings = house.dynamics.registrations(&query(1..=120)).await.unwrap();
    assert_eq!(readings.len(), 1);
    let requests = house.requests().await;
    let asked: Vec<usize> = requests
        .iter()
        .map(|request| request.url.query().unwrap().matches("00000000-0000").count())
        .collect();
    assert_eq!(asked, [50, 50, 20]);
    assert!(house.dynamics.registrations(&query([])).await.unwrap().is_empty());
    assert_eq!(house.requests().await.len(), 3, "nothing to ask, no call");
}

#[tokio::test]
async fn smaller_pages_are_followed_to_their_end() {
    let house = House::new().await;
    let next = house.link("msevtmgt_eventregistrations?$skiptoken=2");
    let first = json!({"value": [], "@odata.nextLink": next});
    house.answer(rows(&[registration()])).await;
    house.answer_once(ResponseTemplate::new(200).set_body_json(first.clone())).await;
    assert_eq!(house.dynamics.registrations(&query([1])).await.unwrap().len(), 1);

    let looping = House::new().await;
    let next = looping.link("msevtmgt_eventregistrations?$skiptoken=2");
    looping
        .answer(ResponseTemplate::new(200).set_body_json(json!({"value": [], "@odata.nextLink": next})))
        .await;
    let fault = looping.dynamics.registrations(&query([1])).await.unwrap_err();
    assert_eq!(fault.code, Code::new("dataverse.loop"));

    let led_away = House::new().await;
    let away = json!({"value": [], "@odata.nextLink": "https://evil.example/api/data/v9.2/x"});
    led_away.answer(ResponseTemplate::new(200).set_body_json(away)).await;
    let fault = led_away.dynamics.registrations(&query([1])).await.unwrap_err();
    assert_eq!(fault.code, Code::new("dataverse.foreign_link"));
}

/// Event 3: a webinar of ours, an hour in London's summer.
fn event() -> Value {
    json!({
        "msevtmgt_eventid": Uuid::from_u128(3),
        "msevtmgt_name": "Looms and numbers",
        "msevtmgt_eventstartdate": "2026-07-15T09:00:00Z",
        "msevtmgt_eventenddate": "2026-07-15T10:00:00Z",
        "msevtmgt_eventtimezone": 85,
        "msevtmgt_portalspecificeventstartdate": null,
        "msevtmgt_portalspecificeventenddate": null,
        "msevtmgt_eventformat": 100_000_002,
        "_msevtmgt_webinarconfigurationid_value": Uuid::from_u128(8),
        "msevtmgt_istemplate": null,
        "msevtmgt_publishstatus": 100_000_003,
        "msevtmgt_webinarid": "4711",
        "statecode": 0,
        "versionnumber": 21,
    })
}

#[tokio::test]
async fn a_webinar_is_read_in_utc() {
    let house = House::new().await;
    house.answer_once(rows(&[event()])).await;
    let readings = house.dynamics.webinars(&query([3])).await.unwrap();
    let row = CrmWebinar {
        title: "Looms and numbers".into(),
        starts: "2026-07-15T08:00:00Z".parse().unwrap(),
        ends: "2026-07-15T09:00:00Z".parse().unwrap(),
        ours: true,
        cancelled: false,
        event: Some(ProviderEventId::new("4711")),
    };
    assert_eq!(readings, [Reading { id: id(3), version: Version(21), row }]);
    insta::assert_snapshot!(house.transcript().await);
}

#[tokio::test]
async fn format_configuration_and_template_say_whose_it_is() {
    let house = House::new().await;
    for (pointer, value, ours) in [
        ("/msevtmgt_eventformat", json!(100_000_003), true),
        ("/msevtmgt_eventformat", json!(100_000_001), false),
        ("/msevtmgt_eventformat", Value::Null, false),
        ("/_msevtmgt_webinarconfigurationid_value", Value::Null, false),
        ("/msevtmgt_istemplate", json!(100_000_001), false),
        ("/msevtmgt_istemplate", json!(100_000_002), true),
        ("/msevtmgt_eventstartdate", Value::Null, false),
    ] {
        let row = house.webinar(with(event(), pointer, value.clone())).await.unwrap();
        assert_eq!(row.ours, ours, "{pointer} {value}");
    }
    let events = Events { configuration: String::new(), template: String::new(), ..Events::default() };
    let format_alone = House::with(DynamicsSettings { events, ..DynamicsSettings::default() }).await;
    assert!(
        format_alone.webinar(without(event(), "_msevtmgt_webinarconfigurationid_value")).await.unwrap().ours
    );
    let transcript = format_alone.transcript().await;
    assert!(!transcript.contains("configuration") && !transcript.contains("template"), "{transcript}");
}

#[tokio::test]
async fn a_webinar_is_called_off_by_its_status_or_its_state() {
    let house = House::new().await;
    for (pointer, value, cancelled) in [
        ("/msevtmgt_publishstatus", json!(100_000_004), true),
        ("/msevtmgt_publishstatus", json!(100_000_002), false),
        ("/msevtmgt_publishstatus", Value::Null, false),
        ("/statecode", json!(1), true),
    ] {
        let row = house.webinar(with(event(), pointer, value.clone())).await.unwrap();
        assert_eq!(row.cancelled, cancelled, "{pointer} {value}");
    }
}

#[tokio::test]
async fn a_blank_event_id_binds_to_nothing() {
    let house = House::new().await;
    for (value, event_id) in
        [(json!(""), None), (json!("  "), None), (Value::Null, None), (json!(" 47 "), Some("47"))]
    {
        let row = house.webinar(with(event(), "/msevtmgt_webinarid", value.clone())).await.unwrap();
        assert_eq!(row.event, event_id.map(ProviderEventId::new), "{value}");
    }
}

#[tokio::test]
async fn an_unknown_zone_is_a_fault_only_where_it_matters() {
    let house = House::new().await;
    let unknown = with(event(), "/msevtmgt_eventtimezone", json!(9999));
    let fault = house.webinar(unknown.clone()).await.unwrap_err();
    assert_eq!(fault.code, Code::new("dataverse.time_zone.9999"));
    assert_eq!(fault.kind, FaultKind::Invalid { field: Code::new("dataverse.time_zone.9999") });
    let copies =
        with(unknown.clone(), "/msevtmgt_portalspecificeventstartdate", json!("2026-07-15T16:00:00Z"));
    assert_eq!(house.webinar(copies).await.unwrap().starts, "2026-07-15T16:00:00Z".parse().unwrap());
    let foreign = with(unknown, "/msevtmgt_eventformat", json!(100_000_001));
    assert!(
        !house.webinar(foreign).await.unwrap().ours,
        "somebody else's event keeps nobody from reading ours"
    );
}

#[tokio::test]
async fn refusals_are_faults() {
    let house = House::new().await;
    for (answer, kind) in [
        (error(400, "0x80060888"), FaultKind::Gone { what: Missing::Table }),
        (error(404, "0x8006088a"), FaultKind::Gone { what: Missing::Table }),
        (error(403, "0x80040220"), FaultKind::Denied { why: Some(Code::new("dataverse.privilege")) }),
        (error(403, "0x80072560"), FaultKind::Denied { why: Some(Code::new("dataverse.not_a_member")) }),
        (error(500, "-2147204784"), FaultKind::Transient),
        (ResponseTemplate::new(502).set_body_string("<html></html>"), FaultKind::Transient),
    ] {
        house.answer_once(answer).await;
        let fault = house.dynamics.registrations(&query([1])).await.unwrap_err();
        assert_eq!(fault.kind, kind);
        assert!(!format!("{fault} {fault:?}").contains("ada@example.com"));
    }
}
