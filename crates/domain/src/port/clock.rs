use crate::time::{SignedDuration, Timestamp};

/// The time.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
pub trait Clock: Send + Sync {
    /// Now, in whole microseconds.
    fn now(&self) -> Timestamp;

    /// The time since some moment in the past, for measuring: it never goes back, whoever sets the clock. A clock that
    /// nobody can set may measure by what it shows.
    fn steady(&self) -> SignedDuration {
        SignedDuration::from_micros(self.now().as_microsecond())
    }
}
