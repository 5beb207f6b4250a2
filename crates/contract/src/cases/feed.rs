//! What a CRM's adapter promises of its feed.

use std::collections::BTreeMap;

use uuid::Uuid;
use webinar_bridge_domain::fault::{FaultKind, Missing};
use webinar_bridge_domain::id::{CrmRecordId, SourceId};
use webinar_bridge_domain::port::{
    CrmRegistration, CrmTable, CrmWebinar, Cursor, FeedPosition, Reading, RowsQuery,
};

use super::common::{PAGES, fault};
use crate::subject::{Ability, CrmSubject};
use crate::world::{CrmCompany, CrmEdit, CrmStage, CrmWorld, Weather, ada};

/// The whole of a feed from a place on: each row that changed and whether it was deleted in the end, and the place
/// after it.
async fn read_on(
    s: &dyn CrmSubject,
    stage: CrmStage,
    table: CrmTable,
    cursor: Option<Cursor>,
) -> (BTreeMap<CrmRecordId, bool>, Cursor) {
    let mut at = FeedPosition { organization: stage.organization, table, cursor };
    let mut rows = BTreeMap::new();
    for _ in 0..PAGES {
        let page = s.feed().changes(&at).await.expect("the feed can be read");
        rows.extend(page.rows.iter().map(|row| (row.id, row.deleted)));
        if !page.more {
            return (rows, page.next);
        }
        at.cursor = Some(page.next);
    }
    panic!("the feed has no end");
}

/// The place after everything that is there.
async fn end_of(s: &dyn CrmSubject, stage: CrmStage, table: CrmTable) -> Option<Cursor> {
    Some(read_on(s, stage, table, None).await.1)
}

fn rows(stage: CrmStage, ids: impl IntoIterator<Item = CrmRecordId>) -> RowsQuery {
    RowsQuery { organization: stage.organization, ids: ids.into_iter().collect() }
}

async fn readings(
    s: &dyn CrmSubject,
    stage: CrmStage,
    ids: &[SourceId],
) -> BTreeMap<CrmRecordId, Reading<CrmRegistration>> {
    let query = rows(stage, ids.iter().map(|id| (*id).into()));
    let found = s.feed().registrations(&query).await.expect("rows can be read");
    found.into_iter().map(|reading| (reading.id, reading)).collect()
}

async fn reading(s: &dyn CrmSubject, stage: CrmStage, id: SourceId) -> Reading<CrmRegistration> {
    readings(s, stage, &[id]).await.remove(&id.into()).expect("the row is there")
}

