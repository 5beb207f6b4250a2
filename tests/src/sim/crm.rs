//! A CRM in memory: rows with versions, a feed that forgets its places, and writes that are done and not answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Missing, Peer};
use webinar_bridge_domain::id::{CrmRecordId, OrganizationId, SourceId, Version, WebinarId};
use webinar_bridge_domain::metrics::{AttendanceId, Watched};
use webinar_bridge_domain::person::{Address, Details};
use webinar_bridge_domain::port::{
    Account, AnswerBatch, CheckInBatch, CrmAnswers, CrmFeed, CrmMetrics, CrmRegistration, CrmTable,
    CrmWebinar, Cursor, FeedPage, FeedPosition, FeedRow, ItemOutcome, ProbeOrder, Reading, RowsQuery,
    SchemaReport,
};
use webinar_bridge_domain::registration::Answer;
use webinar_bridge_domain::time::SignedDuration;

use super::air::Air;
use super::life::Life;

/// The CRM of all organizations.
pub(super) struct Crm {
    air: Air,
    tables: Mutex<BTreeMap<OrganizationId, Tables>>,
}

/// One organization's rows.
#[derive(Default)]
pub(super) struct Tables {
    version: u64,
    versions: BTreeMap<(CrmTable, CrmRecordId), u64>,
    log: Vec<(CrmTable, CrmRecordId)>,
    /// Places in the log before this one are forgotten.
    forgotten: usize,
    pub(super) events: BTreeMap<WebinarId, CrmWebinar>,
    pub(super) rows: BTreeMap<SourceId, Row>,
    pub(super) contacts: BTreeMap<CrmRecordId, Contact>,
    pub(super) told: BTreeMap<SourceId, Answer>,
    pub(super) check_ins: BTreeMap<AttendanceId, Watched>,
    /// Every address that was ever wanted, by event.
    pub(super) ever: BTreeSet<(WebinarId, String)>,
}

/// A registration.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) event: WebinarId,
    pub(super) contact: CrmRecordId,
    pub(super) cancelled: bool,
}

/// A contact.
#[derive(Clone, Debug)]
pub(super) struct Contact {
    pub(super) address: String,
    pub(super) name: String,
}

fn fault(kind: FaultKind, operation: &'static str) -> Fault {
    Fault::new(kind, Peer::Crm, operation, Code::new("sim.crm"))
}

impl Crm {
    pub(super) fn new(air: &Air) -> Arc<Self> {
        Arc::new(Self { air: air.clone(), tables: Mutex::default() })
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<OrganizationId, Tables>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at or changes an organization's rows.
    pub(super) fn with<T>(&self, organization: OrganizationId, act: impl FnOnce(&mut Tables) -> T) -> T {
        act(self.all().entry(organization).or_default())
    }
}

impl Tables {
    /// Writes down that a row changed, or is gone.
    pub(super) fn changed(&mut self, table: CrmTable, id: CrmRecordId) {
        self.version += 1;
        self.versions.insert((table, id), self.version);
        self.log.push((table, id));
        let wanted: Vec<(WebinarId, String)> = self.wanted().into_keys().collect();
        self.ever.extend(wanted);
    }

    /// Forgets every place in every feed.
    pub(super) fn forget_places(&mut self) {
        self.forgotten = self.log.len() + 1;
        // The next place is a new one.
        self.log.push((CrmTable::Accounts, uuid::Uuid::nil().into()));
    }

    /// Who is to be registered, with the details that any active row of theirs has.
    pub(super) fn wanted(&self) -> BTreeMap<(WebinarId, String), Vec<Details>> {
        let mut wanted: BTreeMap<(WebinarId, String), Vec<Details>> = BTreeMap::new();
        for row in self.rows.values().filter(|row| !row.cancelled) {
            let details = self.contacts.get(&row.contact).map(Contact::details);
            let address = details.as_ref().and_then(|details| details.address.canonical());
            if let (Some(details), Some(address)) = (details, address) {
                wanted.entry((row.event, address)).or_default().push(details);
            }
        }
        wanted
    }

    fn there(&self, table: CrmTable, id: CrmRecordId) -> bool {
        match table {
            CrmTable::Webinars => self.events.contains_key(&id.uuid().into()),
            CrmTable::Registrations => self.rows.contains_key(&id.uuid().into()),
            CrmTable::Contacts => self.contacts.contains_key(&id),
            CrmTable::Accounts => false,
        }
    }

