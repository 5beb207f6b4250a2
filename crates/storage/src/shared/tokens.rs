//! The digests of bootstrap tokens.

use async_trait::async_trait;
use webinar_bridge_domain::port::{StoreError, TokenDigest, TokenShelf};
use webinar_bridge_domain::time::Timestamp;

use super::{Db, Store};
use crate::record;

const ADMIT: &str = "INSERT INTO token (digest, admitted) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING";
const ADMITTED: &str = "SELECT admitted FROM token WHERE digest = $1";

fn text(digest: &TokenDigest) -> String {
    use core::fmt::Write as _;
    digest.0.iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[async_trait]
impl TokenShelf for Store {
    async fn admit(&self, digest: &TokenDigest, now: Timestamp) -> Result<Timestamp, StoreError> {
        let (digest, now) = (text(digest), record::micros(now));
        let admitted: i64 = self
            .write(move |conn| {
                Box::pin(async move {
                    sqlx::query::<Db>(ADMIT).bind(&digest).bind(now).execute(&mut *conn).await?;
                    Ok(sqlx::query_scalar::<Db, _>(ADMITTED).bind(digest).fetch_one(conn).await?)
                })
            })
            .await?;
        Ok(record::time(admitted))
    }

    async fn admitted(&self, digest: &TokenDigest) -> Result<Option<Timestamp>, StoreError> {
        let digest = text(digest);
        let admitted: Option<i64> = self
            .read(move |conn| {
                Box::pin(async move {
                    Ok(sqlx::query_scalar::<Db, _>(ADMITTED).bind(digest).fetch_optional(conn).await?)
                })
            })
            .await?;
        Ok(admitted.map(record::time))
    }
}
