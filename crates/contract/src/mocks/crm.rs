use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;
use webinar_bridge_domain::fault::{Fault, FaultKind, Missing, Peer};
use webinar_bridge_domain::id::{CrmRecordId, SourceId, Version};
use webinar_bridge_domain::person::{Address, Details};
use webinar_bridge_domain::port::{
    AnswerBatch, AnswerItem, CheckIn, CheckInBatch, CrmRegistration, CrmRow, CrmTable, CrmWebinar, Cursor,
    FeedPage, FeedPosition, FeedRow, ItemOutcome, MockCrmAnswers, MockCrmFeed, MockCrmMetrics, Reading,
    RowsQuery, SchemaMismatch, SchemaReport,
};
use webinar_bridge_domain::registration::{Answer, Cause};

use super::{Call, Shared};
use crate::world::{
    CrmCompany, CrmContact, CrmEdit, CrmRegistrationRow, CrmStage, CrmWorld, KeptCheckIn, Told, Weather,
};

/// How many are on a page of the feed.
const PAGE: usize = 50;

/// The mocks of a CRM, and the world behind them.
pub struct CrmMocks {
    /// The reading side.
    pub feed: MockCrmFeed,
    /// The answering side.
    pub answers: MockCrmAnswers,
    /// The metrics side.
    pub metrics: MockCrmMetrics,
    /// What the world chose.
    pub stage: CrmStage,
    tables: Shared<Tables>,
}

impl CrmMocks {
    /// Somebody changes something in the CRM.
    pub fn edit(&self, edit: CrmEdit) {
        self.tables.lock().edit(edit);
    }

    /// Changes the weather.
    pub fn weather(&self, weather: Weather) {
        self.tables.lock().weather = weather;
    }

    /// What a registration row shows of its answers; `None`: there is no such row.
    pub fn told(&self, source: SourceId) -> Option<Told> {
        let tables = self.tables.lock();
        tables
            .registrations
            .contains_key(&source)
            .then(|| tables.told.get(&source).cloned())?
            .or(Some(Told::Nothing))
    }

    /// All check-in rows.
    pub fn check_ins(&self) -> Vec<KeptCheckIn> {
        self.tables.lock().check_ins.values().cloned().collect()
    }
}

/// Mocks of a CRM in which the world is so.
pub fn crm_in(world: &CrmWorld) -> CrmMocks {
    let tables = Shared::new(Tables::new(world));
    CrmMocks {
        feed: feed(&tables),
        answers: answers(&tables),
        metrics: metrics(&tables),
        stage: CrmStage { organization: Uuid::from_u128(0x0195_5000_0000_7000_8000_0000_0000_0001).into() },
        tables,
    }
}

fn feed(tables: &Shared<Tables>) -> MockCrmFeed {
    let mut mock = MockCrmFeed::new();
    let it = tables.clone();
    mock.expect_changes().returning(move |at| it.lock().changes(at));
    let it = tables.clone();
    mock.expect_registrations().returning(move |rows| it.lock().read_registrations(rows));
    let it = tables.clone();
    mock.expect_webinars().returning(move |rows| it.lock().read_webinars(rows));
    let it = tables.clone();
    mock.expect_inspect().returning(move |_| it.lock().inspect());
    mock
}

fn answers(tables: &Shared<Tables>) -> MockCrmAnswers {
    let mut mock = MockCrmAnswers::new();
    let it = tables.clone();
    mock.expect_answer().returning(move |batch| it.lock().answer(batch));
    mock
}

fn metrics(tables: &Shared<Tables>) -> MockCrmMetrics {
    let mut mock = MockCrmMetrics::new();
    let it = tables.clone();
    mock.expect_upsert().returning(move |batch| it.lock().upsert(batch));
    mock
}

