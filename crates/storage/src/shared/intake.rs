//! What the CRM says, taken in.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use webinar_bridge_domain::balance::Tally;
use webinar_bridge_domain::fact::Fact;
use webinar_bridge_domain::id::{CrmRecordId, OrganizationId, Revision, SourceId, WebinarId};
use webinar_bridge_domain::port::{
    BrakeChange, CrmRow, CrmTable, FeedPlace, FeedStep, Hint, Home, Intake, IntakeBatch, IntakeGroup, Known,
    Lookup, PendingHint, Place, Recorded, RegistrationChange, StoreError,
};
use webinar_bridge_domain::registration::RegistrationKey;

use super::fault::Failed;
use super::registrations::{Current, Desk, Terms, documents};
use super::{Conn, Db, For, Store, brakes, feeds, hints, homes};
use crate::record::{self, Columns, columns_of, micros};

const AT_WORK: &str = "SELECT epoch FROM organization WHERE id = $1 AND active = 1";

/// A batch, ready to be written.
struct Batch {
    organization: OrganizationId,
    epoch: u64,
    groups: Vec<Group>,
    finished: Vec<PendingHint>,
    again: Vec<CrmRow>,
    place: Option<FeedStep>,
    brakes: Vec<BrakeChange>,
    now: i64,
}

struct Group {
    registrations: Vec<Next>,
    homes: Vec<(SourceId, Home)>,
    sources: BTreeSet<SourceId>,
}

struct Next {
    key: RegistrationKey,
    expected: Option<Revision>,
    columns: Columns,
    terms: Terms,
    facts: Vec<Fact>,
}

impl TryFrom<&IntakeGroup> for Group {
    type Error = StoreError;

    fn try_from(group: &IntakeGroup) -> Result<Self, StoreError> {
        let next = |change: &RegistrationChange| {
            Ok(Next {
                key: change.next.key,
                expected: change.expected,
                columns: columns_of(&change.next)?,
                terms: Terms { starts: micros(change.starts), deliverable: i64::from(change.deliverable) },
                facts: change.facts.clone(),
            })
        };
        let mut sources: BTreeSet<SourceId> = group.homes.iter().map(|(source, _)| *source).collect();
        if sources.is_empty() {
            sources =
                group.registrations.iter().flat_map(|change| change.next.sources.keys().copied()).collect();
        }
        let registrations = group.registrations.iter().map(next).collect::<Result<_, StoreError>>()?;
        Ok(Self { registrations, homes: group.homes.clone(), sources })
    }
}

impl Batch {
    fn new(batch: &IntakeBatch) -> Result<Self, StoreError> {
        Ok(Self {
            organization: batch.organization,
            epoch: batch.epoch.0,
            groups: batch.groups.iter().map(Group::try_from).collect::<Result<_, _>>()?,
            finished: batch.finished.clone(),
            again: batch.again.clone(),
            place: batch.place.clone(),
            brakes: batch.brakes.clone(),
            now: micros(batch.now),
        })
    }

    /// The whole transaction.
    async fn take_in(mut self, conn: &mut Conn) -> Result<Recorded, Failed> {
        let organization = record::id(self.organization.uuid());
        let epoch: Option<i64> =
            sqlx::query_scalar::<Db, _>(AT_WORK).bind(&organization).fetch_optional(&mut *conn).await?;
        if epoch.map(i64::cast_unsigned) != Some(self.epoch) {
            return Ok(Recorded::Inactive);
        }
        let stale = brakes::save(conn, &self.brakes).await?.into_keys().collect();
        let (conflicts, mut hinted) = self.groups(conn, &stale).await?;
        hinted.extend(&self.again);
        hints::finish(conn, self.organization, &self.finished).await?;
        let hint = |row: CrmRow| Hint { organization: self.organization, row };
        hints::raise(conn, &hinted.into_iter().map(hint).collect()).await?;
        if let Some(step) = &self.place {
            feeds::move_on(conn, self.organization, step).await?;
        }
        Ok(Recorded::Done { conflicts })
    }

