//! A pretend CRM: tables, versions, a change feed, and faults on order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;

use super::world::{START, event, minutes, record, row};
use crate::fault::{Code, Fault, FaultKind, Missing, Peer};
use crate::id::{CrmRecordId, OrganizationId, ProviderEventId, SourceId, Version, WebinarId};
use crate::metrics::{AttendanceId, Watched};
use crate::person::{Address, Details};
use crate::port::{
    Account, AnswerBatch, CheckInBatch, CrmAnswers, CrmFeed, CrmMetrics, CrmRegistration, CrmTable,
    CrmWebinar, Cursor, FeedPage, FeedPosition, FeedRow, ItemOutcome, ProbeOrder, Reading, RowsQuery,
    SchemaMismatch, SchemaReport,
};
use crate::registration::Answer;

#[derive(Default)]
pub(super) struct PretendCrm(Mutex<Tables>);

#[derive(Clone)]
struct Row {
    event: WebinarId,
    contact: CrmRecordId,
    cancelled: bool,
}

#[derive(Clone)]
struct Contact {
    address: String,
    first_name: String,
    account: Option<CrmRecordId>,
}

#[derive(Default)]
struct Tables {
    version: u64,
    versions: BTreeMap<(CrmTable, CrmRecordId), u64>,
    log: Vec<(CrmTable, CrmRecordId)>,
    events: BTreeMap<WebinarId, CrmWebinar>,
    rows: BTreeMap<SourceId, Row>,
    contacts: BTreeMap<CrmRecordId, Contact>,
    accounts: BTreeMap<CrmRecordId, String>,
    unreadable: BTreeSet<CrmRecordId>,
    /// Rows that nobody is shown, without a word of it in the feed.
    hidden: BTreeSet<CrmRecordId>,
    faults: BTreeMap<&'static str, VecDeque<Fault>>,
    item_faults: BTreeMap<SourceId, Fault>,
    /// The feeds' places before this one are lost, and for how many asks even the beginning is.
    lost_before: usize,
    lost_asks: u32,
    page: usize,
    mismatches: Vec<SchemaMismatch>,
    calls: Vec<String>,
    told: BTreeMap<SourceId, Answer>,
    check_ins: BTreeMap<AttendanceId, Watched>,
}

pub(super) fn crm_fault(kind: FaultKind) -> Fault {
    Fault::new(kind, Peer::Crm, "read", Code::new("crm.test"))
}

