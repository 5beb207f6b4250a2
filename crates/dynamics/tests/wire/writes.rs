//! Answers and check-ins: one batch each, and what becomes of every item of it.

use crate::support::{House, error, organization};
use uuid::Uuid;
use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Missing};
use webinar_bridge_domain::id::ProviderPersonId;
use webinar_bridge_domain::metrics::{AttendanceId, Watched};
use webinar_bridge_domain::port::{
    AnswerBatch, AnswerItem, CheckIn, CheckInBatch, CrmAnswers as _, CrmMetrics as _, ItemOutcome,
};
use webinar_bridge_domain::registration::{Answer, Cause, Words};
use webinar_bridge_domain::time::SignedDuration;
use webinar_bridge_dynamics::DynamicsSettings;
use webinar_bridge_dynamics::config::Registrations;
use wiremock::ResponseTemplate;

const DONE: &str = "HTTP/1.1 204 No Content\r\nOData-Version: 4.0\r\n\r\n";

impl House {
    async fn answers(&self, answers: Vec<Answer>) -> Result<Vec<ItemOutcome>, Fault> {
        let item = |(n, answer)| AnswerItem { source: Uuid::from_u128(n).into(), answer };
        let items = (1..).zip(answers).map(item).collect();
        self.dynamics.answer(&AnswerBatch { organization: organization(), items }).await
    }

    /// Three answers to write.
    async fn three(&self) -> Result<Vec<ItemOutcome>, Fault> {
        self.answers(vec![Answer::Cancelled, Answer::Cancelled, Answer::Cancelled]).await
    }

    async fn check_ins(&self, many: u128) -> Result<Vec<ItemOutcome>, Fault> {
        let items = (1..=many).map(check_in).collect();
        self.dynamics.upsert(&CheckInBatch { organization: organization(), items }).await
    }
}

fn check_in(n: u128) -> CheckIn {
    let (webinar, source) = (Uuid::from_u128(0xe).into(), Uuid::from_u128(n).into());
    CheckIn {
        id: AttendanceId::of(organization(), webinar, source),
        webinar,
        source,
        contact: Uuid::from_u128(0xc).into(),
        watched: Watched {
            live_minutes: 41,
            ondemand_minutes: 7,
            interactions: 5,
            first: "2026-11-20T09:01:02.5Z".parse().ok(),
            last: None,
        },
    }
}

fn failed(status: u16, code: &str) -> String {
    format!(
        "HTTP/1.1 {status} Whatever\r\nContent-Type: application/json; odata.metadata=minimal\r\n\r\n\
         {{\"error\":{{\"code\":\"{code}\",\"message\":\"ada@example.com is wrong\"}}}}\r\n"
    )
}

fn batch(outer: u16, parts: &[&str]) -> ResponseTemplate {
    let dressed = |part: &&str| {
        format!(
            "--batchresponse_7\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n{part}\r\n"
        )
    };
    let body = parts.iter().map(dressed).collect::<String>() + "--batchresponse_7--\r\n";
    raw(outer, &body)
}

fn raw(outer: u16, body: &str) -> ResponseTemplate {
    ResponseTemplate::new(outer)
        .set_body_raw(body.as_bytes().to_vec(), "multipart/mixed; boundary=batchresponse_7")
}

fn fault(outcome: &ItemOutcome) -> (FaultKind, &str) {
    match outcome {
        ItemOutcome::Failed(fault) => (fault.kind.clone(), fault.code.as_str()),
        other => panic!("{other:?} is no fault"),
    }
}

fn field(name: &'static str) -> FaultKind {
    FaultKind::Invalid { field: Code::new(name) }
}

#[tokio::test]
async fn answers_go_out_in_one_batch() {
    let house = House::new().await;
    house.answer(batch(200, &[DONE, DONE, DONE])).await;
    let answers = vec![
        Answer::Admitted(Some(ProviderPersonId::new("305477"))),
        Answer::Cancelled,
        Answer::Held(Cause::Refused(Words::new("the event is \"full\"\r\n--batch_webinar_bridge--"))),
    ];
    assert_eq!(
        house.answers(answers).await.unwrap(),
        [ItemOutcome::Done, ItemOutcome::Done, ItemOutcome::Done]
    );
    let body = String::from_utf8(house.requests().await[0].body.clone()).unwrap();
    assert_eq!(body.matches('\n').count(), body.matches("\r\n").count(), "every line ends in CRLF");
    insta::assert_snapshot!(house.transcript().await);
}

