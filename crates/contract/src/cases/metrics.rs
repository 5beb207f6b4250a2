//! What a CRM's adapter promises of check-ins.

use uuid::Uuid;
use webinar_bridge_domain::metrics::{AttendanceId, Watched};
use webinar_bridge_domain::port::{CheckIn, CheckInBatch, ItemOutcome};
use webinar_bridge_domain::time::Timestamp;

use crate::subject::{Ability, CrmSubject};
use crate::world::{CrmEdit, CrmRegistrationRow, CrmStage, CrmWorld, KeptCheckIn, Weather};

const FIRST: Timestamp = Timestamp::constant(1_773_000_120, 0);
const LAST: Timestamp = Timestamp::constant(1_773_003_300, 0);

fn watched(live: u32, ondemand: u32) -> Watched {
    Watched {
        live_minutes: live,
        ondemand_minutes: ondemand,
        interactions: 3,
        first: Some(FIRST),
        last: Some(LAST),
    }
}

fn check_in(stage: CrmStage, row: CrmRegistrationRow, watched: Watched) -> CheckIn {
    CheckIn {
        id: AttendanceId::of(stage.organization, row.event, row.id),
        webinar: row.event,
        source: row.id,
        contact: row.contact,
        watched,
    }
}

async fn upsert(s: &dyn CrmSubject, stage: CrmStage, items: Vec<CheckIn>) -> Vec<ItemOutcome> {
    let batch = CheckInBatch { organization: stage.organization, items };
    s.metrics().upsert(&batch).await.expect("a calm world")
}

async fn arranged(s: &mut dyn CrmSubject, people: u32) -> (CrmStage, Vec<CrmRegistrationRow>) {
    let world = CrmWorld::with_people(people);
    let rows = world.registrations.clone();
    (s.arrange(world).await, rows)
}

/// The numbers arrive as they are: minutes live and on demand together, interactions, first and last activity.
pub async fn the_numbers_arrive(s: &mut dyn CrmSubject) {
    let (stage, rows) = arranged(s, 2).await;
    let item = check_in(stage, rows[0], watched(42, 7));
    let expected = KeptCheckIn {
        id: item.id.uuid(),
        source: rows[0].id,
        contact: rows[0].contact,
        minutes: 49,
        interactions: 3,
        first: Some(FIRST),
        last: Some(LAST),
    };
    assert_eq!(upsert(s, stage, vec![item]).await, [ItemOutcome::Done]);
    assert_eq!(s.check_ins().await, [expected]);
}

/// Somebody whose times are not known has minutes all the same.
pub async fn minutes_arrive_without_times(s: &mut dyn CrmSubject) {
    let (stage, rows) = arranged(s, 1).await;
    let bare = Watched { ondemand_minutes: 5, ..Watched::default() };
    assert_eq!(upsert(s, stage, vec![check_in(stage, rows[0], bare)]).await, [ItemOutcome::Done]);
    let kept = s.check_ins().await;
    assert_eq!((kept.len(), kept[0].minutes), (1, 5));
}

/// Writing the same again leaves one row.
pub async fn writing_twice_leaves_one_row(s: &mut dyn CrmSubject) {
    let (stage, rows) = arranged(s, 1).await;
    let item = check_in(stage, rows[0], watched(42, 7));
    for _ in 0..2 {
        assert_eq!(upsert(s, stage, vec![item.clone()]).await, [ItemOutcome::Done]);
    }
    assert_eq!(s.check_ins().await.len(), 1);
}

/// Newer numbers take the place of older ones, also when they are less.
pub async fn newer_numbers_take_the_place_of_older(s: &mut dyn CrmSubject) {
    let (stage, rows) = arranged(s, 1).await;
    for (live, ondemand) in [(10, 0), (42, 7), (41, 0)] {
        let item = check_in(stage, rows[0], watched(live, ondemand));
        assert_eq!(upsert(s, stage, vec![item]).await, [ItemOutcome::Done]);
        let kept = s.check_ins().await;
        assert_eq!((kept.len(), kept[0].minutes), (1, live + ondemand));
    }
}

/// A registration that is gone is absent, and the others are written.
pub async fn a_missing_registration_is_absent(s: &mut dyn CrmSubject) {
    let (stage, rows) = arranged(s, 3).await;
    s.edit(CrmEdit::DeleteRegistration(rows[1].id)).await;
    let never = CrmRegistrationRow { id: Uuid::from_u128(0xdead).into(), ..rows[0] };
    let items = [rows[0], rows[1], never, rows[2]].map(|row| check_in(stage, row, watched(10, 0)));
    let outcomes = upsert(s, stage, items.into()).await;
    let (done, absent) = (ItemOutcome::Done, ItemOutcome::Absent);
    assert_eq!(outcomes, [done.clone(), absent.clone(), absent, done]);
    let mut kept: Vec<_> = s.check_ins().await.iter().map(|row| row.source).collect();
    kept.sort();
    assert_eq!(kept, [rows[0].id, rows[2].id]);
}

/// The largest batch there is, and the smallest.
pub async fn the_largest_batch_is_written_whole(s: &mut dyn CrmSubject) {
    let count = u32::try_from(CheckInBatch::LARGEST).expect("a small number");
    let (stage, rows) = arranged(s, count).await;
    assert_eq!(upsert(s, stage, vec![]).await, []);
    let items = rows.iter().map(|row| check_in(stage, *row, watched(1, 1))).collect();
    assert_eq!(upsert(s, stage, items).await, vec![ItemOutcome::Done; rows.len()]);
    assert_eq!(s.check_ins().await.len(), rows.len());
}

/// Bad weather leaves no second row behind.
pub async fn bad_weather_over_check_ins_leaves_one_row(s: &mut dyn CrmSubject) {
    if !s.can(Ability::Weather) {
        return;
    }
    let (stage, rows) = arranged(s, 1).await;
    let item = check_in(stage, rows[0], watched(42, 7));
    let batch = CheckInBatch { organization: stage.organization, items: vec![item.clone()] };
    for weather in [Weather::DropsAnswers, Weather::Fails, Weather::Garbles, Weather::Throttles] {
        s.weather(weather).await;
        let done = s.metrics().upsert(&batch).await.is_ok_and(|all| all.contains(&ItemOutcome::Done));
        assert!(!done, "{weather:?}: nobody can know that");
    }
    s.weather(Weather::Calm).await;
    assert_eq!(upsert(s, stage, vec![item]).await, [ItemOutcome::Done]);
    assert_eq!(s.check_ins().await.len(), 1);
}
