//! The two data centres, which share nothing.

use crate::options::{Lag, Options, Quotas};

/// Where a data centre stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Region {
    #[default]
    NorthAmerica,
    Europe,
}

impl Region {
    /// The name of a use of the seed, so that no id and no credential of one region is one of the other.
    pub(super) fn purpose(self, purpose: &str) -> String {
        match self {
            Self::NorthAmerica => format!("on24/{purpose}"),
            Self::Europe => format!("on24-eu/{purpose}"),
        }
    }
}

/// How a data centre begins.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Centre {
    pub(crate) seed: u64,
    pub(crate) region: Region,
    pub(crate) quotas: Quotas,
    pub(crate) lag: Lag,
}

impl Centre {
    pub(crate) fn of(options: &Options, region: Region) -> Self {
        Self { seed: options.seed, region, quotas: options.quotas, lag: options.lag }
    }
}
