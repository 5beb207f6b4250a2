//! Pages of changes: what is asked, which links are followed, and what strange answers mean.

use crate::support::{House, ROOT, error, organization};
use serde_json::{Value, json};
use uuid::Uuid;
use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Missing};
use webinar_bridge_domain::port::{CrmFeed as _, CrmTable, Cursor, FeedPage, FeedPosition, FeedRow};
use webinar_bridge_domain::time::SignedDuration;
use webinar_bridge_dynamics::DynamicsSettings;
use webinar_bridge_dynamics::config::{CompanySource, Contacts};
use wiremock::ResponseTemplate;

const ADA: u128 = 0x0f8f_ad5b_d9cb_469f_a165_7086_7728_950e;

impl House {
    async fn changes(&self, cursor: Option<&str>) -> Result<FeedPage, Fault> {
        self.changes_of(CrmTable::Contacts, cursor).await
    }

    async fn changes_of(&self, table: CrmTable, cursor: Option<&str>) -> Result<FeedPage, Fault> {
        let cursor = cursor.map(Cursor::new);
        self.dynamics.changes(&FeedPosition { organization: organization(), table, cursor }).await
    }
}

fn page(rows: &Value, next: Option<&str>, delta: Option<&str>) -> ResponseTemplate {
    let mut body = json!({"@odata.context": "https://o.example/$metadata#contacts", "value": rows});
    for (name, link) in [("@odata.nextLink", next), ("@odata.deltaLink", delta)] {
        if let Some(link) = link {
            body[name] = link.into();
        }
    }
    ResponseTemplate::new(200).set_body_json(body)
}

fn row(id: u128, deleted: bool) -> FeedRow {
    FeedRow { id: Uuid::from_u128(id).into(), deleted }
}

#[tokio::test]
async fn a_feed_is_followed_by_the_links_it_gives() {
    let house = House::new().await;
    let next = house.link("contacts?$select=contactid&$skiptoken=%3Ccookie%20pagenumber=%222%22%20/%3E");
    let delta = house.link("contacts?%24select=contactid&$deltatoken=919042%2108%2f22%2f2017");
    let id = Uuid::from_u128(ADA).to_string();
    let deleted = json!({
        "@odata.context": "https://o.example/api/data/v9.2/$metadata#contacts/$deletedEntity",
        "id": Uuid::from_u128(7).to_string(),
        "reason": "deleted",
    });
    house.answer(page(&json!([]), None, Some(&delta))).await;
    house.answer_once(page(&json!([]), Some(&next), None)).await;
    let first = house.changes(None).await.unwrap();
    assert_eq!(
        first,
        FeedPage { rows: vec![], next: Cursor::new(&*next), more: true },
        "an empty page may have a next"
    );

    let rows = json!([{"@odata.etag": "W/\"5\"", "contactid": id}, deleted]);
    house.answer_once(page(&rows, None, Some(&delta))).await;
    let second = house.changes(Some(&next)).await.unwrap();
    let expected = vec![row(ADA, false), row(7, true)];
    assert_eq!(second, FeedPage { rows: expected, next: Cursor::new(&*delta), more: false });

    let third = house.changes(Some(&delta)).await.unwrap();
    assert_eq!(
        third,
        FeedPage { rows: vec![], next: Cursor::new(&*delta), more: false },
        "nothing new is no loop"
    );
    insta::assert_snapshot!(house.transcript().await);
    assert_eq!(house.tokens().await, 1);
}

#[tokio::test]
async fn every_table_is_asked_for_its_key_alone() {
    let house = House::new().await;
    let delta = house.link("x?$deltatoken=1");
    house.answer(page(&json!([]), None, Some(&delta))).await;
    for table in CrmTable::ALL {
        house.changes_of(table, None).await.unwrap();
    }
    let requests = house.requests().await;
    let asked: Vec<&str> = requests.iter().map(|request| &request.url[url::Position::BeforePath..]).collect();
    let expected = [
        "msevtmgt_events?$select=msevtmgt_eventid",
        "msevtmgt_eventregistrations?$select=msevtmgt_eventregistrationid",
        "contacts?$select=contactid",
        "accounts?$select=accountid",
    ];
    assert_eq!(asked, expected.map(|rest| format!("{ROOT}{rest}")));
}

#[tokio::test]
async fn a_link_that_leads_away_is_never_called() {
    let house = House::new().await;
    let foreign = |fault: &Fault| {
        let why = Some(Code::new("dataverse.foreign_link"));
        assert_eq!(fault.kind, FaultKind::Denied { why });
        assert_eq!(fault.code, Code::new("dataverse.foreign_link"));
    };
    let links = [
        "https://evil.example/api/data/v9.2/contacts".to_owned(),
        format!("{}/api/data/v9.1/contacts", house.server.uri()),
        format!("{}/api/data/v9.2/../secrets", house.server.uri()),
        house.server.uri().replace("http://", "http://user@") + ROOT,
        "contacts?$skiptoken=1".to_owned(),
        String::new(),
    ];
    for link in &links {
        let fault = house.changes(Some(link)).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Gone { what: Missing::Cursor }, "a place elsewhere is none here");
    }
    assert_eq!(house.requests().await.len() + house.tokens().await, 0, "neither a call nor a token");
    for (next, delta) in [(Some(&*links[0]), None), (None, Some(&*links[0]))] {
        house.answer_once(page(&json!([]), next, delta)).await;
        foreign(&house.changes(None).await.unwrap_err());
    }
    assert_eq!(house.requests().await.len(), 2);
}

