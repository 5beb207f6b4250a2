//! Harvest: the rows that a page or hints name, read by id, sealed, and taken in with what they finish.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::observe::{Observe, Stopped};
use super::readings::Readings;
use super::rows::{Read, ReadRow, Taking, exclusion};
use super::{Topic, fact, of_the_vault};
use crate::balance::Scope;
use crate::fact::{FactKind, Subject};
use crate::fault::Fault;
use crate::id::{CrmRecordId, OrganizationId, SourceId, WebinarId};
use crate::person::SealedPerson;
use crate::port::{
    BrakeChange, ConcealOrder, CrmRegistration, CrmRow, CrmTable, FeedPosition, FeedStep, IntakeBatch,
    Lookup, Organization, PendingHint, Place, Reading, Recorded, StoreError,
};
use crate::registration::{Brake, RegistrationKey};
use crate::time::{Timestamp, later};
use crate::webinar::Webinar;

/// Rows to take in, and what they finish.
#[derive(Default)]
struct Harvest {
    sources: BTreeSet<SourceId>,
    finished: Vec<PendingHint>,
    place: Option<FeedStep>,
    /// Rows that cannot be read now, and must be looked at again.
    again: Vec<CrmRow>,
}

type Registrations = BTreeMap<SourceId, Reading<CrmRegistration>>;
type Webinars = BTreeMap<WebinarId, Webinar>;

impl Observe {
    /// Takes a page of a table's feed in. How many rows, and whether more is there.
    pub(super) async fn page(
        &self,
        organization: &Organization,
        table: CrmTable,
    ) -> Result<(u32, bool), Stopped> {
        let id = organization.id;
        let intake = self.base.ports.intake.as_ref();
        let from = match intake.place(&id, table).await? {
            Some(place) => place,
            None => intake.begin(&id, table).await?,
        };
        let position = FeedPosition { organization: id, table, cursor: from.cursor.clone() };
        let page = self.base.ports.feed.changes(&position).await?;
        let rows: Vec<CrmRow> = page.rows.iter().map(|row| CrmRow { table, id: row.id }).collect();
        let mut harvest = Harvest::default();
        self.gather(id, &rows, &mut harvest).await?;
        if table == CrmTable::Webinars && from.whole && from.snapshot > 1 && !page.more {
            // An event that is missing in a whole table is not known to be gone: each is looked at.
            let known = self.base.ports.webinars.list(&id).await?;
            harvest.again.extend(known.iter().map(|one| CrmRow { table, id: one.id.into() }));
        }
        let there = page.rows.iter().filter(|row| !row.deleted && table == CrmTable::Registrations);
        let seen = there.filter(|_| from.whole).map(|row| SourceId::from(row.id)).collect();
        harvest.place = Some(FeedStep { table, from, to: page.next, end: !page.more, seen });
        let taken = self.take(organization, harvest).await?;
        Ok((taken, page.more))
    }

    /// Takes the rows in that hints name.
    pub(super) async fn heeded(
        &self,
        organization: &Organization,
        hints: Vec<PendingHint>,
    ) -> Result<u32, Stopped> {
        let rows: Vec<CrmRow> = hints.iter().map(|hint| hint.row).collect();
        let mut harvest = Harvest { finished: hints, ..Harvest::default() };
        self.gather(organization.id, &rows, &mut harvest).await?;
        self.take(organization, harvest).await
    }

    /// Reads the events among the rows, and finds the registrations that the others are or touch.
    async fn gather(&self, id: OrganizationId, rows: &[CrmRow], into: &mut Harvest) -> Result<(), Stopped> {
        let of = |table| rows.iter().filter(move |row| row.table == table).copied();
        let webinars: Vec<WebinarId> = of(CrmTable::Webinars).map(|row| row.id.into()).collect();
        into.again.extend(self.read_events(id, &webinars).await?);
        into.sources.extend(of(CrmTable::Registrations).map(|row| SourceId::from(row.id)));
        let others: Vec<CrmRow> = of(CrmTable::Contacts).chain(of(CrmTable::Accounts)).collect();
        if !others.is_empty() {
            into.sources.extend(self.base.ports.intake.touched(&id, &others).await?);
        }
        Ok(())
    }

