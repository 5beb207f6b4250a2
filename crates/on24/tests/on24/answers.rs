//! What is made of answers.

use serde_json::json;
use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Missing};
use webinar_bridge_domain::id::{OrganizationId, ProviderPersonId};
use webinar_bridge_domain::person::{Address, Details};
use webinar_bridge_domain::port::{
    Account as _, AttendanceSource as _, OpenSecret, RegisterOrder, Registrar as _,
};
use webinar_bridge_domain::registration::Outcome;
use webinar_bridge_on24::{On24Settings, secret};
use wiremock::MockServer;

use crate::stage::{CORRELATION, Stage, VERSION, ada, attendance, order, person, registrants};

fn words(outcome: Result<Outcome, Fault>) -> String {
    match outcome {
        Ok(Outcome::Refused(words)) => words.to_string(),
        other => panic!("not refused: {other:?}"),
    }
}

/// The kinds of fault of all four writes and both lists, and of a probe.
async fn kinds(stage: &Stage) -> [FaultKind; 7] {
    let (order, person) = (order(ada()), person("ada+web@example.com"));
    [
        stage.on24.register(&order).await.unwrap_err(),
        stage.on24.amend(&order).await.unwrap_err(),
        stage.on24.cancel(&person).await.unwrap_err(),
        stage.on24.forget(&person).await.unwrap_err(),
        stage.on24.registrants(&registrants()).await.unwrap_err(),
        stage.on24.attendance(&attendance()).await.unwrap_err(),
        stage.on24.probe(&stage.probe()).await.unwrap_err(),
    ]
    .map(|fault| fault.kind)
}

fn everywhere(kind: &FaultKind) -> [FaultKind; 7] {
    core::array::from_fn(|_| kind.clone())
}

fn unclear() -> [FaultKind; 7] {
    use FaultKind::{Ambiguous as A, Transient as T};
    [A, A, A, A, T, T, T]
}

#[tokio::test]
async fn an_answer_that_nobody_can_read_decides_nothing() {
    let stage = Stage::open().await;
    let bodies: [&[u8]; 9] = [
        b"",
        b"<html>Welcome</html>",
        b"{\"email\":\"ada+web@exam",
        b"[]",
        b"null",
        b"{}",
        b"\xff\xfe\x00",
        b"{\"message\":\"OK\"}",
        b"{\"email\":\"somebody@else.example\",\"eventuserid\":1}",
    ];
    for body in bodies {
        stage.answers(200, body).await;
        assert_eq!(kinds(&stage).await, unclear(), "{}", String::from_utf8_lossy(body));
    }
    stage.answers(204, "").await;
    assert_eq!(kinds(&stage).await, unclear());
}

#[tokio::test]
async fn a_broken_server_decides_nothing() {
    let stage = Stage::open().await;
    for status in [408, 500, 502, 503, 504] {
        stage.answers(status, "<html>Bad Gateway</html>").await;
        assert_eq!(kinds(&stage).await, unclear(), "{status}");
    }
}

#[tokio::test]
async fn what_concerns_the_account_concerns_every_operation() {
    let stage = Stage::open().await;
    let denied = |code| FaultKind::Denied { why: Some(Code::new(code)) };
    let table = [
        (
            403,
            "You have reached the maximum number of calls for this api.",
            FaultKind::Throttled { after: None },
        ),
        (429, "Slow down", FaultKind::Throttled { after: None }),
        (403, "The client id 10422 is inactive.", denied("on24.client_inactive")),
        (403, "Client contract with id 10422 is expired.", denied("on24.contract_expired")),
        (401, "You do not have permission to perform the requested operation.", denied("on24.permission")),
        (404, "The client 10422 doesn't exist.", denied("on24.unknown_client")),
        (404, "", denied("on24.address")),
        (405, "", denied("on24.address")),
        (302, "", denied("transport.redirect")),
        (404, "The event 2008859 doesn't exist.", FaultKind::Gone { what: Missing::Webinar }),
        (403, "The event id 2008859 is inactive.", FaultKind::Gone { what: Missing::Webinar }),
        (403, "Computer says no", FaultKind::Denied { why: None }),
        (403, "", FaultKind::Denied { why: None }),
    ];
    for (status, message, kind) in table {
        stage.refuses(status, message).await;
        assert_eq!(kinds(&stage).await, everywhere(&kind), "{status} {message}");
    }
    stage.answers(404, "<html>404 Not Found</html>").await;
    assert_eq!(kinds(&stage).await, everywhere(&denied("on24.address")));
}

