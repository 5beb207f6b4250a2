//! Outcomes on their way back to the registrations they belong to.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use webinar_bridge_domain::fault::{Fault, Peer};
use webinar_bridge_domain::port::{AnswerBatch, AnswerItem, ItemOutcome};
use webinar_bridge_domain::registration::{Answer, Cause};
use webinar_bridge_transport::{Answer as Reply, Exchange, StatusCode};

use crate::api::Session;
use crate::batch::{self, Patch};
use crate::config::{Registrations, named};
use crate::refusal::{self, NO_SUCH_ROW};
use crate::translate::shortened;

const ANSWER: Exchange = Exchange::write(Peer::Crm, "answer");

/// Writes the answers. The rows are the CRM's own, so they are changed only where they are still there.
pub(crate) async fn answer(session: &Session<'_>, batch: &AnswerBatch) -> Result<Vec<ItemOutcome>, Fault> {
    let columns = &session.settings().registrations;
    let patches: Vec<Patch> = batch.items.iter().map(|item| patch(item, columns)).collect();
    if patches.iter().all(|patch| patch.body.is_empty()) {
        // Nothing is to be written, as the settings have it.
        return Ok(vec![ItemOutcome::Done; batch.items.len()]);
    }
    batch::send(session, &patches, is_absent, &ANSWER).await
}

/// A 404 without a code is still about the row: an unknown entity set comes with one.
fn is_absent(answer: &Reply) -> bool {
    answer.status == StatusCode::NOT_FOUND && refusal::code(answer).is_none_or(|code| code == NO_SUCH_ROW)
}

fn patch(item: &AnswerItem, columns: &Registrations) -> Patch {
    Patch {
        resource: format!("{}({})", columns.set, item.source),
        must_exist: true,
        body: body(&item.answer, columns),
    }
}

/// The columns that are ours, whole, so that writing the same answer again changes nothing. The provider's id stays
/// where it is until there is another: it tells who the person was.
fn body(answer: &Answer, columns: &Registrations) -> BTreeMap<String, Value> {
    let (outcome, synced) = match answer {
        Answer::Admitted(_) => (columns.outcome_published, columns.synced_yes),
        Answer::Cancelled => (columns.outcome_pending, columns.synced_no),
        Answer::Held(cause) => (held(cause, columns), columns.synced_no),
    };
    let mut body = BTreeMap::new();
    let mut set = |name: &str, value: Value| {
        body.extend(named(name).map(|name| (name.to_owned(), value)));
    };
    set(&columns.outcome, json!(outcome));
    set(&columns.synced, json!(synced));
    if let Answer::Admitted(Some(person)) = answer {
        set(&columns.person, json!(person.as_str()));
    }
    let words = match answer {
        Answer::Admitted(_) => Value::Null,
        // Without it a row that was called off would look like one that nobody has seen yet.
        Answer::Cancelled => json!("cancelled"),
        Answer::Held(cause) => json!(shortened(&words(cause), columns.words_length)),
    };
    set(&columns.words, words);
    body
}

/// Something about the row, or something about the provider.
const fn held(cause: &Cause, columns: &Registrations) -> i64 {
    match cause {
        Cause::Refused(_) | Cause::Invalid(_) | Cause::TooLate => columns.outcome_failed,
        Cause::Exhausted | Cause::Unresolved | Cause::Poison | Cause::Brake => columns.outcome_provider_error,
    }
}

fn words(cause: &Cause) -> String {
    let name = cause.name();
    match cause {
        Cause::Refused(words) => format!("{name}: {words}"),
        Cause::Invalid(field) => format!("{name}: {field}"),
        _ => format!("{name}: {}", cause.remedy()),
    }
}

#[cfg(test)]
mod tests {
    use webinar_bridge_domain::fault::Code;
    use webinar_bridge_domain::id::ProviderPersonId;
    use webinar_bridge_domain::registration::Words;

    use super::*;

    fn written(answer: &Answer) -> String {
        json!(body(answer, &Registrations::default())).to_string()
    }

    #[test]
    fn every_answer_has_its_columns() {
        let table = [
            (
                Answer::Admitted(Some(ProviderPersonId::new("305477"))),
                r#"{"msevtmgt_publishingstate":100000001,"msevtmgt_registrationstatus":null,"msevtmgt_syncedwithprovider":100000002,"msevtmgt_webinarregistrationid":"305477"}"#,
            ),
            (
                Answer::Admitted(None),
                r#"{"msevtmgt_publishingstate":100000001,"msevtmgt_registrationstatus":null,"msevtmgt_syncedwithprovider":100000002}"#,
            ),
            (
                Answer::Cancelled,
                r#"{"msevtmgt_publishingstate":100000000,"msevtmgt_registrationstatus":"cancelled","msevtmgt_syncedwithprovider":100000001}"#,
            ),
            (
                Answer::Held(Cause::Refused(Words::new("country is required"))),
                r#"{"msevtmgt_publishingstate":100000003,"msevtmgt_registrationstatus":"refused: country is required","msevtmgt_syncedwithprovider":100000001}"#,
            ),
            (
                Answer::Held(Cause::Invalid(Code::new("email"))),
                r#"{"msevtmgt_publishingstate":100000003,"msevtmgt_registrationstatus":"invalid: email","msevtmgt_syncedwithprovider":100000001}"#,
            ),
        ];
        for (answer, expected) in table {
            let expected: Value = serde_json::from_str(expected).unwrap();
            assert_eq!(json!(body(&answer, &Registrations::default())), expected, "{answer:?}");
        }
    }

    #[test]
    fn causes_are_about_the_row_or_about_the_provider() {
        for (cause, state) in [
            (Cause::TooLate, 100_000_003),
            (Cause::Exhausted, 100_000_004),
            (Cause::Unresolved, 100_000_004),
            (Cause::Poison, 100_000_004),
            (Cause::Brake, 100_000_004),
        ] {
            let text = written(&Answer::Held(cause.clone()));
            assert!(text.contains(&format!("\"msevtmgt_publishingstate\":{state}")), "{text}");
            assert!(text.contains(cause.name()), "{text}");
        }
    }

    #[test]
    fn words_fit_their_column() {
        let answer = Answer::Held(Cause::Refused(Words::new(&"ü😀".repeat(140))));
        let body = body(&answer, &Registrations::default());
        let words = body["msevtmgt_registrationstatus"].as_str().unwrap();
        assert_eq!(words.encode_utf16().count(), 100);
    }

    #[test]
    fn a_column_that_is_switched_off_is_not_written() {
        let columns =
            Registrations { synced: String::new(), words: String::new(), ..Registrations::default() };
        let body = body(&Answer::Held(Cause::TooLate), &columns);
        assert_eq!(body.keys().collect::<Vec<_>>(), ["msevtmgt_publishingstate"]);
    }
}