/// Everything in the CRM, and the order in which it changed.
struct Tables {
    webinars: BTreeMap<CrmRecordId, CrmWebinar>,
    companies: BTreeMap<CrmRecordId, CrmCompany>,
    contacts: BTreeMap<CrmRecordId, CrmContact>,
    registrations: BTreeMap<SourceId, CrmRegistrationRow>,
    told: BTreeMap<SourceId, Told>,
    check_ins: BTreeMap<Uuid, KeptCheckIn>,
    versions: BTreeMap<CrmRow, Version>,
    /// Every change, oldest first; a cursor is a place in it.
    log: Vec<(CrmRow, bool)>,
    /// Cursors before this place have expired.
    expired: usize,
    whole: bool,
    weather: Weather,
}

impl Tables {
    fn new(world: &CrmWorld) -> Self {
        let mut tables = Self {
            webinars: BTreeMap::new(),
            companies: BTreeMap::new(),
            contacts: BTreeMap::new(),
            registrations: BTreeMap::new(),
            told: BTreeMap::new(),
            check_ins: BTreeMap::new(),
            versions: BTreeMap::new(),
            log: vec![],
            expired: 0,
            whole: true,
            weather: Weather::Calm,
        };
        let webinars = world.webinars.iter().map(|(id, row)| CrmEdit::Webinar(*id, row.clone()));
        let companies = world.companies.iter().cloned().map(CrmEdit::Company);
        let contacts = world.contacts.iter().cloned().map(CrmEdit::Contact);
        let registrations = world.registrations.iter().copied().map(CrmEdit::Registration);
        webinars.chain(companies).chain(contacts).chain(registrations).for_each(|edit| tables.edit(edit));
        tables
    }

    fn edit(&mut self, edit: CrmEdit) {
        match edit {
            CrmEdit::Webinar(id, row) => {
                self.webinars.insert(id.into(), row);
                self.changed(CrmTable::Webinars, id.into(), false);
            }
            CrmEdit::Company(row) => {
                self.changed(CrmTable::Accounts, row.id, false);
                self.companies.insert(row.id, row);
            }
            CrmEdit::Contact(row) => {
                self.changed(CrmTable::Contacts, row.id, false);
                self.contacts.insert(row.id, row);
            }
            CrmEdit::Registration(row) => {
                self.changed(CrmTable::Registrations, row.id.into(), false);
                self.registrations.insert(row.id, row);
            }
            CrmEdit::DeleteRegistration(id) => {
                if self.registrations.remove(&id).is_some() {
                    self.changed(CrmTable::Registrations, id.into(), true);
                }
            }
            CrmEdit::ExpireCursors => self.expired = self.log.len() + 1,
            CrmEdit::DropColumn => self.whole = false,
        }
    }

    fn changed(&mut self, table: CrmTable, id: CrmRecordId, deleted: bool) {
        let row = CrmRow { table, id };
        self.log.push((row, deleted));
        self.versions.insert(row, Version(u64::try_from(self.log.len()).unwrap_or(u64::MAX)));
    }

    fn version(&self, table: CrmTable, id: CrmRecordId) -> Version {
        self.versions.get(&CrmRow { table, id }).copied().unwrap_or_default()
    }