    /// Reads registration rows whole, seals the people, and takes everything in with what it finishes.
    async fn take(&self, organization: &Organization, mut harvest: Harvest) -> Result<u32, Stopped> {
        let id = organization.id;
        let readings = self.read_registrations(id, &mut harvest).await?;
        let sources: Vec<SourceId> = harvest.sources.into_iter().collect();
        let (webinars, unread) = self.webinars_of(id, &readings).await?;
        harvest.again.extend(unread);
        let reads = self.sealed(id, &sources, readings, &webinars).await?;
        let keys = |read: &Read| match read.row.as_ref().map(|row| row.home.place) {
            Some(Place::Registration(key)) => Some(key),
            _ => None,
        };
        let keys: Vec<RegistrationKey> = reads.iter().filter_map(keys).collect();
        let known = self.base.ports.intake.known(&Lookup { organization: id, sources, keys }).await?;
        let now = self.base.now();
        let taken = u32::try_from(reads.len()).unwrap_or(u32::MAX);
        let mut taking = Taking::new(known, &webinars, &self.base.policies.registration, now);
        for read in reads {
            taking.take(read);
        }
        if harvest.place.as_ref().is_some_and(|step| !step.from.whole) {
            self.count_missed(id, taking.news()).await?;
        }
        let brakes = self.brakes(id, &taking.vanished(), now).await?;
        let batch = IntakeBatch {
            organization: id,
            epoch: organization.epoch,
            groups: taking.into_groups(),
            finished: harvest.finished,
            again: harvest.again,
            place: harvest.place,
            brakes,
            now,
        };
        match self.base.ports.intake.record(&batch).await? {
            Recorded::Done { .. } => Ok(taken),
            Recorded::Inactive => Err(Stopped::Inactive),
        }
    }

    /// Counts what a poll found and no webhook told of, where webhooks are heard at all.
    async fn count_missed(&self, id: OrganizationId, news: u32) -> Result<(), StoreError> {
        if news == 0 {
            return Ok(());
        }
        let endpoint = self.base.ports.endpoints.of(&id).await?;
        if endpoint.is_some_and(|endpoint| endpoint.item.heard.is_some()) {
            self.missed.fetch_add(news.into(), Ordering::Relaxed);
        }
        Ok(())
    }

    /// What becomes of the brakes of webinars that so many people vanished from.
    async fn brakes(
        &self,
        id: OrganizationId,
        vanished: &BTreeMap<WebinarId, u32>,
        now: Timestamp,
    ) -> Result<Vec<BrakeChange>, StoreError> {
        let webinars: Vec<WebinarId> = vanished.keys().copied().collect();
        if webinars.is_empty() {
            return Ok(vec![]);
        }
        let known = self.base.ports.brakes.find(&id, &webinars).await?;
        let mut changes = vec![];
        for ((webinar, people), known) in vanished.iter().zip(known) {
            let balance = self.base.ports.books.balance(&id, &Scope::Webinar(*webinar)).await?;
            let live = balance.persons.wanted.saturating_sub((*people).into());
            let (expected, before) = known.map(|stored| (stored.revision, stored.item)).unzip();
            let before = before.unwrap_or_else(|| Brake::new(now));
            let next = before.vanish(*people, live, now, &self.base.policies.brake);
            let trips = next.tripped.is_some() && next.tripped != before.tripped;
            let fact = trips.then(|| fact(id, Subject::Webinar(*webinar), FactKind::BrakeTripped, now));
            let facts = fact.into_iter().collect();
            changes.push(BrakeChange { organization: id, webinar: *webinar, expected, next, facts });
        }
        Ok(changes)
    }

    /// Reads events; the answer are those that cannot be read.
    async fn read_events(&self, id: OrganizationId, events: &[WebinarId]) -> Result<Vec<CrmRow>, Stopped> {
        if events.is_empty() {
            return Ok(vec![]);
        }
        let unreadable = self.base.read_webinars(id, events).await?;
        let all = events.iter().map(|event| CrmRecordId::from(*event));
        Ok(self.set_aside(id, CrmTable::Webinars, all, &unreadable))
    }