#[tokio::test]
async fn check_ins_go_out_in_one_batch() {
    let house = House::new().await;
    house.answer(batch(200, &[DONE, DONE])).await;
    assert_eq!(house.check_ins(2).await.unwrap(), [ItemOutcome::Done, ItemOutcome::Done]);
    insta::assert_snapshot!(house.transcript().await);
}

#[tokio::test]
async fn nothing_to_write_is_no_call() {
    let house = House::new().await;
    assert_eq!(house.answers(vec![]).await.unwrap(), []);
    assert_eq!(house.check_ins(0).await.unwrap(), []);
    let off = || String::new();
    let registrations = Registrations {
        outcome: off(),
        synced: off(),
        words: off(),
        person: off(),
        ..Registrations::default()
    };
    let silent = House::with(DynamicsSettings { registrations, ..DynamicsSettings::default() }).await;
    assert_eq!(silent.three().await.unwrap(), [ItemOutcome::Done, ItemOutcome::Done, ItemOutcome::Done]);
    assert_eq!(house.requests().await.len() + silent.requests().await.len(), 0);
}

#[tokio::test]
async fn every_item_has_an_outcome_of_its_own() {
    let house = House::new().await;
    let gone = failed(404, "0x80040217");
    house.answer_once(batch(200, &[DONE, &gone, &failed(400, "0x80044331")])).await;
    let outcomes = house.three().await.unwrap();
    assert_eq!(outcomes[..2], [ItemOutcome::Done, ItemOutcome::Absent]);
    assert_eq!(fault(&outcomes[2]), (field("dataverse.too_long"), "dataverse.too_long"));

    house.answer_once(batch(200, &[&gone, DONE])).await;
    let outcomes = house.check_ins(2).await.unwrap();
    assert_eq!(outcomes, [ItemOutcome::Absent, ItemOutcome::Done], "a row that the check-in names is gone");
}

#[tokio::test]
async fn an_item_fails_by_its_code() {
    let house = House::new().await;
    let table = Missing::Table;
    for (part, kind) in [
        (failed(400, "0x80048d19"), FaultKind::Gone { what: table }),
        (failed(400, "0x80060888"), FaultKind::Gone { what: table }),
        (failed(404, "0x8006088a"), FaultKind::Gone { what: table }),
        (failed(400, "0x80040265"), field("dataverse.business_rule")),
        (failed(400, "0x80040203"), field("dataverse.refused")),
        (failed(400, ""), field("dataverse.refused")),
        (failed(403, "0x80040220"), FaultKind::Denied { why: Some(Code::new("dataverse.privilege")) }),
        (failed(412, "0x80060882"), FaultKind::Transient),
        (failed(412, "0x80040237"), FaultKind::Transient),
        (failed(500, "-2147204784"), FaultKind::Ambiguous),
        (failed(401, ""), FaultKind::Unauthorised { version: 3 }),
        (
            "HTTP/1.1 429 Slow\r\nRetry-After: 9\r\n\r\n".into(),
            FaultKind::Throttled { after: Some(SignedDuration::from_secs(9)) },
        ),
        ("HTTP/1.1 500 Oh\r\n\r\n<html></html>".into(), FaultKind::Ambiguous),
        ("HTTP/1.1 9999 Oh\r\n\r\n".into(), FaultKind::Ambiguous),
        ("nonsense".into(), FaultKind::Ambiguous),
        (String::new(), FaultKind::Ambiguous),
    ] {
        for _ in 0..2 {
            house.answer_once(batch(200, &[DONE, &part, DONE])).await;
        }
        let outcomes = house.three().await.unwrap();
        assert_eq!(fault(&outcomes[1]).0, kind, "{part}");
        assert_eq!((&outcomes[0], &outcomes[2]), (&ItemOutcome::Done, &ItemOutcome::Done), "{part}");
        assert_eq!(house.check_ins(3).await.unwrap(), check_in_outcomes(&outcomes), "{part}");
        assert!(!format!("{outcomes:?}").contains("ada@example.com"));
    }
}

/// The same faults, under the other operation's name.
fn check_in_outcomes(outcomes: &[ItemOutcome]) -> Vec<ItemOutcome> {
    let renamed = |outcome: &ItemOutcome| match outcome {
        ItemOutcome::Failed(fault) => ItemOutcome::Failed(Fault { operation: "upsert", ..fault.clone() }),
        other => other.clone(),
    };
    outcomes.iter().map(renamed).collect()
}

