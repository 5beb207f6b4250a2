//! The doors at which CRMs say that rows changed.

use async_trait::async_trait;
use webinar_bridge_domain::endpoint::{Endpoint, EndpointId};
use webinar_bridge_domain::id::{OrganizationId, Revision, Stored};
use webinar_bridge_domain::port::{EndpointChange, Endpoints, Saved, StoreError};

use super::fault::Failed;
use super::{Conn, Db, Store};
use crate::record;

#[derive(Clone, Debug, sqlx::FromRow)]
struct Row {
    organization: String,
    revision: i64,
    doc: String,
}

const FIND: &str = "SELECT organization, revision, doc FROM endpoint WHERE id = $1";
const OF: &str = "SELECT organization, revision, doc FROM endpoint WHERE organization = $1";
/// The one to be saved, and the one that has its name already.
const EITHER: &str =
    concat!("SELECT organization, revision, doc FROM endpoint WHERE organization = $1 OR id = $2", locked!());
const SAVE: &str = "INSERT INTO endpoint (organization, id, revision, doc) VALUES ($1, $2, $3, $4)
     ON CONFLICT (organization) DO UPDATE
        SET id = excluded.id, revision = excluded.revision, doc = excluded.doc";
const CLOSE: &str = "DELETE FROM endpoint WHERE organization = $1";

impl Row {
    fn stored(&self) -> Result<Stored<Endpoint>, StoreError> {
        let item = record::read("endpoint", &self.organization, &self.doc)?;
        Ok(Stored { item, revision: Revision(self.revision.cast_unsigned()) })
    }
}

async fn save(conn: &mut Conn, change: EndpointChange) -> Result<Result<Revision, Option<Row>>, Failed> {
    let (organization, id) = (record::id(change.next.organization.uuid()), record::id(change.next.id.uuid()));
    let found: Vec<Row> =
        sqlx::query_as::<Db, Row>(EITHER).bind(&organization).bind(&id).fetch_all(&mut *conn).await?;
    let (own, other): (Vec<Row>, Vec<Row>) =
        found.into_iter().partition(|row| row.organization == organization);
    if let Some(other) = other.into_iter().next() {
        return Ok(Err(Some(other)));
    }
    let own = own.into_iter().next();
    if own.as_ref().map(|row| Revision(row.revision.cast_unsigned())) != change.expected {
        return Ok(Err(own));
    }
    let revision = own.map_or(0, |row| row.revision) + 1;
    let doc = record::document(&change.next)?;
    sqlx::query::<Db>(SAVE).bind(organization).bind(id).bind(revision).bind(doc).execute(conn).await?;
    Ok(Ok(Revision(revision.cast_unsigned())))
}

impl Store {
    async fn endpoint(
        &self,
        statement: &'static str,
        id: String,
    ) -> Result<Option<Stored<Endpoint>>, StoreError> {
        let row: Option<Row> = self
            .read(move |conn| {
                Box::pin(async move {
                    Ok(sqlx::query_as::<Db, _>(statement).bind(id).fetch_optional(conn).await?)
                })
            })
            .await?;
        row.map(|row| row.stored()).transpose()
    }
}

#[async_trait]
impl Endpoints for Store {
    async fn find(&self, id: &EndpointId) -> Result<Option<Stored<Endpoint>>, StoreError> {
        self.endpoint(FIND, record::id(id.uuid())).await
    }

    async fn of(&self, organization: &OrganizationId) -> Result<Option<Stored<Endpoint>>, StoreError> {
        self.endpoint(OF, record::id(organization.uuid())).await
    }

    async fn save(&self, change: &EndpointChange) -> Result<Saved<Endpoint>, StoreError> {
        let change = change.clone();
        Ok(match self.write(move |conn| Box::pin(save(conn, change))).await? {
            Ok(revision) => Saved::Done(revision),
            Err(row) => Saved::Moved(row.map(|row| row.stored()).transpose()?),
        })
    }

    async fn close(&self, organization: &OrganizationId) -> Result<bool, StoreError> {
        let organization = record::id(organization.uuid());
        let closed = self
            .write(move |conn| {
                Box::pin(async move { Ok(sqlx::query::<Db>(CLOSE).bind(organization).execute(conn).await?) })
            })
            .await?;
        Ok(closed.rows_affected() > 0)
    }
}
