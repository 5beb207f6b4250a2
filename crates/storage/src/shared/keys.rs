//! Where data keys stand.

use async_trait::async_trait;
use webinar_bridge_domain::credential::SealedSecret;
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::{KeyShelf, StoreError};

use super::{Db, Store};
use crate::record;

const LOAD: &str = "SELECT sealed FROM data_key WHERE organization = $1";
const KEEP: &str =
    "INSERT INTO data_key (organization, sealed) VALUES ($1, $2) ON CONFLICT (organization) DO NOTHING";
const DESTROY: &str = "DELETE FROM data_key WHERE organization = $1";

#[async_trait]
impl KeyShelf for Store {
    async fn load(&self, organization: &OrganizationId) -> Result<Option<SealedSecret>, StoreError> {
        let id = record::id(organization.uuid());
        let sealed: Option<Vec<u8>> = self
            .read(move |conn| {
                Box::pin(
                    async move { Ok(sqlx::query_scalar::<Db, _>(LOAD).bind(id).fetch_optional(conn).await?) },
                )
            })
            .await?;
        Ok(sealed.map(SealedSecret::new))
    }

    async fn save(
        &self,
        organization: &OrganizationId,
        sealed: &SealedSecret,
    ) -> Result<SealedSecret, StoreError> {
        let (id, sealed) = (record::id(organization.uuid()), sealed.as_bytes().to_vec());
        let kept: Vec<u8> = self
            .write(move |conn| {
                Box::pin(async move {
                    sqlx::query::<Db>(KEEP).bind(&id).bind(sealed).execute(&mut *conn).await?;
                    Ok(sqlx::query_scalar::<Db, _>(LOAD).bind(id).fetch_one(conn).await?)
                })
            })
            .await?;
        Ok(SealedSecret::new(kept))
    }

    async fn destroy(&self, organization: &OrganizationId) -> Result<(), StoreError> {
        let id = record::id(organization.uuid());
        self.write(move |conn| {
            Box::pin(async move {
                sqlx::query::<Db>(DESTROY).bind(id).execute(conn).await?;
                Ok(())
            })
        })
        .await
    }
}