impl PretendCrm {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap()
    }

    /// An event that is linked to the provider's event of that number.
    pub(super) fn webinar(&self, n: u8) {
        self.event(n, |_| {});
    }

    pub(super) fn event(&self, n: u8, change: impl FnOnce(&mut CrmWebinar)) {
        let mut tables = self.lock();
        let starts = START + minutes(60 * 24 * 10);
        let mut webinar = CrmWebinar {
            title: format!("Webinar {n}"),
            starts,
            ends: starts + minutes(60),
            ours: true,
            cancelled: false,
            event: Some(ProviderEventId::new(n.to_string())),
        };
        change(&mut webinar);
        tables.events.insert(event(n), webinar);
        tables.changed(CrmTable::Webinars, event(n).into());
    }

    pub(super) fn drop_event(&self, n: u8) {
        let mut tables = self.lock();
        tables.events.remove(&event(n));
        tables.changed(CrmTable::Webinars, event(n).into());
    }

    /// A registration row, of a contact of the same number.
    pub(super) fn register(&self, n: u8, event_number: u8, address: &str) {
        self.contact(n, address, "Ada");
        self.register_contact(n, event_number, n);
    }

    pub(super) fn register_contact(&self, n: u8, event_number: u8, contact: u8) {
        let mut tables = self.lock();
        let new = Row { event: event(event_number), contact: record(contact), cancelled: false };
        tables.rows.insert(row(n), new);
        tables.changed(CrmTable::Registrations, row(n).into());
    }

    pub(super) fn contact(&self, n: u8, address: &str, first_name: &str) {
        let mut tables = self.lock();
        let account = tables.contacts.get(&record(n)).and_then(|contact| contact.account);
        let (address, first_name) = (address.to_owned(), first_name.to_owned());
        tables.contacts.insert(record(n), Contact { address, first_name, account });
        tables.changed(CrmTable::Contacts, record(n));
    }

    /// The account `100 + n` of contact `n`.
    pub(super) fn company(&self, n: u8, name: &str) {
        let mut tables = self.lock();
        let id = record(100 + n);
        tables.accounts.insert(id, name.to_owned());
        let joins = tables.contacts.get_mut(&record(n)).filter(|contact| contact.account.is_none());
        if let Some(contact) = joins {
            contact.account = Some(id);
            tables.changed(CrmTable::Contacts, record(n));
        }
        tables.changed(CrmTable::Accounts, id);
    }

    pub(super) fn cancel(&self, n: u8) {
        let mut tables = self.lock();
        tables.rows.get_mut(&row(n)).unwrap().cancelled = true;
        tables.changed(CrmTable::Registrations, row(n).into());
    }

    pub(super) fn restore(&self, n: u8) {
        let mut tables = self.lock();
        tables.rows.get_mut(&row(n)).unwrap().cancelled = false;
        tables.changed(CrmTable::Registrations, row(n).into());
    }

    /// `false`: there is none.
    pub(super) fn delete(&self, n: u8) -> bool {
        let mut tables = self.lock();
        let there = tables.rows.remove(&row(n)).is_some();
        if there {
            tables.changed(CrmTable::Registrations, row(n).into());
        }
        there
    }

    /// Deletes a row without a word of it in the feed.
    pub(super) fn delete_unseen(&self, n: u8) {
        let mut tables = self.lock();
        tables.rows.remove(&row(n)).unwrap();
        tables.hidden.insert(row(n).into());
    }

    pub(super) fn has(&self, n: u8) -> bool {
        self.lock().rows.contains_key(&row(n))
    }

    /// How many registration rows there are.
    pub(super) fn rows(&self) -> u32 {
        u32::try_from(self.lock().rows.len()).unwrap()
    }

    /// Who is to be registered: the provider's event and the address, each once.
    pub(super) fn wanted(&self) -> Vec<(String, String)> {
        let tables = self.lock();
        let wanted = |row: &Row| {
            let event = tables.events.get(&row.event)?.event.as_ref()?.as_str().to_owned();
            let address = Address::new(&tables.contacts.get(&row.contact)?.address).canonical()?;
            (!row.cancelled).then_some((event, address))
        };
        let wanted: BTreeSet<_> = tables.rows.values().filter_map(wanted).collect();
        wanted.into_iter().collect()
    }

    /// Shows nobody that event, or shows it again; its version stays.
    pub(super) fn hide_event(&self, n: u8, hidden: bool) {
        let (mut tables, id) = (self.lock(), event(n).into());
        if hidden {
            tables.hidden.insert(id)
        } else {
            tables.hidden.remove(&id)
        };
    }

    /// A change that leaves everything as it is.
    pub(super) fn touch(&self, n: u8) {
        self.lock().changed(CrmTable::Registrations, row(n).into());
    }

    /// Nobody can read that row, until somebody can.
    pub(super) fn spoil(&self, id: CrmRecordId, spoilt: bool) {
        let mut tables = self.lock();
        if spoilt {
            tables.unreadable.insert(id)
        } else {
            tables.unreadable.remove(&id)
        };
    }

    /// The next calls of that operation fail.
    pub(super) fn fails(&self, operation: &'static str, faults: impl IntoIterator<Item = Fault>) {
        self.lock().faults.entry(operation).or_default().extend(faults);
    }

    pub(super) fn works(&self) {
        let mut tables = self.lock();
        tables.faults.clear();
        tables.item_faults.clear();
    }

    /// The items of that row fail.
    pub(super) fn fails_item(&self, n: u8, fault: Fault) {
        self.lock().item_faults.insert(row(n), fault);
    }

    pub(super) fn lose_places(&self, asks: u32) {
        let mut tables = self.lock();
        tables.lost_before += tables.log.len() + 1;
        tables.lost_asks = asks;
    }

    pub(super) fn pages_of(&self, rows: usize) {
        self.lock().page = rows;
    }

    pub(super) fn lacks(&self, mismatches: Vec<SchemaMismatch>) {
        self.lock().mismatches = mismatches;
    }

    /// The calls since this was asked last.
    pub(super) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().calls)
    }

    pub(super) fn told(&self, n: u8) -> Option<Answer> {
        self.lock().told.get(&row(n)).cloned()
    }

    pub(super) fn check_ins(&self) -> Vec<u32> {
        self.lock().check_ins.values().map(Watched::minutes).collect()
    }
}

impl Tables {
    fn changed(&mut self, table: CrmTable, id: CrmRecordId) {
        self.version += 1;
        let version = self.version;
        self.versions.insert((table, id), version);
        self.log.push((table, id));
    }

    fn called(&mut self, operation: &'static str, size: usize) -> Result<(), Fault> {
        self.calls.push(format!("{operation} {size}"));
        self.faults.get_mut(operation).and_then(VecDeque::pop_front).map_or(Ok(()), Err)
    }

    fn version(&self, table: CrmTable, id: CrmRecordId) -> u64 {
        self.versions.get(&(table, id)).copied().unwrap_or(0)
    }

    fn readable(&self, rows: &RowsQuery) -> Result<(), Fault> {
        let bad = rows.ids.iter().any(|id| self.unreadable.contains(id));
        let field = Code::new("crm.time_zone");
        if bad { Err(crm_fault(FaultKind::Invalid { field })) } else { Ok(()) }
    }