    fn answered<T>(
        &mut self,
        (operation, writes): (&'static str, bool),
        then: impl FnOnce(&mut Self, Call) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let call = Call { peer: Peer::Crm, operation, writes };
        call.arrives(self.weather)?;
        let answer = then(self, call)?;
        call.returns(self.weather)?;
        Ok(answer)
    }

    fn changes(&mut self, at: &FeedPosition) -> Result<FeedPage, Fault> {
        self.answered(("changes", false), |it, call| {
            let place = at.cursor.as_ref().map(|cursor| cursor.as_str().parse::<usize>().unwrap_or(0));
            if place.is_some_and(|place| place < it.expired) {
                return Err(call.fault(FaultKind::Gone { what: Missing::Cursor }));
            }
            // The places of this world begin beyond those that have expired.
            let start = place.map_or(0, |place| place - it.expired);
            let end = (start + PAGE).min(it.log.len());
            let here = it.log[start..end].iter().filter(|(row, _)| row.table == at.table);
            let rows = here.map(|(row, deleted)| FeedRow { id: row.id, deleted: *deleted }).collect();
            let next = Cursor::new((it.expired + end).to_string());
            Ok(FeedPage { rows, next, more: end < it.log.len() })
        })
    }

    fn read_registrations(&mut self, rows: &RowsQuery) -> Result<Vec<Reading<CrmRegistration>>, Fault> {
        let ids: BTreeSet<_> = rows.ids.iter().map(|id| SourceId::from(*id)).collect();
        self.answered(("registrations", false), |it, _| {
            Ok(ids.iter().filter_map(|id| it.read_registration(*id)).collect())
        })
    }

    fn read_registration(&self, id: SourceId) -> Option<Reading<CrmRegistration>> {
        let row = self.registrations.get(&id)?;
        let contact = self.contacts.get(&row.contact)?;
        let company = contact.company.and_then(|id| self.companies.get(&id));
        let versions = [
            self.version(CrmTable::Registrations, id.into()),
            self.version(CrmTable::Contacts, contact.id),
            company.map_or(Version(0), |company| self.version(CrmTable::Accounts, company.id)),
        ];
        let details = Details {
            address: Address::new(&contact.address),
            first_name: contact.first_name.clone(),
            last_name: contact.last_name.clone(),
            company: company.map_or_else(String::new, |company| company.name.clone()),
            job_title: contact.job_title.clone(),
            more: BTreeMap::new(),
        };
        let row = CrmRegistration {
            event: row.event,
            contact: row.contact,
            company: contact.company,
            cancelled: row.cancelled,
            details,
        };
        Some(Reading { id: id.into(), version: versions.into_iter().max().unwrap_or_default(), row })
    }

    fn read_webinars(&mut self, rows: &RowsQuery) -> Result<Vec<Reading<CrmWebinar>>, Fault> {
        self.answered(("webinars", false), |it, _| {
            let reading = |id: &CrmRecordId| {
                let row = it.webinars.get(id)?.clone();
                Some(Reading { id: *id, version: it.version(CrmTable::Webinars, *id), row })
            };
            Ok(rows.ids.iter().filter_map(reading).collect())
        })
    }

    fn inspect(&mut self) -> Result<SchemaReport, Fault> {
        self.answered(("inspect", false), |it, _| {
            let missing = SchemaMismatch {
                name: "mock_cancelled".to_owned(),
                setting: "crm.names.cancelled".to_owned(),
            };
            Ok(SchemaReport { mismatches: if it.whole { vec![] } else { vec![missing] } })
        })
    }

    fn answer(&mut self, batch: &AnswerBatch) -> Result<Vec<ItemOutcome>, Fault> {
        self.answered(("answer", true), |it, _| Ok(batch.items.iter().map(|item| it.tell(item)).collect()))
    }

    fn tell(&mut self, item: &AnswerItem) -> ItemOutcome {
        if !self.registrations.contains_key(&item.source) {
            return ItemOutcome::Absent;
        }
        let told = match &item.answer {
            Answer::Admitted(person) => Told::Admitted(person.as_ref().map(|id| id.as_str().to_owned())),
            Answer::Cancelled => Told::Cancelled,
            Answer::Held(Cause::Refused(words)) => Told::Held(words.to_string()),
            Answer::Held(cause) => Told::Held(cause.remedy().to_owned()),
        };
        if self.told.insert(item.source, told.clone()) != Some(told) {
            self.changed(CrmTable::Registrations, item.source.into(), false);
        }
        ItemOutcome::Done
    }

    fn upsert(&mut self, batch: &CheckInBatch) -> Result<Vec<ItemOutcome>, Fault> {
        self.answered(("upsert", true), |it, _| Ok(batch.items.iter().map(|item| it.keep(item)).collect()))
    }

    fn keep(&mut self, item: &CheckIn) -> ItemOutcome {
        if !self.registrations.contains_key(&item.source) {
            return ItemOutcome::Absent;
        }
        let kept = KeptCheckIn {
            id: item.id.uuid(),
            source: item.source,
            contact: item.contact,
            minutes: item.watched.minutes(),
            interactions: item.watched.interactions,
            first: item.watched.first,
            last: item.watched.last,
        };
        self.check_ins.insert(kept.id, kept);
        ItemOutcome::Done
    }
}
