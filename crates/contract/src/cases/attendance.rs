//! What a provider's adapter promises of attendance.

use std::collections::BTreeMap;

use webinar_bridge_domain::fault::{FaultKind, Missing};
use webinar_bridge_domain::metrics::{PageMark, Watched};
use webinar_bridge_domain::person::{Address, Details};
use webinar_bridge_domain::port::{AttendanceQuery, Attendee, RegistrantQuery};

use super::common::{PAGES, fault};
use crate::subject::{Ability, ProviderSubject};
use crate::world::{KeyState, ProviderStage, ProviderWorld, Weather, ada, people, scripts};

fn first_page(stage: &ProviderStage) -> AttendanceQuery {
    AttendanceQuery { organization: stage.organization, event: stage.event.clone(), page: PageMark::FIRST }
}

async fn attendees(s: &dyn ProviderSubject, stage: &ProviderStage) -> Vec<Attendee> {
    let (mut query, mut all) = (first_page(stage), vec![]);
    for _ in 0..PAGES {
        let page = s.attendance().attendance(&query).await.expect("attendance can be read");
        all.extend(page.attendees);
        match page.next {
            Some(next) => query.page = next,
            None => return all,
        }
    }
    panic!("attendance has no end");
}

/// What everybody watched, by address; an attendee without one is a failure.
fn by_address(attendees: &[Attendee]) -> BTreeMap<String, Watched> {
    let one = |attendee: &Attendee| {
        let address = attendee.address.as_ref().and_then(Address::canonical);
        (address.expect("an attendee with an address"), attendee.watched)
    };
    attendees.iter().map(one).collect()
}

fn over(attended: Vec<Details>) -> ProviderWorld {
    ProviderWorld { attended, started: true, ..ProviderWorld::default() }
}

/// Everybody who watched comes back once, with the provider's own numbers: minutes, interactions and times.
pub async fn everybody_who_watched_comes_back_with_their_numbers(s: &mut dyn ProviderSubject) {
    let crowd: Vec<_> = people(110).into_iter().chain(scripts()).collect();
    let stage = s.arrange(over(crowd.clone())).await;
    assert!(stage.watched.len() <= crowd.len() && !stage.watched.is_empty(), "the subject's own world");
    let found = attendees(s, &stage).await;
    assert_eq!(by_address(&found), stage.watched);
    assert_eq!(found.len(), stage.watched.len(), "somebody came back twice");
}

/// Attendance names a person as the list of registrants does.
pub async fn an_attendee_is_a_registrant_by_id(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(over(people(3))).await;
    let found = attendees(s, &stage).await;
    assert!(!found.is_empty());
    let query = RegistrantQuery { organization: stage.organization, event: stage.event.clone(), page: None };
    let listed = s.registrar().registrants(&query).await.expect("a calm world").registrants;
    for attendee in found {
        let known = listed.iter().find(|one| one.person == attendee.person).expect("an id of the list");
        let address = attendee.address.and_then(|address| address.canonical());
        assert_eq!(known.details.address.canonical(), address);
    }
}

/// Reading again brings the same numbers.
pub async fn reading_attendance_changes_nothing(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(over(people(3))).await;
    let first = attendees(s, &stage).await;
    assert_eq!(attendees(s, &stage).await, first);
}

/// Registered is not attended.
pub async fn who_did_not_come_has_no_attendance(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(ProviderWorld { registered: people(3), ..ProviderWorld::default() }).await;
    assert_eq!(attendees(s, &stage).await, []);
}

/// The attendance of an event that is not there is missing.
pub async fn attendance_of_an_unknown_event_is_missing(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(over(vec![ada()])).await;
    let query = AttendanceQuery { event: stage.nowhere.clone(), ..first_page(&stage) };
    let kind = fault(s.attendance().attendance(&query).await, &ada());
    assert_eq!(kind, FaultKind::Gone { what: Missing::Webinar });
}

/// A wrong credential is named by its version when attendance is asked for.
pub async fn attendance_needs_the_right_credential(s: &mut dyn ProviderSubject) {
    let stage = s.arrange(ProviderWorld { key: KeyState::Wrong, ..over(vec![ada()]) }).await;
    let kind = fault(s.attendance().attendance(&first_page(&stage)).await, &ada());
    assert_eq!(kind, FaultKind::Unauthorised { version: stage.version });
}

/// What goes wrong with attendance passes: it is only read.
pub async fn bad_weather_over_attendance_passes(s: &mut dyn ProviderSubject) {
    if !s.can(Ability::Weather) {
        return;
    }
    let stage = s.arrange(over(vec![ada()])).await;
    for weather in [Weather::Fails, Weather::DropsAnswers, Weather::Garbles] {
        s.weather(weather).await;
        let kind = fault(s.attendance().attendance(&first_page(&stage)).await, &ada());
        assert_eq!(kind, FaultKind::Transient, "{weather:?}");
    }
    s.weather(Weather::Throttles).await;
    let kind = fault(s.attendance().attendance(&first_page(&stage)).await, &ada());
    assert_eq!(kind, FaultKind::Throttled { after: None });
}