    /// Takes the groups that still fit. The rest: how many, and the rows to look at again.
    async fn groups(
        &mut self,
        conn: &mut Conn,
        stale: &BTreeSet<WebinarId>,
    ) -> Result<(u32, BTreeSet<CrmRow>), Failed> {
        let groups = std::mem::take(&mut self.groups);
        let keys = groups.iter().flat_map(|group| group.registrations.iter().map(|next| next.key)).collect();
        let sources: Vec<SourceId> =
            groups.iter().flat_map(|group| group.homes.iter().map(|(source, _)| *source)).collect();
        let mut desk = Desk::load(conn, keys).await?;
        let mut known = homes::load(conn, For::Change, self.organization, &sources).await?;
        let mut written = BTreeMap::new();
        let (mut conflicts, mut hinted) = (0, BTreeSet::new());
        for group in groups {
            let current = group.homes.iter().all(|(source, home)| homes::may_follow(known.get(source), home));
            if !current || group.is_at(stale) || !group.fits(&desk) {
                conflicts += 1;
                let row = |source| CrmRow { table: CrmTable::Registrations, id: CrmRecordId::from(source) };
                hinted.extend(group.sources.into_iter().map(row));
                continue;
            }
            for (source, home) in group.homes {
                let before = known.insert(source, home);
                self.count(&mut desk, before.as_ref(), &home);
                written.insert(source, home);
            }
            for next in group.registrations {
                desk.put(next.key, next.columns, self.now)?;
                desk.terms(next.key, next.terms);
                desk.explain(next.facts);
            }
        }
        desk.save(conn).await?;
        homes::save(conn, self.organization, &written).await?;
        Ok((conflicts, hinted))
    }

    /// A row counts at the event that it names, which may be another one now.
    fn count(&self, desk: &mut Desk, before: Option<&Home>, next: &Home) {
        let (none, id) = (Tally::default(), self.organization);
        if let Some(before) = before {
            desk.tallies.change(id, before.event, &homes::counts(before), &none);
        }
        desk.tallies.change(id, next.event, &none, &homes::counts(next));
    }
}

impl Group {
    /// Whether it changes a registration at one of these webinars.
    fn is_at(&self, webinars: &BTreeSet<WebinarId>) -> bool {
        self.registrations.iter().any(|next| webinars.contains(&next.key.webinar))
    }

    /// Whether every registration is as it was read.
    fn fits(&self, desk: &Desk) -> bool {
        self.registrations.iter().all(|next| desk.find(&next.key).map(Current::revision) == next.expected)
    }
}

#[async_trait]
impl Intake for Store {
    async fn place(
        &self,
        organization: &OrganizationId,
        table: CrmTable,
    ) -> Result<Option<FeedPlace>, StoreError> {
        let organization = record::id(organization.uuid());
        let row = self.read(move |conn| Box::pin(feeds::place(conn, organization, table))).await?;
        Ok(row.map(FeedPlace::from))
    }

    async fn begin(&self, organization: &OrganizationId, table: CrmTable) -> Result<FeedPlace, StoreError> {
        let organization = record::id(organization.uuid());
        let row = self.write(move |conn| Box::pin(feeds::begin(conn, organization, table))).await?;
        Ok(row.into())
    }

    async fn hint(&self, hints: &[Hint]) -> Result<(), StoreError> {
        let hints: BTreeSet<Hint> = hints.iter().copied().collect();
        if hints.is_empty() {
            return Ok(());
        }
        self.write(move |conn| Box::pin(async move { hints::raise(conn, &hints).await })).await
    }

    async fn hints(&self, organization: &OrganizationId, limit: u32) -> Result<Vec<PendingHint>, StoreError> {
        let organization = record::id(organization.uuid());
        let rows = self.read(move |conn| Box::pin(hints::oldest(conn, organization, limit))).await?;
        rows.into_iter().map(hints::pending).collect()
    }

    async fn touched(
        &self,
        organization: &OrganizationId,
        rows: &[CrmRow],
    ) -> Result<Vec<SourceId>, StoreError> {
        let (organization, rows) = (*organization, rows.to_vec());
        let sources = self
            .read(move |conn| Box::pin(async move { homes::leaning(conn, organization, &rows).await }))
            .await?;
        sources.iter().map(|source| Ok(record::id_in("home", "source", source)?.into())).collect()
    }

    async fn known(&self, of: &Lookup) -> Result<Known, StoreError> {
        let of = of.clone();
        let (homes, docs) = self
            .read(move |conn| {
                Box::pin(async move {
                    let homes = homes::load(conn, For::Reading, of.organization, &of.sources).await?;
                    let key = |home: &Home| match home.place {
                        Place::Registration(key) => Some(key),
                        Place::Deleted(key) => key,
                        Place::Excluded(_) => None,
                    };
                    let keys: BTreeSet<_> = homes.values().filter_map(key).chain(of.keys).collect();
                    let keys: Vec<RegistrationKey> = keys.into_iter().collect();
                    Ok((homes, documents(conn, &keys).await?))
                })
            })
            .await?;
        let registrations = docs.iter().map(|(key, doc)| Ok((*key, doc.registration()?)));
        Ok(Known { homes, registrations: registrations.collect::<Result<_, StoreError>>()? })
    }

    async fn record(&self, batch: &IntakeBatch) -> Result<Recorded, StoreError> {
        let batch = Batch::new(batch)?;
        self.write(move |conn| Box::pin(batch.take_in(conn))).await
    }
}
