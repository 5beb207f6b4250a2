//! Readings of CRM rows by id: one row that cannot be read never keeps the others from being read.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::Base;
use crate::fault::{Fault, FaultKind, Peer};
use crate::id::{CrmRecordId, OrganizationId};
use crate::port::{CrmFeed, CrmRegistration, CrmWebinar, Reading, RowsQuery};

/// How many rows are read at once.
pub(super) const ROWS_AT_ONCE: usize = 50;

/// What came of reading rows.
pub(crate) struct Readings<T> {
    /// The rows that are there.
    pub(crate) rows: BTreeMap<CrmRecordId, Reading<T>>,
    /// The rows that are wrong and stay wrong until somebody corrects them; whether they are there is not known.
    pub(crate) unreadable: Vec<(CrmRecordId, Fault)>,
}

/// Something that is read by id.
#[async_trait]
pub(crate) trait ByIds: Sized {
    async fn read(feed: &dyn CrmFeed, query: &RowsQuery) -> Result<Vec<Reading<Self>>, Fault>;
}

#[async_trait]
impl ByIds for CrmRegistration {
    async fn read(feed: &dyn CrmFeed, query: &RowsQuery) -> Result<Vec<Reading<Self>>, Fault> {
        feed.registrations(query).await
    }
}

#[async_trait]
impl ByIds for CrmWebinar {
    async fn read(feed: &dyn CrmFeed, query: &RowsQuery) -> Result<Vec<Reading<Self>>, Fault> {
        feed.webinars(query).await
    }
}

impl<T> Readings<T> {
    fn add(&mut self, readings: Vec<Reading<T>>) {
        self.rows.extend(readings.into_iter().map(|reading| (reading.id, reading)));
    }
}

impl Base {
    /// Reads rows, a batch at a time; one by one, where one of a batch cannot be read.
    pub(crate) async fn readings<T: ByIds>(
        &self,
        organization: OrganizationId,
        ids: &[CrmRecordId],
    ) -> Result<Readings<T>, Fault> {
        let mut readings = Readings { rows: BTreeMap::new(), unreadable: vec![] };
        for some in ids.chunks(ROWS_AT_ONCE) {
            match self.some_rows(organization, some).await {
                Ok(rows) => readings.add(rows),
                Err(fault) if is_of_a_row(&fault) => {
                    self.one_by_one(organization, some, &mut readings).await?;
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(readings)
    }

    async fn one_by_one<T: ByIds>(
        &self,
        organization: OrganizationId,
        ids: &[CrmRecordId],
        readings: &mut Readings<T>,
    ) -> Result<(), Fault> {
        for id in ids {
            match self.some_rows(organization, &[*id]).await {
                Ok(rows) => readings.add(rows),
                Err(fault) if is_of_a_row(&fault) => readings.unreadable.push((*id, fault)),
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    async fn some_rows<T: ByIds>(
        &self,
        organization: OrganizationId,
        ids: &[CrmRecordId],
    ) -> Result<Vec<Reading<T>>, Fault> {
        T::read(self.ports.feed.as_ref(), &RowsQuery { organization, ids: ids.to_vec() }).await
    }
}

fn is_of_a_row(fault: &Fault) -> bool {
    fault.peer == Peer::Crm && matches!(fault.kind, FaultKind::Invalid { .. })
}