#[tokio::test]
async fn a_token_that_is_not_accepted_is_named_by_its_version() {
    let stage = Stage::open().await;
    let bodies = ["AccessTokenKey and AccessTokenSecret are wrong or invalid.", "", "<html>401</html>"];
    for body in bodies {
        stage.answers(401, body).await;
        let mut expected = everywhere(&FaultKind::Unauthorised { version: VERSION });
        expected[6] = FaultKind::Unauthorised { version: 9 };
        assert_eq!(kinds(&stage).await, expected, "{body}");
    }
    stage.refuses(401, "AccessTokenKey and AccessTokenSecret are deactivated.").await;
    let fault = stage.on24.register(&order(ada())).await.unwrap_err();
    assert_eq!(fault.code.as_str(), "on24.token_deactivated");
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_not_accepted_and_not_shown() {
    let elsewhere = secret("http://on24.example/v2", "10422", "KEY", "hidden");
    let nonsense = OpenSecret::new("hidden nonsense".to_owned().into());
    for (text, code) in [(elsewhere, "on24.secret_plain_http"), (nonsense, "on24.secret_form")] {
        let stage = Stage::over(MockServer::start().await, &On24Settings::default(), text);
        let fault = stage.on24.register(&order(ada())).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Unauthorised { version: VERSION });
        assert_eq!(fault.code.as_str(), code);
        assert!(!format!("{fault} {fault:?} {:?}", stage.on24).contains("hidden"));
    }
}

#[tokio::test]
async fn without_a_credential_no_call_is_made() {
    let stage = Stage::open().await;
    stage.answers(200, "{}").await;
    let stranger: OrganizationId = uuid::Uuid::from_u128(99).into();
    let order = RegisterOrder { organization: stranger, ..order(ada()) };
    let fault = stage.on24.register(&order).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Gone { what: Missing::Credential });
    assert_eq!(stage.requests().await.len(), 0);
}

#[tokio::test]
async fn who_is_not_there() {
    let stage = Stage::open().await;
    stage.refuses(403, "The email provided was not found.").await;
    assert_eq!(stage.on24.amend(&order(ada())).await, Ok(Outcome::NotThere));
    stage.refuses(412, "You're trying to soft delete the registrant you're creating.").await;
    assert_eq!(stage.on24.cancel(&person("a@x.io")).await, Ok(Outcome::NotThere));
    stage.refuses(404, "No registrant was found for that email address and eventId combination").await;
    assert_eq!(stage.on24.forget(&person("a@x.io")).await, Ok(Outcome::NotThere));
    stage.answers(200, r#"{"deletedregistrants":{"eventuserids":[]}}"#).await;
    assert_eq!(stage.on24.forget(&person("a@x.io")).await, Ok(Outcome::NotThere));
}

#[tokio::test]
async fn somebody_is_not_forgotten_by_words_that_nobody_knows() {
    let stage = Stage::open().await;
    stage.refuses(404, "Try again tomorrow").await;
    let fault = stage.on24.forget(&person("a@x.io")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Denied { why: None });
}

#[tokio::test]
async fn a_cancel_after_the_start_is_too_late() {
    let stage = Stage::open().await;
    for status in [400, 403, 412] {
        stage.refuses(status, "The event has already started.").await;
        assert_eq!(stage.on24.cancel(&person("a@x.io")).await, Ok(Outcome::TooLate), "{status}");
        let words = words(stage.on24.register(&order(ada())).await);
        assert_eq!(words, "The event has already started.", "of a registration it is a refusal");
    }
}

#[tokio::test]
async fn words_on_a_person_are_handed_on_without_the_person() {
    let stage = Stage::open().await;
    let message = "Ada Lovelace <ADA+WEB@example.com> of Engines & Söhne (wb:5b0f2a53) is not on the list";
    for body in [json!({ "message": message }).to_string(), message.to_owned()] {
        stage.answers(400, body).await;
        let words = words(stage.on24.register(&order(ada())).await);
        for personal in ["ada", "lovelace", "engines", "söhne", "example.com", CORRELATION] {
            assert!(!words.to_lowercase().contains(personal), "{words}");
        }
        assert!(words.ends_with("is not on the list"), "{words}");
    }
    for status in [400, 409, 410, 412, 422] {
        stage.refuses(status, "Country is not valid.").await;
        assert_eq!(words(stage.on24.register(&order(ada())).await), "Country is not valid.", "{status}");
        assert_eq!(words(stage.on24.amend(&order(ada())).await), "Country is not valid.");
        assert_eq!(words(stage.on24.cancel(&person("a@x.io")).await), "Country is not valid.");
    }
}

#[tokio::test]
async fn a_no_without_words_is_not_put_into_anybodys_mouth() {
    let stage = Stage::open().await;
    for body in ["", "<html>WAF</html>", "{}", "{\"message\":\"\"}", "{\"message\":\"Bad Request\"}"] {
        stage.answers(400, body).await;
        let fault = stage.on24.register(&order(ada())).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Invalid { field: Code::new("on24.wordless") }, "{body}");
    }
}

