//! The token endpoint of Entra ID, and the tokens that the other servers admit.

mod endpoint;
mod issuer;

pub(crate) use issuer::{Issuer, TokenFault};
