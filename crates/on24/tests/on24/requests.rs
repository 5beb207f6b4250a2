//! What is sent, to the byte.

use std::collections::BTreeMap;

use webinar_bridge_domain::fault::{FaultKind, Missing};
use webinar_bridge_domain::id::ProviderEventId;
use webinar_bridge_domain::person::{Address, Details};
use webinar_bridge_domain::port::{
    Account as _, AttendanceSource as _, PersonOrder, RegisterOrder, RegistrantQuery, Registrar as _,
};
use webinar_bridge_domain::registration::Outcome;
use webinar_bridge_on24::{On24Settings, Restore};
use wiremock::Request;

use crate::stage::{Stage, ada, attendance, order, person, registrants};

const ECHO: &str = r#"{"email":"ada+web@example.com","eventid":2008859,"eventuserid":150148905}"#;

/// Method, path with query, and body.
fn shown(request: &Request) -> [String; 3] {
    let url = &request.url;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let body = String::from_utf8(request.body.clone()).unwrap();
    [request.method.to_string(), format!("{}{query}", url.path()), body]
}

async fn sent(settings: &On24Settings, details: Details) -> String {
    let stage = Stage::with(settings).await;
    stage.answers(200, ECHO).await;
    let _ = stage.on24.register(&order(details)).await;
    let [_, _, body] = shown(&stage.request().await);
    body
}

#[tokio::test]
async fn register() {
    let stage = Stage::open().await;
    stage.answers(200, ECHO).await;
    let outcome = stage.on24.register(&order(ada())).await.unwrap();
    assert!(matches!(outcome, Outcome::Admitted(Some(id)) if id.as_str() == "150148905"));
    let request = stage.request().await;
    assert_eq!(
        shown(&request),
        [
            "POST",
            "/v2/client/10422/event/2008859/registrant?honorrequired=N&honorvalidation=N",
            "email=Ada%2BWeb%40Example.com&firstname=Ada&lastname=Lovelace&company=Engines+%26+S%C3%B6hne\
             &jobtitle=&exteventusercd=wb%3A5b0f2a53&eventemail=N&isDeleted=N",
        ]
    );
    let header = |name: &str| request.headers[name].to_str().unwrap();
    assert_eq!(header("accesstokenkey"), "0123456789ABCDEF");
    assert_eq!(header("accesstokensecret"), "5ec4e7");
    assert_eq!(header("accept"), "application/json");
    assert_eq!(header("content-type"), "application/x-www-form-urlencoded");
}

#[tokio::test]
async fn amend() {
    let stage = Stage::with(&On24Settings {
        honor_required: true,
        honor_validation: true,
        event_email: true,
        ..On24Settings::default()
    })
    .await;
    stage.answers(200, ECHO).await;
    let outcome = stage.on24.amend(&order(ada())).await.unwrap();
    assert!(matches!(outcome, Outcome::Amended(Some(id)) if id.as_str() == "150148905"));
    assert_eq!(
        shown(&stage.request().await),
        [
            "PATCH",
            "/v2/client/10422/event/2008859/registrant?honorrequired=Y&honorvalidation=Y",
            "email=Ada%2BWeb%40Example.com&firstname=Ada&lastname=Lovelace&company=Engines+%26+S%C3%B6hne\
             &jobtitle=&exteventusercd=wb%3A5b0f2a53&eventemail=Y",
        ]
    );
}

#[tokio::test]
async fn cancel() {
    let stage = Stage::with(&On24Settings { honor_required: true, ..On24Settings::default() }).await;
    stage.answers(200, ECHO).await;
    assert_eq!(stage.on24.cancel(&person("ada+web@example.com")).await, Ok(Outcome::Cancelled));
    assert_eq!(
        shown(&stage.request().await),
        [
            "POST",
            "/v2/client/10422/event/2008859/registrant?honorrequired=N&honorvalidation=N",
            "email=ada%2Bweb%40example.com&isDeleted=Y",
        ]
    );
}