    fn page(&mut self, at: &FeedPosition) -> Result<FeedPage, Fault> {
        let place = at.cursor.as_ref().map(|cursor| cursor.as_str().parse::<usize>().unwrap());
        // Of one table alone.
        let lost_before = if at.table == CrmTable::Registrations { self.lost_before } else { 0 };
        let asks_in_vain = lost_before > 0 && self.lost_asks > 0;
        if asks_in_vain || place.is_some_and(|place| place < lost_before) {
            self.lost_asks = self.lost_asks.saturating_sub(1);
            return Err(crm_fault(FaultKind::Gone { what: Missing::Cursor }));
        }
        let start = place.map_or(0, |place| place - lost_before);
        let size = if self.page == 0 { usize::MAX } else { self.page };
        let end = start.saturating_add(size).min(self.log.len());
        let shown = |(table, id): &&(CrmTable, CrmRecordId)| *table == at.table && !self.hidden.contains(id);
        let here = self.log[start..end].iter().filter(shown);
        let rows = here.map(|(_, id)| FeedRow { id: *id, deleted: false }).collect();
        let next = Cursor::new((lost_before + end).to_string());
        Ok(FeedPage { rows, next, more: end < self.log.len() })
    }

    fn registration(&self, id: SourceId) -> Option<Reading<CrmRegistration>> {
        let Row { event, contact, cancelled } = self.rows.get(&id)?.clone();
        let person = self.contacts.get(&contact)?;
        let company = person.account.and_then(|id| self.accounts.get(&id)).cloned().unwrap_or_default();
        let versions = [
            self.version(CrmTable::Registrations, id.into()),
            self.version(CrmTable::Contacts, contact),
            person.account.map_or(0, |id| self.version(CrmTable::Accounts, id)),
        ];
        let details = Details {
            address: Address::new(&person.address),
            first_name: person.first_name.clone(),
            last_name: "Lovelace".to_owned(),
            company,
            job_title: String::new(),
            more: BTreeMap::new(),
        };
        let row = CrmRegistration { event, contact, company: person.account, cancelled, details };
        Some(Reading { id: id.into(), version: Version(versions.into_iter().max().unwrap()), row })
    }
}

#[async_trait]
impl CrmFeed for PretendCrm {
    async fn changes(&self, at: &FeedPosition) -> Result<FeedPage, Fault> {
        let mut tables = self.lock();
        tables.called("changes", 0)?;
        tables.page(at)
    }

    async fn registrations(&self, rows: &RowsQuery) -> Result<Vec<Reading<CrmRegistration>>, Fault> {
        let mut tables = self.lock();
        tables.called("registrations", rows.ids.len())?;
        tables.readable(rows)?;
        Ok(rows.ids.iter().filter_map(|id| tables.registration((*id).into())).collect())
    }

    async fn webinars(&self, rows: &RowsQuery) -> Result<Vec<Reading<CrmWebinar>>, Fault> {
        let mut tables = self.lock();
        tables.called("webinars", rows.ids.len())?;
        tables.readable(rows)?;
        let reading = |id: &CrmRecordId| {
            let row =
                tables.events.get(&WebinarId::from(*id)).filter(|_| !tables.hidden.contains(id))?.clone();
            Some(Reading { id: *id, version: Version(tables.version(CrmTable::Webinars, *id)), row })
        };
        Ok(rows.ids.iter().filter_map(reading).collect())
    }

    async fn inspect(&self, _: &OrganizationId) -> Result<SchemaReport, Fault> {
        let mut tables = self.lock();
        tables.called("inspect", 0)?;
        Ok(SchemaReport { mismatches: tables.mismatches.clone() })
    }
}

#[async_trait]
impl CrmAnswers for PretendCrm {
    async fn answer(&self, batch: &AnswerBatch) -> Result<Vec<ItemOutcome>, Fault> {
        let mut tables = self.lock();
        tables.called("answer", batch.items.len())?;
        let mut outcomes = vec![];
        for item in &batch.items {
            outcomes.push(tables.outcome(item.source));
            if outcomes.last() == Some(&ItemOutcome::Done)
                && tables.told.insert(item.source, item.answer.clone()).as_ref() != Some(&item.answer)
            {
                tables.changed(CrmTable::Registrations, item.source.into());
            }
        }
        Ok(outcomes)
    }
}

#[async_trait]
impl CrmMetrics for PretendCrm {
    async fn upsert(&self, batch: &CheckInBatch) -> Result<Vec<ItemOutcome>, Fault> {
        let mut tables = self.lock();
        tables.called("upsert", batch.items.len())?;
        let mut outcomes = vec![];
        for item in &batch.items {
            outcomes.push(tables.outcome(item.source));
            if outcomes.last() == Some(&ItemOutcome::Done) {
                tables.check_ins.insert(item.id, item.watched);
            }
        }
        Ok(outcomes)
    }
}

impl Tables {
    fn outcome(&self, source: SourceId) -> ItemOutcome {
        match self.item_faults.get(&source) {
            Some(fault) => ItemOutcome::Failed(fault.clone()),
            None if self.rows.contains_key(&source) => ItemOutcome::Done,
            None => ItemOutcome::Absent,
        }
    }
}

#[async_trait]
impl Account for PretendCrm {
    async fn probe(&self, _: &ProbeOrder) -> Result<(), Fault> {
        self.lock().called("probe", 0)
    }
}
