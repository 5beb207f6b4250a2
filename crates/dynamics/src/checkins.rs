//! Attendance as check-ins: rows of our own, by an id that follows from what they are about.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use webinar_bridge_domain::fault::{Fault, Peer};
use webinar_bridge_domain::port::{CheckIn, CheckInBatch, ItemOutcome};
use webinar_bridge_transport::{Answer, Exchange, StatusCode};

use crate::api::Session;
use crate::batch::{self, Patch};
use crate::config::{DynamicsSettings, named};
use crate::refusal::{self, NO_SUCH_ROW};
use crate::translate::seconds;

const UPSERT: Exchange = Exchange::write(Peer::Crm, "upsert");

/// Makes or changes the check-ins.
pub(crate) async fn upsert(session: &Session<'_>, batch: &CheckInBatch) -> Result<Vec<ItemOutcome>, Fault> {
    let settings = session.settings();
    let patches: Vec<Patch> = batch.items.iter().map(|item| patch(item, settings)).collect();
    batch::send(session, &patches, is_absent, &UPSERT).await
}

/// The check-in itself is made when it is absent, so what is absent is a row that it names.
fn is_absent(answer: &Answer) -> bool {
    answer.status == StatusCode::NOT_FOUND && refusal::code(answer) == Some(NO_SUCH_ROW)
}

fn patch(item: &CheckIn, settings: &DynamicsSettings) -> Patch {
    Patch {
        resource: format!("{}({})", settings.check_ins.set, item.id.uuid()),
        must_exist: false,
        body: body(item, settings),
    }
}

/// All that is known: which columns an organization demands together is for its plug-ins to say.
fn body(item: &CheckIn, settings: &DynamicsSettings) -> BTreeMap<String, Value> {
    let columns = &settings.check_ins;
    let mut body = BTreeMap::new();
    let mut set = |name: &str, value: Value| {
        body.extend(named(name).map(|name| (name.to_owned(), value)));
    };
    set(&columns.name, json!(columns.name_text));
    set(&columns.kind, json!(columns.kind_event));
    for (column, at) in [(&columns.first, item.watched.first), (&columns.last, item.watched.last)] {
        if let Some(at) = at {
            set(column, json!(seconds(at)));
        }
    }
    set(&columns.minutes, whole(item.watched.minutes()));
    set(&columns.interactions, whole(item.watched.interactions));
    let binds = [
        (&columns.contact_navigation, &settings.contacts.set, item.contact.uuid()),
        (&columns.event_navigation, &settings.events.set, item.webinar.uuid()),
        (&columns.registration_navigation, &settings.registrations.set, item.source.uuid()),
    ];
    for (navigation, set_name, id) in binds {
        if let Some(navigation) = named(navigation) {
            set(&format!("{navigation}@odata.bind"), json!(format!("/{set_name}({id})")));
        }
    }
    body
}

/// The platform's whole numbers are signed.
fn whole(number: u32) -> Value {
    json!(i32::try_from(number).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use webinar_bridge_domain::metrics::{AttendanceId, Watched};

    use super::*;

    fn check_in(watched: Watched) -> CheckIn {
        let (webinar, source) = (Uuid::from_u128(2).into(), Uuid::from_u128(3).into());
        CheckIn {
            id: AttendanceId::of(Uuid::from_u128(1).into(), webinar, source),
            webinar,
            source,
            contact: Uuid::from_u128(4).into(),
            watched,
        }
    }

    #[test]
    fn all_that_is_known_is_sent() {
        let watched = Watched {
            live_minutes: 41,
            ondemand_minutes: 7,
            interactions: 5,
            first: "2026-11-20T09:01:02.5Z".parse().ok(),
            last: "2026-11-20T09:58:00Z".parse().ok(),
        };
        let expected = json!({
            "msevtmgt_name": "Webinar attendance",
            "msevtmgt_checkintype": 100_000_001,
            "msevtmgt_checkintime": "2026-11-20T09:01:02Z",
            "msevtmgt_checkouttime": "2026-11-20T09:58:00Z",
            "msevtmgt_viewingdurationinmins": 48,
            "msevtmgt_numberofquestionsasked": 5,
            "msevtmgt_Contact@odata.bind": "/contacts(00000000-0000-0000-0000-000000000004)",
            "msevtmgt_Event@odata.bind": "/msevtmgt_events(00000000-0000-0000-0000-000000000002)",
            "msevtmgt_RegistrationId@odata.bind":
                "/msevtmgt_eventregistrations(00000000-0000-0000-0000-000000000003)",
        });
        assert_eq!(json!(body(&check_in(watched), &DynamicsSettings::default())), expected);
    }

    #[test]
    fn what_is_unknown_is_left_out_and_what_is_too_much_is_cut() {
        let watched = Watched { live_minutes: u32::MAX, interactions: u32::MAX, ..Watched::default() };
        let body = body(&check_in(watched), &DynamicsSettings::default());
        assert!(!body.contains_key("msevtmgt_checkintime") && !body.contains_key("msevtmgt_checkouttime"));
        assert_eq!(body["msevtmgt_viewingdurationinmins"], json!(i32::MAX));
        assert_eq!(body["msevtmgt_numberofquestionsasked"], json!(i32::MAX));
    }
}
