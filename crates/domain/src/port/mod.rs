//! Ports: what the domain needs of the world, one trait a file.
//!
//! They are cut by who would be replaced together. A method takes one request by reference and gives one answer by
//! value; the time travels in requests, so no adapter asks a clock. Store ports take batches: one statement, one
//! transaction, one verdict per item. The method is the transaction; no transaction object crosses a port.

mod account;
mod answers;
mod attendance_source;
mod bell;
mod books;
mod brakes;
mod chronicle;
mod clock;
mod credential_provider;
mod credential_store;
mod crm_metrics;
mod endpoints;
mod entropy;
mod feed;
mod gates;
mod intake;
mod key_shelf;
mod key_wrap;
mod ledger;
mod organizations;
mod privacy;
mod registrar;
mod store_error;
mod tasks;
mod tokens;
mod vault;
mod webinar_store;
mod worklist;

pub use account::*;
pub use answers::*;
pub use attendance_source::*;
pub use bell::*;
pub use books::*;
pub use brakes::*;
pub use chronicle::*;
pub use clock::*;
pub use credential_provider::*;
pub use credential_store::*;
pub use crm_metrics::*;
pub use endpoints::*;
pub use entropy::*;
pub use feed::*;
pub use gates::*;
pub use intake::*;
pub use key_shelf::*;
pub use key_wrap::*;
pub use ledger::*;
pub use organizations::*;
pub use privacy::*;
pub use registrar::*;
pub use store_error::*;
pub use tasks::*;
pub use tokens::*;
pub use vault::*;
pub use webinar_store::*;
pub use worklist::*;
