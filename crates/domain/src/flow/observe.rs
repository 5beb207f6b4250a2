//! Observe: what changed in the CRM, read whole, sealed, and taken in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::rows::{Read, ReadRow, Taking, exclusion};
use super::webinars::{ROWS_AT_ONCE, Unread};
use super::{Base, Rest, StepReport, Topic};
use crate::fault::{Fault, FaultKind, Missing, judge};
use crate::id::{CrmRecordId, OrganizationId, SourceId, WebinarId};
use crate::person::SealedPerson;
use crate::port::{
    ConcealOrder, CrmRegistration, CrmRow, CrmTable, Cursor, FeedPosition, IntakeBatch, Lookup, Organization,
    PendingHint, Place, Reading, Recorded, RowsQuery, StoreError,
};
use crate::registration::RegistrationKey;
use crate::time::{Timestamp, later};
use crate::webinar::Webinar;

/// Follows the CRM.
#[derive(Clone)]
pub struct Observe {
    base: Base,
    feeds: Arc<Mutex<BTreeMap<(OrganizationId, CrmTable), Feed>>>,
}

/// One table's feed, as this process follows it.
#[derive(Clone, Copy, Default)]
struct Feed {
    /// When it is read next.
    next: Option<Timestamp>,
    /// Whether it begins anew, since its place was lost.
    anew: bool,
    /// How often in a row it could not be read, and since when.
    failed: (u32, Option<Timestamp>),
}

/// Why a table was not followed to its end.
enum Stopped {
    Fault(Fault),
    Store(StoreError),
    Inactive,
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Unread> for Stopped {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Crm(fault) => Self::Fault(fault),
            Unread::Store(error) => Self::Store(error),
        }
    }
}

/// Rows to take in, and what they finish.
#[derive(Default)]
struct Harvest {
    sources: BTreeSet<SourceId>,
    finished: Vec<PendingHint>,
    cursor: Option<(CrmTable, Cursor)>,
}

/// How many hints are read at once.
const HINTS_AT_ONCE: u32 = 200;

impl Observe {
    pub(crate) fn new(base: Base) -> Self {
        Self { base, feeds: Arc::default() }
    }

    /// Reads the feeds whose time has come, and the hints. One page a feed, so that organizations share.
    pub async fn step(&self) -> Result<StepReport, StoreError> {
        let mut report = StepReport::idle(Rest::Idle);
        for organization in self.base.active().await? {
            report.add(self.follow(&organization).await?);
        }
        Ok(report)
    }

    /// Reads all feeds at the next step, as if their time had come.
    pub fn hurry(&self) {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.values_mut().for_each(|feed| feed.next = None);
    }

    async fn follow(&self, organization: &Organization) -> Result<StepReport, StoreError> {
        let mut report = StepReport::idle(Rest::Idle);
        let id = organization.id;
        if let Some(until) = self.base.standing.rests(id, &[Topic::Vault, Topic::Crm], self.base.now()) {
            report.rest = Rest::Until(until);
            return Ok(report);
        }
        for table in CrmTable::ALL {
            let feed = self.feed(id, table);
            let due = feed.next.map_or(Rest::Now, |next| Rest::until(next, self.base.now()));
            if due == Rest::Now {
                report.add(self.read(organization, table, feed).await?);
            } else {
                report.rest = report.rest.or_sooner(due);
            }
        }
        report.add(self.heed(organization).await?);
        Ok(report)
    }

    /// Reads one page of a table's feed.
    async fn read(
        &self,
        organization: &Organization,
        table: CrmTable,
        feed: Feed,
    ) -> Result<StepReport, StoreError> {
        let now = self.base.now();
        let outcome = self.page(organization, table, feed.anew).await;
        let (report, next) = match outcome {
            Ok((taken, more)) => {
                self.base.standing.clear(organization.id, Topic::Crm);
                let next = if more { None } else { Some(later(now, self.base.policies.poll)) };
                let report = StepReport { settled: taken, ..StepReport::idle(Rest::Idle) };
                (report, Feed { next, ..Feed::default() })
            }
            Err(Stopped::Store(error)) => return Err(error),
            Err(Stopped::Inactive) => return Ok(StepReport::idle(Rest::Idle)),
            Err(Stopped::Fault(fault))
                if fault.kind == (FaultKind::Gone { what: Missing::Cursor }) && !feed.anew =>
            {
                (StepReport::idle(Rest::Idle), Feed { anew: true, ..Feed::default() })
            }
            Err(Stopped::Fault(fault)) => {
                let next = self.after_fault(organization.id, feed, &fault).await?;
                (StepReport { deferred: 1, ..StepReport::idle(Rest::Idle) }, next)
            }
        };
        self.set_feed(organization.id, table, next);
        let rest = next.next.map_or(Rest::Now, |next| Rest::until(next, self.base.now()));
        Ok(StepReport { rest, ..report })
    }

