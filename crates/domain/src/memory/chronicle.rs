use async_trait::async_trait;

use super::MemoryStore;
use crate::port::{Chronicle, ChronicleQuery, Entry, StoreError};

#[async_trait]
impl Chronicle for MemoryStore {
    async fn since(&self, query: &ChronicleQuery) -> Result<Vec<Entry>, StoreError> {
        let state = self.state();
        let of_it = state
            .chronicle
            .iter()
            .filter(|entry| entry.fact.organization == query.organization && entry.position > query.after);
        Ok(of_it.take(usize::try_from(query.limit).unwrap_or(usize::MAX)).cloned().collect())
    }
}
