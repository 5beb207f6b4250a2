#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod record;
mod settings;
mod sqlite;

pub use settings::StorageSettings;
pub use sqlite::{Store, open};
