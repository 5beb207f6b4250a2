//! What a CRM's adapter promises of answers.

use uuid::Uuid;
use webinar_bridge_domain::fault::{Code, FaultKind};
use webinar_bridge_domain::id::{ProviderPersonId, SourceId};
use webinar_bridge_domain::port::{AnswerBatch, AnswerItem, ItemOutcome};
use webinar_bridge_domain::registration::{Answer, Cause, Words};

use crate::subject::{Ability, CrmSubject};
use crate::world::{CrmEdit, CrmStage, CrmWorld, Told, Weather};

const WORDS: &str = "The country is not one of the options & cannot be used";

fn admitted(id: &str) -> Answer {
    Answer::Admitted(Some(ProviderPersonId::new(id)))
}

fn refused() -> Answer {
    Answer::Held(Cause::Refused(Words::new(WORDS)))
}

fn batch(stage: CrmStage, items: impl IntoIterator<Item = (SourceId, Answer)>) -> AnswerBatch {
    let items = items.into_iter().map(|(source, answer)| AnswerItem { source, answer }).collect();
    AnswerBatch { organization: stage.organization, items }
}

async fn answer(
    s: &dyn CrmSubject,
    stage: CrmStage,
    items: impl IntoIterator<Item = (SourceId, Answer)>,
) -> Vec<ItemOutcome> {
    s.answers().answer(&batch(stage, items)).await.expect("a calm world")
}

async fn arranged(s: &mut dyn CrmSubject, people: u32) -> (CrmStage, Vec<SourceId>) {
    let world = CrmWorld::with_people(people);
    let rows = world.registrations.iter().map(|row| row.id).collect();
    (s.arrange(world).await, rows)
}

async fn told(s: &dyn CrmSubject, row: SourceId) -> Told {
    s.told(row).await.expect("the row is there")
}

/// The row shows that the person is at the provider, and under which id.
pub async fn an_admission_shows_with_its_id(s: &mut dyn CrmSubject) {
    let (stage, rows) = arranged(s, 2).await;
    assert_eq!(told(s, rows[0]).await, Told::Nothing);
    assert_eq!(answer(s, stage, [(rows[0], admitted("305148"))]).await, [ItemOutcome::Done]);
    assert_eq!(told(s, rows[0]).await, Told::Admitted(Some("305148".into())));
    assert_eq!(told(s, rows[1]).await, Told::Nothing, "another row was told");
}

/// An admission without an id shows too.
pub async fn an_admission_without_an_id_shows(s: &mut dyn CrmSubject) {
    let (stage, rows) = arranged(s, 1).await;
    assert_eq!(answer(s, stage, [(rows[0], Answer::Admitted(None))]).await, [ItemOutcome::Done]);
    assert_eq!(told(s, rows[0]).await, Told::Admitted(None));
}

/// The row shows that the person is off the list.
pub async fn a_cancellation_shows(s: &mut dyn CrmSubject) {
    let (stage, rows) = arranged(s, 1).await;
    assert_eq!(answer(s, stage, [(rows[0], Answer::Cancelled)]).await, [ItemOutcome::Done]);
    assert_eq!(told(s, rows[0]).await, Told::Cancelled);
}

/// The row shows why the person is held, in the provider's words if it is the provider's no.
pub async fn a_hold_shows_with_its_reason(s: &mut dyn CrmSubject) {
    let (stage, rows) = arranged(s, 5).await;
    let causes = [
        Cause::Refused(Words::new(WORDS)),
        Cause::TooLate,
        Cause::Invalid(Code::new("email")),
        Cause::Exhausted,
        Cause::Unresolved,
    ];
    let items = rows.iter().copied().zip(causes.into_iter().map(Answer::Held));
    assert_eq!(answer(s, stage, items).await, vec![ItemOutcome::Done; 5]);
    for row in &rows {
        let Told::Held(text) = told(s, *row).await else { panic!("the row does not show the hold") };
        assert!(!text.trim().is_empty(), "a hold without a reason");
    }
    let Told::Held(text) = told(s, rows[0]).await else { unreachable!("seen above") };
    assert!(text.contains(WORDS), "the provider's words are not there: {text}");
}

/// A newer answer takes the place of the older one, whole.
pub async fn a_newer_answer_takes_the_place_of_the_older(s: &mut dyn CrmSubject) {
    let (stage, rows) = arranged(s, 1).await;
    for (given, shown) in [
        (refused(), None),
        (admitted("305148"), Some(Told::Admitted(Some("305148".into())))),
        (Answer::Cancelled, Some(Told::Cancelled)),
        (admitted("305149"), Some(Told::Admitted(Some("305149".into())))),
    ] {
        assert_eq!(answer(s, stage, [(rows[0], given)]).await, [ItemOutcome::Done]);
        let seen = told(s, rows[0]).await;
        assert!(shown.as_ref().is_none_or(|shown| *shown == seen), "{seen:?} instead of {shown:?}");
    }
}