#[tokio::test]
async fn a_page_that_leads_to_itself_is_a_fault() {
    let house = House::new().await;
    let next = house.link("contacts?$skiptoken=1");
    house.answer(page(&json!([]), Some(&next), None)).await;
    assert!(house.changes(None).await.unwrap().more);
    let fault = house.changes(Some(&next)).await.unwrap_err();
    assert_eq!((fault.kind, fault.code), (FaultKind::Transient, Code::new("dataverse.loop")));
}

#[tokio::test]
async fn an_expired_place_is_gone_whatever_the_status() {
    let house = House::new().await;
    let delta = house.link("contacts?$deltatoken=1");
    for status in [400, 410, 412, 500] {
        house.answer_once(error(status, "0x80044352")).await;
        let fault = house.changes(Some(&delta)).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Gone { what: Missing::Cursor }, "{status}");
    }
}

#[tokio::test]
async fn a_table_that_is_not_tracked_is_a_fault_and_no_empty_page() {
    let house = House::new().await;
    house.answer(page(&json!([]), None, None)).await;
    let fault = house.changes(None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Gone { what: Missing::Table });
    assert_eq!(fault.code, Code::new("dataverse.untracked"));
}

#[tokio::test]
async fn strange_bodies_are_faults_and_never_pages() {
    let house = House::new().await;
    let delta = house.link("contacts?$deltatoken=1");
    let good = json!({"value": [{"contactid": Uuid::from_u128(1)}], "@odata.deltaLink": delta}).to_string();
    let bodies = [
        String::new(),
        "<html>sign in</html>".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        good[..good.len() - 1].to_owned(),
        good[..20].to_owned(),
        good.replace("contactid", "accountid"),
        good.replace("00000000-0000-0000-0000-000000000001", "not-a-guid"),
        good.replace("[{", "{").replace("}]", "}"),
        json!({"value": [{"reason": "deleted"}], "@odata.deltaLink": delta}).to_string(),
        json!({"value": [1], "@odata.deltaLink": delta}).to_string(),
    ];
    for body in bodies {
        house.answer_once(ResponseTemplate::new(200).set_body_string(body.clone())).await;
        let fault = house.changes(None).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Transient, "{body}");
        assert_eq!(fault.code, Code::new("dataverse.malformed"), "{body}");
    }
    house.answer_once(ResponseTemplate::new(200).set_body_bytes([0xff, 0xfe, b'{'])).await;
    assert_eq!(house.changes(None).await.unwrap_err().kind, FaultKind::Transient);
    house.answer_once(ResponseTemplate::new(200).set_body_string(format!("\u{feff}{good}"))).await;
    assert_eq!(house.changes(None).await.unwrap().rows, [row(1, false)], "a byte order mark is no mistake");
}

#[tokio::test]
async fn a_token_that_is_not_accepted_is_replaced_once() {
    let house = House::new().await;
    let delta = house.link("contacts?$deltatoken=1");
    house.answer(page(&json!([]), None, Some(&delta))).await;
    house.changes(None).await.unwrap();
    house.answer_once(ResponseTemplate::new(401).set_body_string("<html>expired</html>")).await;
    house.changes(None).await.unwrap();
    assert_eq!((house.requests().await.len(), house.tokens().await), (3, 2));
}

#[tokio::test]
async fn a_secret_that_is_not_accepted_is_told_by_its_version() {
    let house = House::new().await;
    house.answer(ResponseTemplate::new(401)).await;
    let fault = house.changes(None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unauthorised { version: 3 });
    assert_eq!((house.requests().await.len(), house.tokens().await), (2, 2), "one more try and no third");
}

#[tokio::test]
async fn a_wait_is_handed_on_and_nothing_is_sent_meanwhile() {
    let house = House::new().await;
    house.answer(error(429, "0x80072322").insert_header("Retry-After", "17")).await;
    let fault = house.changes(None).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Throttled { after: Some(SignedDuration::from_secs(17)) });
    assert_eq!(house.requests().await.len(), 1);
}

#[tokio::test]
async fn no_cookie_is_kept() {
    let house = House::new().await;
    let delta = house.link("contacts?$deltatoken=1");
    let sticky =
        page(&json!([]), None, Some(&delta)).insert_header("Set-Cookie", "ARRAffinity=abc; Path=/; HttpOnly");
    house.answer(sticky).await;
    for _ in 0..2 {
        house.changes(None).await.unwrap();
    }
    assert!(house.requests().await.iter().all(|request| !request.headers.contains_key("cookie")));
}

#[tokio::test]
async fn accounts_that_nobody_needs_are_not_followed() {
    let contacts = Contacts { company: CompanySource::None, ..Contacts::default() };
    let house = House::with(DynamicsSettings { contacts, ..DynamicsSettings::default() }).await;
    let page = house.changes_of(CrmTable::Accounts, None).await.unwrap();
    assert!(page.rows.is_empty() && !page.more);
    let again = house.changes_of(CrmTable::Accounts, Some(page.next.as_str())).await.unwrap();
    assert_eq!((again, house.requests().await.len()), (page.clone(), 0));

    let needed = House::new().await;
    let fault = needed.changes_of(CrmTable::Accounts, Some(page.next.as_str())).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Gone { what: Missing::Cursor }, "needed again, from the beginning");
}
