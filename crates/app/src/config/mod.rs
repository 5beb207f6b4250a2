//! Configuration: one TOML file, then the environment, then flags; read once, checked whole.

mod check;
mod environment;
mod file;
mod glass;
mod mistake;
mod organization;
mod read;
mod settings;
mod shape;
#[cfg(test)]
mod tests;

pub(crate) use organization::DeclaredOrganization;
pub(crate) use read::{Source, read};
pub(crate) use settings::{LogFormat, Settings};
