//! Kept sums: what changes in a transaction is added to them in the same transaction.

use std::collections::BTreeMap;

use serde::Serialize;
use webinar_bridge_domain::balance::Tally;
use webinar_bridge_domain::id::{OrganizationId, WebinarId};
use webinar_bridge_domain::port::StoreError;

use super::fault::Failed;
use super::{Conn, execute_all};
use crate::record;

/// What changes, by webinar.
#[derive(Debug, Default)]
pub(super) struct Tallies(BTreeMap<(OrganizationId, WebinarId), Tally>);

#[derive(Serialize)]
struct Row {
    organization: String,
    webinar: String,
    counter: String,
    n: i64,
}

const ADD: &str = concat!(
    "INSERT INTO tally (organization, webinar, counter, n)
     SELECT ",
    text!("organization"),
    ", ",
    text!("webinar"),
    ", ",
    text!("counter"),
    ", ",
    number!("n"),
    " FROM ",
    rows!("$1"),
    " WHERE true
     ON CONFLICT (organization, webinar, counter) DO UPDATE SET n = tally.n + excluded.n"
);

impl Tallies {
    /// Something of the webinar counted as `old` and now counts as `new`.
    pub(super) fn change(
        &mut self,
        organization: OrganizationId,
        webinar: WebinarId,
        old: &Tally,
        new: &Tally,
    ) {
        self.0.entry((organization, webinar)).or_default().merge(&old.change_to(new));
    }

    /// What adds the changes to the sums.
    pub(super) fn saving(&self) -> Result<Option<(&'static str, String)>, StoreError> {
        let mut rows = vec![];
        for ((organization, webinar), tally) in &self.0 {
            rows.extend(tally.counters().map(|(counter, n)| Row {
                organization: record::id(organization.uuid()),
                webinar: record::id(webinar.uuid()),
                counter: counter.to_owned(),
                n,
            }));
        }
        Ok(if rows.is_empty() { None } else { Some((ADD, record::json(&rows)?)) })
    }

    /// Adds the changes to the sums.
    pub(super) async fn save(&self, conn: &mut Conn) -> Result<(), Failed> {
        execute_all(conn, self.saving()?.into_iter().collect()).await
    }
}
