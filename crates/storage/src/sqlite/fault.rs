//! What SQLite's troubles are to the store's callers.

use webinar_bridge_domain::port::StoreError;

/// A [`StoreError`] that the errors of the driver turn into.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) StoreError);

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self(store_error(&error))
    }
}

const BUSY: i32 = 5;
const IO: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const NOT_A_DATABASE: i32 = 26;
const IO_FSYNC: i32 = IO | (4 << 8);
const IO_DIR_FSYNC: i32 = IO | (5 << 8);

/// What an error inside a statement means.
pub(super) fn store_error(error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(inner) => in_statement(code(error), inner.message()),
        sqlx::Error::PoolTimedOut => StoreError::Unavailable("no reader was free in time".to_owned()),
        sqlx::Error::ColumnDecode { index, .. } => {
            StoreError::Corrupt { table: "a query", column: "a column", key: index.clone() }
        }
        other => StoreError::Unavailable(other.to_string()),
    }
}

/// What an error in a commit or a checkpoint means: whether what was written is on disk is not known any more.
pub(super) fn commit_error(error: &sqlx::Error) -> StoreError {
    match code(error) & 0xff {
        IO => StoreError::Fatal(format!("a commit did not reach the disk: {error}")),
        _ => store_error(error),
    }
}

fn in_statement(code: i32, message: &str) -> StoreError {
    let text = format!("{message} ({code})");
    match (code, code & 0xff) {
        (IO_FSYNC | IO_DIR_FSYNC, _) | (_, CORRUPT | NOT_A_DATABASE) => StoreError::Fatal(text),
        (_, FULL) => StoreError::Full(text),
        (_, BUSY) => StoreError::Unavailable(format!("another process uses the file: {text}")),
        _ => StoreError::Unavailable(text),
    }
}

/// SQLite's extended result code; 0 if the error is not SQLite's.
fn code(error: &sqlx::Error) -> i32 {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.and_then(|code| code.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_has_its_name() {
        let table = [
            (BUSY, "unavailable"),
            (8, "unavailable"),
            (IO | (1 << 8), "unavailable"),
            (FULL, "full"),
            (IO_FSYNC, "fatal"),
            (IO_DIR_FSYNC, "fatal"),
            (CORRUPT | (1 << 8), "fatal"),
            (NOT_A_DATABASE, "fatal"),
        ];
        for (code, expected) in table {
            let name = match in_statement(code, "words") {
                StoreError::Unavailable(_) => "unavailable",
                StoreError::Full(_) => "full",
                StoreError::Corrupt { .. } => "corrupt",
                StoreError::Fatal(_) => "fatal",
            };
            assert_eq!(name, expected, "{code}");
        }
    }

    #[test]
    fn a_pool_without_a_free_reader_is_not_a_loss() {
        assert!(matches!(store_error(&sqlx::Error::PoolTimedOut), StoreError::Unavailable(_)));
        assert!(matches!(commit_error(&sqlx::Error::WorkerCrashed), StoreError::Unavailable(_)));
    }
}