    async fn after_fault(&self, id: OrganizationId, feed: Feed, fault: &Fault) -> Result<Feed, StoreError> {
        let now = self.base.now();
        self.base.trouble(id, fault).await?;
        let (tries, since) = feed.failed;
        let work = crate::fault::Work { tries, since, starts: Timestamp::MAX, ends: Timestamp::MAX };
        let at = match judge(fault, &work, now, self.base.jitter(), &self.base.policies.retry) {
            crate::fault::Verdict::Again { at, .. } | crate::fault::Verdict::Ambiguous { at, .. } => at,
            // A feed is never given up: it is read again like any other time.
            crate::fault::Verdict::Hold(_) => later(now, self.base.policies.poll),
        };
        let at = at.max(later(now, crate::time::SignedDuration::from_secs(1)));
        Ok(Feed { next: Some(at), failed: (tries + 1, since.or(Some(now))), ..feed })
    }

    async fn page(
        &self,
        organization: &Organization,
        table: CrmTable,
        anew: bool,
    ) -> Result<(u32, bool), Stopped> {
        let id = organization.id;
        let cursor = if anew { None } else { self.base.ports.intake.position(&id, table).await? };
        let position = FeedPosition { organization: id, table, cursor };
        let page = self.base.ports.feed.changes(&position).await?;
        let rows: Vec<CrmRecordId> = page.rows.iter().map(|row| row.id).collect();
        let mut harvest = Harvest { cursor: Some((table, page.next)), ..Harvest::default() };
        match table {
            CrmTable::Webinars => {
                let ids: Vec<WebinarId> = rows.into_iter().map(WebinarId::from).collect();
                self.base.read_webinars(id, &ids).await?;
            }
            CrmTable::Registrations => harvest.sources.extend(rows.into_iter().map(SourceId::from)),
            CrmTable::Contacts | CrmTable::Accounts => {
                let rows: Vec<CrmRow> = rows.into_iter().map(|id| CrmRow { table, id }).collect();
                harvest.sources.extend(self.base.ports.intake.touched(&id, &rows).await?);
            }
        }
        let taken = self.take(organization, harvest).await?;
        Ok((taken, page.more))
    }

    /// Reads the rows that hints name.
    async fn heed(&self, organization: &Organization) -> Result<StepReport, StoreError> {
        let id = organization.id;
        let hints = self.base.ports.intake.hints(&id, HINTS_AT_ONCE).await?;
        if hints.is_empty() {
            return Ok(StepReport::idle(Rest::Idle));
        }
        match self.heeded(organization, hints).await {
            Ok(taken) => Ok(StepReport { settled: taken, ..StepReport::idle(Rest::Now) }),
            Err(Stopped::Store(error)) => Err(error),
            Err(Stopped::Inactive) => Ok(StepReport::idle(Rest::Idle)),
            Err(Stopped::Fault(fault)) => {
                let until = self.base.trouble(id, &fault).await?;
                let soon = later(self.base.now(), self.base.policies.outage_rest);
                Ok(StepReport { deferred: 1, ..StepReport::idle(Rest::Until(until.unwrap_or(soon))) })
            }
        }
    }

    async fn heeded(&self, organization: &Organization, hints: Vec<PendingHint>) -> Result<u32, Stopped> {
        let id = organization.id;
        let mut harvest = Harvest::default();
        let of = |table| hints.iter().map(|hint| hint.row).filter(move |row| row.table == table);
        let webinars: Vec<WebinarId> = of(CrmTable::Webinars).map(|row| row.id.into()).collect();
        self.base.read_webinars(id, &webinars).await?;
        harvest.sources.extend(of(CrmTable::Registrations).map(|row| SourceId::from(row.id)));
        let others: Vec<CrmRow> = of(CrmTable::Contacts).chain(of(CrmTable::Accounts)).collect();
        if !others.is_empty() {
            harvest.sources.extend(self.base.ports.intake.touched(&id, &others).await?);
        }
        harvest.finished = hints;
        self.take(organization, harvest).await
    }

