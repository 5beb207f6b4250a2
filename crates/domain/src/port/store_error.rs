/// The store cannot do what was asked. Fenced and moved are answers per item, never this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, or is busy; later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// It has no room left.
    #[error("the store is full: {0}")]
    Full(String),
    /// What it holds cannot be read.
    #[error("the store holds something unreadable in {table}.{column} of {key}")]
    Corrupt {
        /// Where.
        table: &'static str,
        /// Which column.
        column: &'static str,
        /// Of which row.
        key: String,
    },
    /// A sync failed: what is on disk is not known any more, and the process must end (rule D4).
    #[error("the store failed for good: {0}")]
    Fatal(String),
}
