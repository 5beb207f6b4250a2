//! The token endpoint of Entra ID, and the tokens that the other servers admit.

mod endpoint;
mod issuer;
mod refusal;

pub(crate) use endpoint::Entra;
pub(crate) use issuer::{Issuer, TokenFault};