    /// Reads the registrations of a harvest. Those that cannot be read are left out of it: whether they are there is
    /// not known.
    async fn read_registrations(
        &self,
        id: OrganizationId,
        harvest: &mut Harvest,
    ) -> Result<Registrations, Stopped> {
        let ids: Vec<CrmRecordId> = harvest.sources.iter().map(|source| (*source).into()).collect();
        let Readings { rows, unreadable } = self.base.readings(id, &ids).await?;
        for (row, _) in &unreadable {
            harvest.sources.remove(&SourceId::from(*row));
        }
        let asked = ids.iter().copied();
        harvest.again.extend(self.set_aside(id, CrmTable::Registrations, asked, &unreadable));
        Ok(rows.into_iter().map(|(id, reading)| (SourceId::from(id), reading)).collect())
    }

    /// The webinars that the rows name; those that nobody has read yet are read now. The rest: those that cannot be.
    async fn webinars_of(
        &self,
        id: OrganizationId,
        readings: &Registrations,
    ) -> Result<(Webinars, Vec<CrmRow>), Stopped> {
        let ids: BTreeSet<WebinarId> = readings.values().map(|reading| reading.row.event).collect();
        let ids: Vec<WebinarId> = ids.into_iter().collect();
        let mut found = self.base.ports.webinars.find(&id, &ids).await?;
        let unread: Vec<WebinarId> =
            ids.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|(id, _)| *id).collect();
        let unreadable = self.read_events(id, &unread).await?;
        if !unread.is_empty() {
            found = self.base.ports.webinars.find(&id, &ids).await?;
        }
        let found = found.into_iter().flatten().map(|stored| (stored.item.id, stored.item));
        Ok((found.collect(), unreadable))
    }

    async fn sealed(
        &self,
        organization: OrganizationId,
        sources: &[SourceId],
        mut readings: Registrations,
        webinars: &Webinars,
    ) -> Result<Vec<Read>, Fault> {
        let included = |reading: &Reading<CrmRegistration>| {
            exclusion(&reading.row, webinars.get(&reading.row.event)).is_none()
        };
        let people = readings.iter().filter(|(_, reading)| included(reading));
        let people: Vec<_> =
            people.map(|(source, reading)| (source.uuid(), reading.row.details.clone())).collect();
        let rows: Vec<SourceId> = people.iter().map(|(row, _)| SourceId::from(*row)).collect();
        let order = ConcealOrder { organization, people };
        let sealed = if rows.is_empty() {
            vec![]
        } else {
            self.base.ports.privacy.conceal(&order).await.map_err(of_the_vault)?
        };
        let mut sealed: BTreeMap<SourceId, SealedPerson> = rows.into_iter().zip(sealed).collect();
        let read = |source: &SourceId| {
            let row = readings.remove(source).map(|reading| {
                let excluded = exclusion(&reading.row, webinars.get(&reading.row.event));
                ReadRow::new(organization, &reading, excluded, sealed.remove(source))
            });
            Read { source: *source, row }
        };
        Ok(sources.iter().map(read).collect())
    }

    /// Notes which of the rows that were asked for cannot be read, and says so to people; they are looked at again
    /// after a while.
    fn set_aside(
        &self,
        id: OrganizationId,
        table: CrmTable,
        asked: impl Iterator<Item = CrmRecordId>,
        unreadable: &[(CrmRecordId, Fault)],
    ) -> Vec<CrmRow> {
        let now = self.base.now();
        let until = later(now, self.base.policies.poll);
        let mut aside = self.unreadable.lock().unwrap_or_else(PoisonError::into_inner);
        for row in asked {
            aside.remove(&(id, CrmRow { table, id: row }));
        }
        for (row, fault) in unreadable {
            let what = format!("{} {row}: {fault}", table.name());
            self.base.standing.note(id, Topic::Rows, what, now, until);
        }
        let rows: Vec<CrmRow> = unreadable.iter().map(|(row, _)| CrmRow { table, id: *row }).collect();
        aside.extend(rows.iter().map(|row| ((id, *row), until)));
        if !aside.keys().any(|(owner, _)| *owner == id) {
            self.base.standing.clear(id, Topic::Rows);
        }
        rows
    }

    /// The rows of an organization that could not be read, and when each is looked at again.
    pub(super) fn unreadable_rows(&self, id: OrganizationId) -> BTreeMap<CrmRow, Timestamp> {
        let aside = self.unreadable.lock().unwrap_or_else(PoisonError::into_inner);
        aside.iter().filter(|((owner, _), _)| *owner == id).map(|((_, row), until)| (*row, *until)).collect()
    }
}
