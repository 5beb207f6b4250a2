//! Entra ID: one tenant that issues tokens, and what the other servers know of them.

mod assertion;
mod certificate;
mod control;
mod directory;
mod discovery;
mod endpoint;
mod identity;
mod issuer;
mod jwt;
mod refusal;
mod settings;
#[cfg(test)]
mod tests;
mod token;

pub(crate) use endpoint::Entra;
pub(crate) use issuer::{Issuer, TokenFault};
pub(crate) use token::Caller;
