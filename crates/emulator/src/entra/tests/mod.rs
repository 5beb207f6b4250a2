//! The tenant as its clients meet it.

mod assertions;
mod bench;
mod controls;
mod documents;
mod granting;
mod identities;
mod refusing;
mod tokens;