#[tokio::test]
async fn a_404_without_a_code_is_about_the_row_only_where_the_row_must_exist() {
    let house = House::new().await;
    for _ in 0..2 {
        house.answer_once(batch(200, &["HTTP/1.1 404 Not Found\r\n\r\n", DONE, DONE])).await;
    }
    assert_eq!(house.three().await.unwrap()[0], ItemOutcome::Absent);
    let outcomes = house.check_ins(3).await.unwrap();
    assert_eq!(fault(&outcomes[0]), (FaultKind::Gone { what: Missing::Table }, "dataverse.not_found"));
}

#[tokio::test]
async fn a_batch_that_stops_early_still_tells_of_those_before() {
    let house = House::new().await;
    house.answer_once(batch(400, &[DONE, &failed(400, "0x80044331")])).await;
    let outcomes = house.three().await.unwrap();
    assert_eq!(outcomes[0], ItemOutcome::Done);
    assert_eq!(fault(&outcomes[1]).1, "dataverse.too_long");
    assert_eq!(fault(&outcomes[2]), (FaultKind::Transient, "dataverse.not_begun"));

    house.answer_once(batch(404, &[&failed(404, "0x80040217")])).await;
    let outcomes = house.three().await.unwrap();
    assert_eq!(outcomes[0], ItemOutcome::Absent);
    assert_eq!(fault(&outcomes[1]).1, "dataverse.not_begun");
}

#[tokio::test]
async fn an_answer_that_is_cut_off_leaves_the_rest_unclear() {
    let house = House::new().await;
    let whole = format!("--batchresponse_7\r\n\r\n{DONE}\r\n--batchresponse_7\r\n\r\nHTTP/1.1 2");
    house.answer_once(raw(200, &whole)).await;
    let outcomes = house.three().await.unwrap();
    assert_eq!(outcomes[0], ItemOutcome::Done);
    assert_eq!(fault(&outcomes[1]), (FaultKind::Ambiguous, "dataverse.malformed"));
    assert_eq!(fault(&outcomes[2]), (FaultKind::Ambiguous, "dataverse.not_told"));
}

#[tokio::test]
async fn a_batch_as_a_whole_fails_as_a_whole() {
    let house = House::new().await;
    let lines = "\r\n".repeat(3);
    for (answer, kind, code) in [
        (error(400, "0x80060000"), field("dataverse.refused"), "dataverse.refused"),
        (
            error(403, "0x80072560"),
            FaultKind::Denied { why: Some(Code::new("dataverse.not_a_member")) },
            "dataverse.not_a_member",
        ),
        (
            error(429, "0x80072326").insert_header("Retry-After", "3"),
            FaultKind::Throttled { after: Some(SignedDuration::from_secs(3)) },
            "transport.throttled",
        ),
        (
            ResponseTemplate::new(503).insert_header("Retry-After", "3"),
            FaultKind::Throttled { after: Some(SignedDuration::from_secs(3)) },
            "transport.throttled",
        ),
        (ResponseTemplate::new(503), FaultKind::Ambiguous, "transport.status_5xx"),
        (batch(500, &[DONE, DONE, DONE]), FaultKind::Ambiguous, "transport.status_5xx"),
        (ResponseTemplate::new(200), FaultKind::Ambiguous, "dataverse.malformed"),
        (ResponseTemplate::new(204), FaultKind::Ambiguous, "dataverse.malformed"),
        (
            ResponseTemplate::new(200).set_body_string("<html>sign in</html>"),
            FaultKind::Ambiguous,
            "dataverse.malformed",
        ),
        (raw(200, &lines), FaultKind::Ambiguous, "dataverse.malformed"),
        (batch(200, &[]), FaultKind::Ambiguous, "dataverse.malformed"),
        (batch(200, &[DONE, DONE, DONE, DONE]), FaultKind::Ambiguous, "dataverse.malformed"),
    ] {
        house.answer_once(answer).await;
        let fault = house.three().await.unwrap_err();
        assert_eq!((fault.kind, fault.code.as_str()), (kind, code));
    }
}

#[tokio::test]
async fn a_token_that_had_ended_does_not_cost_the_batch() {
    let house = House::new().await;
    house.answer(batch(200, &[DONE, DONE, DONE])).await;
    house.answer_once(ResponseTemplate::new(401)).await;
    assert_eq!(house.three().await.unwrap().len(), 3);
    assert_eq!((house.requests().await.len(), house.tokens().await), (2, 2));
}
