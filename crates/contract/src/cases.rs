//! The cases, private: [`suite`](crate::suite) exports those that are on a list.

pub(crate) mod account;
pub(crate) mod answers;
pub(crate) mod attendance;
pub(crate) mod books;
pub(crate) mod chronicle;
pub(crate) mod credentials;
pub(crate) mod endpoints;
pub(crate) mod feed;
pub(crate) mod gates;
pub(crate) mod intake;
pub(crate) mod key_shelf;
pub(crate) mod key_wrap;
pub(crate) mod ledger;
pub(crate) mod metrics;
pub(crate) mod organizations;
pub(crate) mod privacy;
pub(crate) mod registrar;
pub(crate) mod tasks;
pub(crate) mod tokens;
pub(crate) mod vault;
pub(crate) mod webinars;
pub(crate) mod worklist;

mod common;