    fn ids(&self, table: CrmTable) -> Vec<CrmRecordId> {
        match table {
            CrmTable::Webinars => self.events.keys().map(|id| id.uuid().into()).collect(),
            CrmTable::Registrations => self.rows.keys().map(|id| id.uuid().into()).collect(),
            CrmTable::Contacts => self.contacts.keys().copied().collect(),
            CrmTable::Accounts => vec![],
        }
    }

    /// Places are `s` for a snapshot after an id, with the place in the log at which it began, and `l` for a place in the log.
    fn page(&self, at: &FeedPosition, size: usize) -> Result<FeedPage, Fault> {
        let place = at.cursor.as_ref().map(Cursor::as_str);
        let of_log = place.and_then(|place| place.strip_prefix('l')).map(|n| n.parse::<usize>().unwrap_or(0));
        if let Some(from) = of_log {
            if from < self.forgotten {
                return Err(fault(FaultKind::Gone { what: Missing::Cursor }, "changes"));
            }
            let to = from.saturating_add(size).min(self.log.len());
            let here = self.log.get(from..to).unwrap_or_default();
            let row = |(table, id): &(CrmTable, CrmRecordId)| FeedRow {
                id: *id,
                deleted: !self.there(*table, *id),
            };
            let rows = here.iter().filter(|(table, _)| *table == at.table).map(row).collect();
            return Ok(FeedPage { rows, next: Cursor::new(format!("l{to}")), more: to < self.log.len() });
        }
        let (after, began) =
            match place.and_then(|place| place.strip_prefix('s')).and_then(|p| p.split_once('.')) {
                Some((after, began)) => (after.parse::<uuid::Uuid>().ok(), began.parse().unwrap_or(0)),
                None => (None, self.log.len()),
            };
        if began < self.forgotten {
            return Err(fault(FaultKind::Gone { what: Missing::Cursor }, "changes"));
        }
        let ids = self.ids(at.table);
        let mut left = ids.into_iter().filter(|id| after.is_none_or(|after| id.uuid() > after));
        let rows: Vec<FeedRow> = left.by_ref().take(size).map(|id| FeedRow { id, deleted: false }).collect();
        let more = left.next().is_some();
        let next = match rows.last() {
            Some(last) if more => format!("s{}.{began}", last.id.uuid()),
            _ => format!("l{began}"),
        };
        Ok(FeedPage { rows, next: Cursor::new(next), more: true })
    }

    fn version(&self, table: CrmTable, id: CrmRecordId) -> u64 {
        self.versions.get(&(table, id)).copied().unwrap_or(0)
    }

    fn registration(&self, id: CrmRecordId) -> Option<Reading<CrmRegistration>> {
        let row = self.rows.get(&id.uuid().into())?;
        let contact = self.contacts.get(&row.contact)?;
        let versions =
            [self.version(CrmTable::Registrations, id), self.version(CrmTable::Contacts, row.contact)];
        let version = Version(versions.into_iter().max()?);
        let row = CrmRegistration {
            event: row.event,
            contact: row.contact,
            company: None,
            cancelled: row.cancelled,
            details: contact.details(),
        };
        Some(Reading { id, version, row })
    }
}

impl Contact {
    pub(super) fn details(&self) -> Details {
        Details {
            address: Address::new(&self.address),
            first_name: self.name.clone(),
            last_name: "Lovelace".to_owned(),
            company: String::new(),
            job_title: String::new(),
            more: BTreeMap::new(),
        }
    }
}

/// One process's way to the CRM.
#[derive(Clone)]
pub(super) struct CrmLine {
    pub(super) crm: Arc<Crm>,
    pub(super) life: Life,
}

impl CrmLine {
    /// A call that reads.
    async fn read<T>(
        &self,
        operation: &'static str,
        organization: OrganizationId,
        act: impl FnOnce(&mut Tables) -> Result<T, Fault> + Send,
    ) -> Result<T, Fault> {
        self.life.breathe().await;
        let air = &self.crm.air;
        air.way().await;
        if air.strikes("CRM read failed", 40) {
            return Err(fault(FaultKind::Transient, operation));
        }
        if air.strikes("CRM asks to wait", 80) {
            let after = Some(SignedDuration::from_secs(7));
            return Err(fault(FaultKind::Throttled { after }, operation));
        }
        let read = self.crm.with(organization, act);
        air.way().await;
        air.note(format_args!("{operation} {}", read.is_ok()));
        self.life.breathe().await;
        read
    }