#[tokio::test]
async fn forget() {
    let stage = Stage::open().await;
    stage.answers(200, r#"{"deletedregistrants":{"eventuserids":[150148905]}}"#).await;
    assert_eq!(stage.on24.forget(&person("ada+web@example.com")).await, Ok(Outcome::Forgotten));
    assert_eq!(
        shown(&stage.request().await),
        ["POST", "/v2/client/10422/forget", "email=ada%2Bweb%40example.com&eventid=2008859"]
    );
}

#[tokio::test]
async fn the_reads() {
    let stage = Stage::open().await;
    stage.answers(200, r#"{"totalregistrants":0}"#).await;
    stage.on24.registrants(&registrants()).await.unwrap();
    let path = "/v2/client/10422/event/2008859/registrant?userstatus=any";
    assert_eq!(shown(&stage.request().await), ["GET", path, ""]);

    stage.answers(200, r#"{"totalattendees":0}"#).await;
    stage.on24.attendance(&attendance()).await.unwrap();
    let path = "/v2/client/10422/event/2008859/attendee?userstatus=any";
    assert_eq!(shown(&stage.request().await), ["GET", path, ""]);

    stage.answers(200, r#"{"totalevents":0}"#).await;
    stage.on24.probe(&stage.probe()).await.unwrap();
    assert_eq!(shown(&stage.request().await), ["GET", "/v2/client/10422/event?dateInterval=1", ""]);
}

#[tokio::test]
async fn mapped_fields_go_before_our_own_but_never_say_who_it_is() {
    let more = [
        ("std1", "a=b&c"),
        ("JobTitle", "Countess"),
        ("exteventusercd", "crm-1"),
        ("eventemail", "Y"),
        ("country", "  "),
        (" ", "nameless"),
        ("Email", "mallory@example.com"),
        ("isDeleted", "Y"),
        ("isblocked", "Y"),
    ];
    let more = more.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let details = Details { job_title: "Analyst".into(), more: BTreeMap::from(more), ..ada() };
    assert_eq!(
        sent(&On24Settings::default(), details).await,
        "email=Ada%2BWeb%40Example.com&firstname=Ada&lastname=Lovelace&company=Engines+%26+S%C3%B6hne\
         &JobTitle=Countess&eventemail=Y&exteventusercd=crm-1&std1=a%3Db%26c&isDeleted=N"
    );
}

#[tokio::test]
async fn what_is_too_long_is_cut() {
    let long = |c: char| c.to_string().repeat(200);
    let details = Details {
        first_name: long('ä'),
        last_name: long('l'),
        company: long('c'),
        more: BTreeMap::from([("std1".to_owned(), long('s'))]),
        ..ada()
    };
    for (patch, limit) in [(false, 50), (true, 100)] {
        let stage = Stage::open().await;
        stage.answers(200, ECHO).await;
        let order = order(details.clone());
        let _ = if patch { stage.on24.amend(&order).await } else { stage.on24.register(&order).await };
        let [_, _, body] = shown(&stage.request().await);
        let expected = format!(
            "email=Ada%2BWeb%40Example.com&firstname={}&lastname={}&company={}\
             &jobtitle=&exteventusercd=wb%3A5b0f2a53&eventemail=N&std1={}{}",
            "%C3%A4".repeat(limit),
            "l".repeat(limit),
            "c".repeat(100),
            "s".repeat(100),
            if patch { "" } else { "&isDeleted=N" },
        );
        assert_eq!(body, expected);
    }
}

#[tokio::test]
async fn the_word_that_restores_can_be_left_out() {
    let body = sent(&On24Settings { restore: Restore::Never, ..On24Settings::default() }, ada()).await;
    assert!(!body.contains("isDeleted"), "{body}");
}

#[tokio::test]
async fn whom_nobody_can_restore_is_created_by_the_next_try() {
    let stage = Stage::open().await;
    let [ada, grace] = ["ada+web@example.com", "grace@example.com"]
        .map(|typed| order(Details { address: Address::new(typed), ..ada() }));
    stage.refuses(412, "You're trying to soft delete the registrant you're creating.").await;
    let fault = stage.on24.register(&ada).await.unwrap_err();
    assert_eq!((fault.kind, fault.code.as_str()), (FaultKind::Transient, "on24.nobody_to_restore"));
    assert_eq!(stage.requests().await.len(), 1, "nothing is tried again here");

    let restores = async |order: &RegisterOrder| {
        stage.answers(200, ECHO).await;
        let _ = stage.on24.register(order).await;
        shown(&stage.request().await)[2].contains("&isDeleted=N")
    };
    assert!(restores(&grace).await, "somebody else is not meant");
    assert!(!restores(&ada).await);
    assert!(restores(&ada).await, "only the next registration goes without");

    stage.refuses(412, "You're trying to soft delete the registrant you're creating.").await;
    assert!(stage.on24.register(&ada).await.is_err());
    stage.clock.advance(11);
    assert!(restores(&ada).await, "by now the person may have been cancelled elsewhere");
}

#[tokio::test]
async fn an_address_that_cannot_be_sent_is_not_sent() {
    let stage = Stage::open().await;
    stage.answers(200, ECHO).await;
    let long = format!("{}@example.com", "a".repeat(100));
    let table = [
        (long.as_str(), "on24.email_too_long"),
        ("ada@x.io,bob@x.io", "on24.email_comma"),
        (" ", "on24.email_missing"),
    ];
    for (typed, code) in table {
        let order = order(Details { address: Address::new(typed), ..ada() });
        for fault in
            [stage.on24.register(&order).await, stage.on24.amend(&order).await].map(Result::unwrap_err)
        {
            assert_eq!(fault.code.as_str(), code);
            assert!(matches!(fault.kind, FaultKind::Invalid { field } if field.as_str() == code));
        }
        assert_eq!(stage.on24.cancel(&person(typed)).await, Ok(Outcome::NotThere), "{code}");
        assert_eq!(stage.on24.forget(&person(typed)).await, Ok(Outcome::NotThere), "{code}");
    }
    assert_eq!(stage.requests().await.len(), 0);
}

#[tokio::test]
async fn an_id_that_is_no_event_gets_into_no_path() {
    let stage = Stage::open().await;
    stage.answers(200, ECHO).await;
    for id in ["../forgetall", "1/forgetall", "", "12a", "-1", "%2e%2e", "123456789012345678901", "１２"] {
        let event = ProviderEventId::new(id);
        let (whole, one) = (order(ada()), person("a@x.io"));
        let whole = RegisterOrder { event: event.clone(), ..whole };
        let one = PersonOrder { event: event.clone(), ..one };
        let faults = [
            stage.on24.register(&whole).await.unwrap_err(),
            stage.on24.amend(&whole).await.unwrap_err(),
            stage.on24.cancel(&one).await.unwrap_err(),
            stage.on24.forget(&one).await.unwrap_err(),
            stage.on24.registrants(&RegistrantQuery { event, ..registrants() }).await.unwrap_err(),
        ];
        for fault in faults {
            assert_eq!(fault.kind, FaultKind::Gone { what: Missing::Webinar }, "{id}");
        }
    }
    assert_eq!(stage.requests().await.len(), 0);
}