    /// Reads registration rows whole, seals the people, and takes everything in with what it finishes.
    async fn take(&self, organization: &Organization, harvest: Harvest) -> Result<u32, Stopped> {
        let id = organization.id;
        let sources: Vec<SourceId> = harvest.sources.into_iter().collect();
        let readings = self.read_rows(id, &sources).await?;
        let webinars = self.webinars_of(id, &readings).await?;
        let reads = self.sealed(id, &sources, readings, &webinars).await?;
        let keys = |read: &Read| match read.row.as_ref().map(|row| row.home.place) {
            Some(Place::Registration(key)) => Some(key),
            _ => None,
        };
        let keys: Vec<RegistrationKey> = reads.iter().filter_map(keys).collect();
        let known = self.base.ports.intake.known(&Lookup { organization: id, sources, keys }).await?;
        let now = self.base.now();
        let mut taking = Taking::new(known, &webinars, &self.base.policies.registration, now);
        let taken = u32::try_from(reads.len()).unwrap_or(u32::MAX);
        for read in reads {
            taking.take(read);
        }
        let batch = IntakeBatch {
            organization: id,
            epoch: organization.epoch,
            groups: taking.into_groups(),
            finished: harvest.finished,
            again: vec![],
            cursor: harvest.cursor,
            now,
        };
        match self.base.ports.intake.record(&batch).await? {
            Recorded::Done { .. } => Ok(taken),
            Recorded::Inactive => Err(Stopped::Inactive),
        }
    }

    async fn read_rows(
        &self,
        organization: OrganizationId,
        sources: &[SourceId],
    ) -> Result<BTreeMap<SourceId, Reading<CrmRegistration>>, Stopped> {
        let mut readings = BTreeMap::new();
        for some in sources.chunks(ROWS_AT_ONCE) {
            let ids = some.iter().map(|id| CrmRecordId::from(*id)).collect();
            let read = self.base.ports.feed.registrations(&RowsQuery { organization, ids }).await?;
            readings.extend(read.into_iter().map(|reading| (SourceId::from(reading.id), reading)));
        }
        Ok(readings)
    }

    /// The webinars that the rows name; those that nobody has read yet are read now.
    async fn webinars_of(
        &self,
        organization: OrganizationId,
        readings: &BTreeMap<SourceId, Reading<CrmRegistration>>,
    ) -> Result<BTreeMap<WebinarId, Webinar>, Stopped> {
        let ids: BTreeSet<WebinarId> = readings.values().map(|reading| reading.row.event).collect();
        let ids: Vec<WebinarId> = ids.into_iter().collect();
        let found = self.base.ports.webinars.find(&organization, &ids).await?;
        let unread: Vec<WebinarId> =
            ids.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|(id, _)| *id).collect();
        let found = if unread.is_empty() {
            found
        } else {
            self.base.read_webinars(organization, &unread).await?;
            self.base.ports.webinars.find(&organization, &ids).await?
        };
        Ok(found.into_iter().flatten().map(|stored| (stored.item.id, stored.item)).collect())
    }

    async fn sealed(
        &self,
        organization: OrganizationId,
        sources: &[SourceId],
        mut readings: BTreeMap<SourceId, Reading<CrmRegistration>>,
        webinars: &BTreeMap<WebinarId, Webinar>,
    ) -> Result<Vec<Read>, Stopped> {
        let included = |reading: &Reading<CrmRegistration>| {
            exclusion(&reading.row, webinars.get(&reading.row.event)).is_none()
        };
        let people = readings.iter().filter(|(_, reading)| included(reading));
        let order = ConcealOrder {
            organization,
            people: people.map(|(source, reading)| (source.uuid(), reading.row.details.clone())).collect(),
        };
        let rows: Vec<_> = order.people.iter().map(|(row, _)| SourceId::from(*row)).collect();
        let sealed = if rows.is_empty() { vec![] } else { self.base.ports.privacy.conceal(&order).await? };
        let mut sealed: BTreeMap<SourceId, SealedPerson> = rows.into_iter().zip(sealed).collect();
        let read = |source: &SourceId| {
            let reading = readings.remove(source);
            let row = reading.map(|reading| {
                let excluded = exclusion(&reading.row, webinars.get(&reading.row.event));
                ReadRow::new(organization, &reading, excluded, sealed.remove(source))
            });
            Read { source: *source, row }
        };
        Ok(sources.iter().map(read).collect())
    }

    fn feed(&self, id: OrganizationId, table: CrmTable) -> Feed {
        let feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.get(&(id, table)).copied().unwrap_or_default()
    }

    fn set_feed(&self, id: OrganizationId, table: CrmTable, feed: Feed) {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner).insert((id, table), feed);
    }
}