#[tokio::test]
async fn our_own_mistakes_are_not_the_persons() {
    let stage = Stage::open().await;
    stage.refuses(400, "Invalid value for the honorrequired parameter.").await;
    let fault = stage.on24.register(&order(ada())).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Invalid { field: Code::new("on24.honorrequired") });
    stage.refuses(400, "Error, incorrect date formats.").await;
    let fault = stage.on24.registrants(&registrants()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Invalid { field: Code::new("on24.dates") });
}

#[tokio::test]
async fn nobody_stops_the_account_by_name() {
    let stage = Stage::open().await;
    let details = Details { company: "the maximum number of calls".into(), ..ada() };
    stage.refuses(403, "'the maximum number of calls' is no company").await;
    let fault = stage.on24.register(&order(details)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Denied { why: None });
}

#[tokio::test]
async fn an_id_is_a_number_or_its_digits_or_missing() {
    let stage = Stage::open().await;
    let table = [
        (r#"{"email":"ada+web@example.com","eventuserid":150}"#, Some("150")),
        (r#"{"email":"ada+web@example.com","eventuserid":"150"}"#, Some("150")),
        (r#"{"email":"ADA+WEB@EXAMPLE.COM","EventUserId":150,"new":{"a":[1]}}"#, Some("150")),
        (r#"{"email":"ada+web@example.com","eventuserid":null,"exteventusercd":"wb:5b0f2a53"}"#, None),
        (r#"{"email":"ada+web@example.com"}"#, None),
    ];
    for (body, expected) in table {
        stage.answers(200, body).await;
        let Ok(Outcome::Admitted(id)) = stage.on24.register(&order(ada())).await else { panic!("{body}") };
        assert_eq!(id.as_ref().map(ProviderPersonId::as_str), expected, "{body}");
    }
}

#[tokio::test]
async fn a_list_is_read_as_far_as_it_can_be() {
    let stage = Stage::open().await;
    let body = json!({ "eventid": 2_008_859, "totalregistrants": 5, "registrants": [
        { "eventuserid": 1, "email": "a@x.io", "firstname": "A", "userstatus": "active",
          "exteventusercd": CORRELATION, "future": [{}] },
        { "eventuserid": "2", "email": "2-deleted", "firstname": "deleted", "userstatus": "forgotten" },
        { "eventuserid": 3, "email": null, "lastname": "", "userstatus": "deleted" },
        { "email": "nameless@x.io" },
        "not a row",
    ]});
    stage.answers(200, body.to_string()).await;
    let page = stage.on24.registrants(&registrants()).await.unwrap();
    let found: Vec<_> = page.registrants.iter().map(|one| (one.person.as_str(), one.live)).collect();
    assert_eq!(found, [("1", true), ("2", false), ("3", false)]);
    assert_eq!(page.registrants[0].correlation.as_deref(), Some(CORRELATION));
    assert_eq!(page.next, None);
}

#[tokio::test]
async fn attendance_is_complete_unless_somebody_is_missing() {
    let stage = Stage::open().await;
    let row = json!({ "eventuserid": 1, "email": "a@x.io", "cumulativeliveminutes": 9 });
    let table = [
        (json!({ "totalattendees": 1, "attendees": [row] }), 1, true),
        (json!({ "attendees": [row] }), 1, true),
        (json!({ "totalattendees": 0 }), 0, true),
        (json!({ "totalattendees": 2, "attendees": [row] }), 1, false),
        (json!({ "totalattendees": 2, "attendees": [row, null] }), 1, false),
        (json!({ "totalattendees": 2, "attendees": [row, { "email": "nameless@x.io" }] }), 1, false),
    ];
    for (body, count, complete) in table {
        stage.answers(200, body.to_string()).await;
        let page = stage.on24.attendance(&attendance()).await.unwrap();
        assert_eq!((page.attendees.len(), page.complete, page.next), (count, complete, None), "{body}");
    }
    stage.answers(200, r#"{"totalattendees":2,"attendees":null}"#).await;
    let fault = stage.on24.attendance(&attendance()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Transient, "that is not nobody");
}

#[tokio::test]
async fn an_address_in_another_form_is_the_same_person() {
    let stage = Stage::open().await;
    let decomposed = Details { address: Address::new("zoe\u{308}@example.com"), ..ada() };
    stage.answers(200, r#"{"email":"Zoë@Example.com","eventuserid":1}"#).await;
    assert!(matches!(stage.on24.register(&order(decomposed)).await, Ok(Outcome::Admitted(_))));
    assert_eq!(stage.on24.cancel(&person(" ZOË@example.com ")).await, Ok(Outcome::Cancelled));
}