    /// A batch that writes: done, not done, or done and not answered.
    async fn write(
        &self,
        operation: &'static str,
        organization: OrganizationId,
        act: impl FnOnce(&mut Tables, &Air) -> Vec<ItemOutcome> + Send,
    ) -> Result<Vec<ItemOutcome>, Fault> {
        self.life.breathe().await;
        let air = &self.crm.air;
        air.way().await;
        if air.strikes("CRM write failed, not done", 40) {
            return Err(fault(FaultKind::Ambiguous, operation));
        }
        if air.strikes("CRM asks a write to wait", 80) {
            let after = Some(SignedDuration::from_secs(7));
            return Err(fault(FaultKind::Throttled { after }, operation));
        }
        let outcomes = self.crm.with(organization, |tables| act(tables, air));
        air.note(format_args!("{operation} {}", outcomes.len()));
        air.way().await;
        self.life.breathe().await;
        if air.strikes("CRM write's answer lost", 30) {
            return Err(fault(FaultKind::Ambiguous, operation));
        }
        Ok(outcomes)
    }
}

#[async_trait]
impl CrmFeed for CrmLine {
    async fn changes(&self, at: &FeedPosition) -> Result<FeedPage, Fault> {
        let air = self.crm.air.clone();
        let size = usize::try_from(air.between(1, 30)).unwrap_or(1);
        let at = at.clone();
        self.read("changes", at.organization, move |tables| {
            if air.strikes("CRM forgot the place", 400) {
                tables.forget_places();
            }
            tables.page(&at, size)
        })
        .await
    }

    async fn registrations(&self, rows: &RowsQuery) -> Result<Vec<Reading<CrmRegistration>>, Fault> {
        let ids = rows.ids.clone();
        self.read("registrations", rows.organization, move |tables| {
            Ok(ids.iter().filter_map(|id| tables.registration(*id)).collect())
        })
        .await
    }

    async fn webinars(&self, rows: &RowsQuery) -> Result<Vec<Reading<CrmWebinar>>, Fault> {
        let ids = rows.ids.clone();
        self.read("webinars", rows.organization, move |tables| {
            let reading = |id: &CrmRecordId| {
                let row = tables.events.get(&id.uuid().into())?.clone();
                Some(Reading { id: *id, version: Version(tables.version(CrmTable::Webinars, *id)), row })
            };
            Ok(ids.iter().filter_map(reading).collect())
        })
        .await
    }

    async fn inspect(&self, organization: &OrganizationId) -> Result<SchemaReport, Fault> {
        self.read("inspect", *organization, |_| Ok(SchemaReport::default())).await
    }
}

#[async_trait]
impl CrmAnswers for CrmLine {
    async fn answer(&self, batch: &AnswerBatch) -> Result<Vec<ItemOutcome>, Fault> {
        let items = batch.items.clone();
        self.write("answer", batch.organization, move |tables, air| {
            let outcome = |item: &webinar_bridge_domain::port::AnswerItem| {
                if !tables.rows.contains_key(&item.source) {
                    return ItemOutcome::Absent;
                }
                if air.strikes("answer's item failed", 60) {
                    return ItemOutcome::Failed(fault(FaultKind::Transient, "answer"));
                }
                if tables.told.insert(item.source, item.answer.clone()).as_ref() != Some(&item.answer) {
                    tables.changed(CrmTable::Registrations, item.source.uuid().into());
                }
                ItemOutcome::Done
            };
            items.iter().map(outcome).collect()
        })
        .await
    }
}

#[async_trait]
impl CrmMetrics for CrmLine {
    async fn upsert(&self, batch: &CheckInBatch) -> Result<Vec<ItemOutcome>, Fault> {
        let items = batch.items.clone();
        self.write("upsert", batch.organization, move |tables, air| {
            let outcome = |item: &webinar_bridge_domain::port::CheckIn| {
                if !tables.rows.contains_key(&item.source) {
                    return ItemOutcome::Absent;
                }
                if air.strikes("check-in failed", 60) {
                    return ItemOutcome::Failed(fault(FaultKind::Transient, "upsert"));
                }
                tables.check_ins.insert(item.id, item.watched);
                ItemOutcome::Done
            };
            items.iter().map(outcome).collect()
        })
        .await
    }
}

#[async_trait]
impl Account for CrmLine {
    async fn probe(&self, order: &ProbeOrder) -> Result<(), Fault> {
        self.read("crm probe", order.organization, |_| Ok(())).await
    }
}