async fn webinar(s: &dyn CrmSubject, stage: CrmStage, id: CrmRecordId) -> Reading<CrmWebinar> {
    let mut found = s.feed().webinars(&rows(stage, [id])).await.expect("rows can be read");
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn ids(world: &CrmWorld, table: CrmTable) -> Vec<CrmRecordId> {
    match table {
        CrmTable::Webinars => world.webinars.iter().map(|(id, _)| (*id).into()).collect(),
        CrmTable::Registrations => world.registrations.iter().map(|row| row.id.into()).collect(),
        CrmTable::Contacts => world.contacts.iter().map(|row| row.id).collect(),
        CrmTable::Accounts => world.companies.iter().map(|row| row.id).collect(),
    }
}

/// Without a cursor the feed of every table begins with every row there is.
pub async fn a_feed_begins_with_every_row(s: &mut dyn CrmSubject) {
    let world = CrmWorld::with_people(230);
    let stage = s.arrange(world.clone()).await;
    for table in CrmTable::ALL {
        let (seen, _) = read_on(s, stage, table, None).await;
        let missing = ids(&world, table).into_iter().filter(|id| seen.get(id) != Some(&false)).count();
        assert_eq!(missing, 0, "{table:?}");
    }
}

/// What changed after a place appears after it, in the table where it changed.
pub async fn a_change_appears_after_the_place_before_it(s: &mut dyn CrmSubject) {
    let mut world = CrmWorld::with_people(3);
    let stage = s.arrange(world.clone()).await;
    let mut places = BTreeMap::new();
    for table in CrmTable::ALL {
        places.insert(table, end_of(s, stage, table).await);
    }
    world.registrations[0].cancelled = true;
    world.contacts[1].last_name = "King".into();
    world.companies[0].name = "Difference Engines".into();
    world.webinars[0].1.title = "Renamed".into();
    s.edit(CrmEdit::Registration(world.registrations[0])).await;
    s.edit(CrmEdit::Contact(world.contacts[1].clone())).await;
    s.edit(CrmEdit::Company(world.companies[0].clone())).await;
    s.edit(CrmEdit::Webinar(world.webinars[0].0, world.webinars[0].1.clone())).await;
    for (table, changed) in [
        (CrmTable::Registrations, world.registrations[0].id.into()),
        (CrmTable::Contacts, world.contacts[1].id),
        (CrmTable::Accounts, world.companies[0].id),
        (CrmTable::Webinars, world.webinars[0].0.into()),
    ] {
        let (seen, _) = read_on(s, stage, table, places.remove(&table).flatten()).await;
        assert_eq!(seen.get(&changed), Some(&false), "{table:?}");
    }
}

/// A place that was read to its end leads to nothing until something changes, and then to what changed since.
pub async fn a_place_leads_on_from_where_it_was(s: &mut dyn CrmSubject) {
    let mut world = CrmWorld::with_people(3);
    let stage = s.arrange(world.clone()).await;
    let mut place = end_of(s, stage, CrmTable::Registrations).await;
    for n in 0..3 {
        world.registrations[n].cancelled = true;
        s.edit(CrmEdit::Registration(world.registrations[n])).await;
        let (seen, next) = read_on(s, stage, CrmTable::Registrations, place).await;
        assert!(seen.contains_key(&world.registrations[n].id.into()), "change {n} is missing");
        place = Some(next);
    }
}

/// A row that was deleted appears as deleted, and is absent from the answer when it is read.
pub async fn a_deleted_row_appears_as_deleted(s: &mut dyn CrmSubject) {
    let world = CrmWorld::with_people(3);
    let stage = s.arrange(world.clone()).await;
    let place = end_of(s, stage, CrmTable::Registrations).await;
    let gone = world.registrations[1].id;
    s.edit(CrmEdit::DeleteRegistration(gone)).await;
    let (seen, _) = read_on(s, stage, CrmTable::Registrations, place).await;
    assert_eq!(seen.get(&gone.into()), Some(&true));
    assert!(readings(s, stage, &[gone]).await.is_empty());
}

/// A place that has expired is missing, never an empty page.
pub async fn an_expired_place_is_missing(s: &mut dyn CrmSubject) {
    if !s.can(Ability::ExpiresCursors) {
        return;
    }
    let stage = s.arrange(CrmWorld::with_people(2)).await;
    let cursor = end_of(s, stage, CrmTable::Registrations).await;
    s.edit(CrmEdit::ExpireCursors).await;
    let at = FeedPosition { organization: stage.organization, table: CrmTable::Registrations, cursor };
    let kind = fault(s.feed().changes(&at).await, &ada());
    assert_eq!(kind, FaultKind::Gone { what: Missing::Cursor });
    let (seen, _) = read_on(s, stage, CrmTable::Registrations, None).await;
    assert_eq!(seen.len(), 2, "reading anew begins with every row");
}

/// A registration is read whole: with its event, its contact and the contact's company.
pub async fn a_registration_is_read_whole(s: &mut dyn CrmSubject) {
    let world = CrmWorld::with_people(3);
    let stage = s.arrange(world.clone()).await;
    let wanted: Vec<_> = world.registrations.iter().map(|row| row.id).collect();
    let found = readings(s, stage, &wanted).await;
    assert_eq!(found.len(), 3);
    for (row, contact) in world.registrations.iter().zip(&world.contacts) {
        let read = &found[&row.id.into()].row;
        let company = contact.company.and_then(|id| world.companies.iter().find(|one| one.id == id));
        assert_eq!((read.event, read.contact, read.company), (row.event, row.contact, contact.company));
        assert!(!read.cancelled);
        assert_eq!(read.details.address.as_typed(), contact.address);
        assert_eq!(read.details.first_name, contact.first_name);
        assert_eq!(read.details.last_name, contact.last_name);
        assert_eq!(read.details.job_title, contact.job_title);
        assert_eq!(read.details.company, company.map_or("", |one| one.name.as_str()));
    }
}

/// A contact without an address is read too, with an empty one.
pub async fn a_contact_without_an_address_is_read(s: &mut dyn CrmSubject) {
    let mut world = CrmWorld::with_people(2);
    world.contacts[0].address = String::new();
    world.contacts[0].first_name = String::new();
    let stage = s.arrange(world.clone()).await;
    let read = reading(s, stage, world.registrations[0].id).await.row;
    assert_eq!(read.details.address.as_typed(), "");
    assert_eq!(read.details.first_name, "");
}

/// Rows that are not there are absent from the answer, and spoil nothing for the others.
pub async fn a_missing_row_is_absent(s: &mut dyn CrmSubject) {
    let world = CrmWorld::with_people(2);
    let stage = s.arrange(world.clone()).await;
    let missing = SourceId::from(Uuid::from_u128(0xdead));
    let wanted = [world.registrations[0].id, missing, world.registrations[1].id];
    let found = readings(s, stage, &wanted).await;
    assert_eq!(found.len(), 2);
    assert!(!found.contains_key(&missing.into()));
    let webinars = rows(stage, [Uuid::from_u128(0xdead).into(), world.webinars[0].0.into()]);
    let found = s.feed().webinars(&webinars).await.expect("rows can be read");
    assert_eq!(found.len(), 1);
    let nothing = s.feed().registrations(&rows(stage, [])).await.expect("nothing can be read");
    assert_eq!(nothing.len(), 0);
}

/// As many rows as a page of hints has can be read at once.
pub async fn fifty_rows_are_read_at_once(s: &mut dyn CrmSubject) {
    let world = CrmWorld::with_people(50);
    let stage = s.arrange(world.clone()).await;
    let wanted: Vec<_> = world.registrations.iter().map(|row| row.id).collect();
    assert_eq!(readings(s, stage, &wanted).await.len(), 50);
}

/// A row that did not change has the version it had.
pub async fn an_unchanged_row_keeps_its_version(s: &mut dyn CrmSubject) {
    let world = CrmWorld::with_people(2);
    let stage = s.arrange(world.clone()).await;
    let before = reading(s, stage, world.registrations[0].id).await;
    assert_eq!(reading(s, stage, world.registrations[0].id).await, before);
}

/// The version of a registration rises when the row, its contact or its contact's company changes.
pub async fn the_version_rises_with_contact_and_company(s: &mut dyn CrmSubject) {
    let mut world = CrmWorld::with_people(3);
    let stage = s.arrange(world.clone()).await;
    let id = world.registrations[0].id;
    let first = reading(s, stage, id).await;
    world.contacts[0].last_name = "King".into();
    s.edit(CrmEdit::Contact(world.contacts[0].clone())).await;
    let second = reading(s, stage, id).await;
    let company = CrmCompany { name: "Difference Engines".into(), ..world.companies[0].clone() };
    s.edit(CrmEdit::Company(company)).await;
    let third = reading(s, stage, id).await;
    world.registrations[0].cancelled = true;
    s.edit(CrmEdit::Registration(world.registrations[0])).await;
    let fourth = reading(s, stage, id).await;
    let versions = [first.version, second.version, third.version, fourth.version];
    assert!(versions.is_sorted_by(|one, next| one < next), "{versions:?}");
    assert_eq!(second.row.details.last_name, "King");
    assert_eq!(third.row.details.company, "Difference Engines");
    assert!(fourth.row.cancelled);
}

/// An event is read with its times in UTC, its title and the provider's event.
pub async fn an_event_is_read_with_its_times(s: &mut dyn CrmSubject) {
    let world = CrmWorld::with_people(1);
    let stage = s.arrange(world.clone()).await;
    assert_eq!(webinar(s, stage, world.webinars[0].0.into()).await.row, CrmWorld::webinar());
}

/// An event that is moved, called off, unbound or not ours is read so, under a newer version each time.
pub async fn an_event_is_read_as_it_is_now(s: &mut dyn CrmSubject) {
    let world = CrmWorld::with_people(1);
    let stage = s.arrange(world.clone()).await;
    let id = world.webinars[0].0;
    let mut version = webinar(s, stage, id.into()).await.version;
    let moved = webinar_bridge_domain::time::SignedDuration::from_hours(24 * 150);
    let as_it_was = CrmWorld::webinar();
    for now in [
        CrmWebinar { starts: as_it_was.starts + moved, ends: as_it_was.ends + moved, ..CrmWorld::webinar() },
        CrmWebinar { cancelled: true, ..CrmWorld::webinar() },
        CrmWebinar { event: None, ..CrmWorld::webinar() },
        CrmWebinar { ours: false, ..CrmWorld::webinar() },
    ] {
        s.edit(CrmEdit::Webinar(id, now.clone())).await;
        let read = webinar(s, stage, id.into()).await;
        if now.ours {
            assert_eq!(read.row, now);
        } else {
            assert!(!read.row.ours);
        }
        assert!(read.version > version, "the version did not rise");
        version = read.version;
    }
}

/// A schema that has every configured name is clean.
pub async fn a_whole_schema_is_clean(s: &mut dyn CrmSubject) {
    let stage = s.arrange(CrmWorld::with_people(1)).await;
    let report = s.feed().inspect(&stage.organization).await.expect("the schema can be read");
    assert_eq!(report.mismatches, []);
}

/// A configured name that is missing is named, with the setting that names it.
pub async fn a_missing_name_is_named_with_its_setting(s: &mut dyn CrmSubject) {
    if !s.can(Ability::LacksNames) {
        return;
    }
    let stage = s.arrange(CrmWorld::with_people(1)).await;
    s.edit(CrmEdit::DropColumn).await;
    let report = s.feed().inspect(&stage.organization).await.expect("the schema can be read");
    assert!(!report.mismatches.is_empty());
    let whole = |one: &webinar_bridge_domain::port::SchemaMismatch| {
        !one.name.is_empty() && !one.setting.is_empty() && one.name != one.setting
    };
    assert!(report.mismatches.iter().all(whole), "{report:?}");
}

/// What goes wrong while reading passes; a quota says so.
pub async fn bad_weather_over_the_feed_passes(s: &mut dyn CrmSubject) {
    if !s.can(Ability::Weather) {
        return;
    }
    let world = CrmWorld::with_people(1);
    let stage = s.arrange(world.clone()).await;
    let at = FeedPosition { organization: stage.organization, table: CrmTable::Registrations, cursor: None };
    let query = rows(stage, [world.registrations[0].id.into()]);
    for weather in [Weather::Fails, Weather::DropsAnswers, Weather::Garbles] {
        s.weather(weather).await;
        assert_eq!(fault(s.feed().changes(&at).await, &ada()), FaultKind::Transient, "{weather:?}");
        assert_eq!(fault(s.feed().registrations(&query).await, &ada()), FaultKind::Transient, "{weather:?}");
    }
    s.weather(Weather::Throttles).await;
    let kind = fault(s.feed().registrations(&query).await, &ada());
    assert!(matches!(kind, FaultKind::Throttled { .. }), "{kind:?}");
}