/// The same answer again changes nothing that shows.
pub async fn answering_again_changes_nothing(s: &mut dyn CrmSubject) {
    let (stage, rows) = arranged(s, 2).await;
    let items = [(rows[0], admitted("305148")), (rows[1], refused())];
    assert_eq!(answer(s, stage, items.clone()).await, vec![ItemOutcome::Done; 2]);
    let before = (told(s, rows[0]).await, told(s, rows[1]).await);
    assert_eq!(answer(s, stage, items).await, vec![ItemOutcome::Done; 2]);
    assert_eq!((told(s, rows[0]).await, told(s, rows[1]).await), before);
}

/// A row that is gone is absent, and is not made again.
pub async fn a_row_that_is_gone_is_not_made_again(s: &mut dyn CrmSubject) {
    let (stage, rows) = arranged(s, 1).await;
    s.edit(CrmEdit::DeleteRegistration(rows[0])).await;
    assert_eq!(answer(s, stage, [(rows[0], admitted("305148"))]).await, [ItemOutcome::Absent]);
    assert_eq!(s.told(rows[0]).await, None, "the row was made again");
}

/// Outcomes come in order, and an item that cannot be done spoils nothing for the others.
pub async fn one_absent_row_spoils_nothing_for_the_others(s: &mut dyn CrmSubject) {
    let (stage, rows) = arranged(s, 3).await;
    s.edit(CrmEdit::DeleteRegistration(rows[1])).await;
    let items = [
        (rows[0], admitted("1")),
        (rows[1], admitted("2")),
        (Uuid::from_u128(0xdead).into(), Answer::Cancelled),
        (rows[2], admitted("3")),
    ];
    let outcomes = answer(s, stage, items).await;
    let (done, absent) = (ItemOutcome::Done, ItemOutcome::Absent);
    assert_eq!(outcomes, [done.clone(), absent.clone(), absent, done]);
    assert_eq!(told(s, rows[0]).await, Told::Admitted(Some("1".into())));
    assert_eq!(told(s, rows[2]).await, Told::Admitted(Some("3".into())));
}

/// The largest batch there is, and the smallest.
pub async fn the_largest_batch_is_answered_whole(s: &mut dyn CrmSubject) {
    let count = u32::try_from(AnswerBatch::LARGEST).expect("a small number");
    let (stage, rows) = arranged(s, count).await;
    assert_eq!(answer(s, stage, []).await, []);
    let items = rows.iter().enumerate().map(|(n, row)| (*row, admitted(&n.to_string())));
    assert_eq!(answer(s, stage, items).await, vec![ItemOutcome::Done; rows.len()]);
    for n in [0, 57, 99] {
        assert_eq!(told(s, rows[n]).await, Told::Admitted(Some(n.to_string())));
    }
}

/// Whether an answer was given is not known in bad weather, nobody says it was, and giving it again is safe.
pub async fn bad_weather_over_answers_is_made_up_for(s: &mut dyn CrmSubject) {
    if !s.can(Ability::Weather) {
        return;
    }
    let (stage, rows) = arranged(s, 1).await;
    let items = [(rows[0], admitted("305148"))];
    for weather in [Weather::Fails, Weather::DropsAnswers, Weather::Garbles, Weather::Throttles] {
        s.weather(weather).await;
        let kinds: Vec<_> = match s.answers().answer(&batch(stage, items.clone())).await {
            Err(fault) => vec![fault.kind],
            Ok(outcomes) => outcomes.into_iter().map(failed).collect(),
        };
        let passes = |kind: &FaultKind| match kind {
            FaultKind::Throttled { .. } => weather == Weather::Throttles,
            FaultKind::Transient | FaultKind::Ambiguous => weather != Weather::Throttles,
            _ => false,
        };
        assert!(kinds.iter().all(passes), "{weather:?}: {kinds:?}");
    }
    s.weather(Weather::Calm).await;
    assert_eq!(answer(s, stage, items).await, [ItemOutcome::Done]);
    assert_eq!(told(s, rows[0]).await, Told::Admitted(Some("305148".into())));
}

fn failed(outcome: ItemOutcome) -> FaultKind {
    match outcome {
        ItemOutcome::Failed(fault) => fault.kind,
        ItemOutcome::Done | ItemOutcome::Absent => panic!("nobody can know that: {outcome:?}"),
    }
}
