//! Configuration: one TOML file, then the environment, then flags; read once, checked whole.

mod environment;
mod file;
mod mistake;
mod read;
mod settings;
#[cfg(test)]
mod tests;

pub(crate) use read::{Source, read};
pub(crate) use settings::{DeclaredOrganization, LogFormat, Settings};
