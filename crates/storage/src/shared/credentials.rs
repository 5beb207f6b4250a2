//! Where credentials stand.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::Serialize;
use webinar_bridge_domain::credential::{Credential, CredentialSlot};
use webinar_bridge_domain::id::{Revision, Stored};
use webinar_bridge_domain::port::{CredentialChange, CredentialStore, Saved, StoreError};

use super::fault::Failed;
use super::{Conn, Db, For, Store, facts};
use crate::record;

#[derive(Serialize)]
struct Wanted {
    n: usize,
    organization: String,
    purpose: &'static str,
}

#[derive(Clone, Debug, sqlx::FromRow)]
struct Row {
    n: i64,
    purpose: String,
    revision: i64,
    doc: String,
}

macro_rules! load {
    () => {
        concat!(
            "SELECT ",
            number!("n"),
            " AS n, c.purpose, c.revision, c.doc FROM ",
            rows!("$1"),
            " CROSS JOIN credential AS c
      WHERE c.organization = ",
            text!("organization"),
            " AND c.purpose = ",
            text!("purpose")
        )
    };
}

const LOAD: &str = load!();
const HOLD: &str = concat!(load!(), locked!());
const SAVE: &str = "INSERT INTO credential (organization, purpose, revision, doc) VALUES ($1, $2, $3, $4)
     ON CONFLICT (organization, purpose) DO UPDATE SET revision = excluded.revision, doc = excluded.doc";

impl Row {
    fn stored(&self) -> Result<Stored<Credential>, StoreError> {
        let item = record::read("credential", &self.purpose, &self.doc)?;
        Ok(Stored { item, revision: Revision(self.revision.cast_unsigned()) })
    }
}

async fn load(conn: &mut Conn, purpose: For, slots: &[CredentialSlot]) -> Result<Vec<Row>, Failed> {
    let wanted = |(n, slot): (usize, &CredentialSlot)| Wanted {
        n,
        organization: record::id(slot.organization.uuid()),
        purpose: slot.purpose.as_str(),
    };
    let wanted = record::json(&slots.iter().enumerate().map(wanted).collect::<Vec<_>>())?;
    Ok(sqlx::query_as::<Db, _>(purpose.either(LOAD, HOLD)).bind(wanted).fetch_all(conn).await?)
}

async fn save(conn: &mut Conn, change: CredentialChange) -> Result<Result<Revision, Option<Row>>, Failed> {
    let slot = change.next.slot;
    let found = load(conn, For::Change, &[slot]).await?.into_iter().next();
    if found.as_ref().map(|row| Revision(row.revision.cast_unsigned())) != change.expected {
        return Ok(Err(found));
    }
    let revision = found.map_or(0, |row| row.revision) + 1;
    sqlx::query::<Db>(SAVE)
        .bind(record::id(slot.organization.uuid()))
        .bind(slot.purpose.as_str())
        .bind(revision)
        .bind(record::document(&change.next)?)
        .execute(&mut *conn)
        .await?;
    facts::append(conn, &change.facts).await?;
    Ok(Ok(Revision(revision.cast_unsigned())))
}

#[async_trait]
impl CredentialStore for Store {
    async fn load(&self, slots: &[CredentialSlot]) -> Result<Vec<Option<Stored<Credential>>>, StoreError> {
        let wanted = slots.to_vec();
        let rows =
            self.read(move |conn| Box::pin(async move { load(conn, For::Reading, &wanted).await })).await?;
        let found: BTreeMap<i64, &Row> = rows.iter().map(|row| (row.n, row)).collect();
        let one =
            |n: usize| i64::try_from(n).ok().and_then(|n| found.get(&n)).map(|row| row.stored()).transpose();
        (0..slots.len()).map(one).collect()
    }

    async fn save(&self, change: &CredentialChange) -> Result<Saved<Credential>, StoreError> {
        let change = change.clone();
        Ok(match self.write(move |conn| Box::pin(save(conn, change))).await? {
            Ok(revision) => Saved::Done(revision),
            Err(row) => Saved::Moved(row.map(|row| row.stored()).transpose()?),
        })
    }
}
