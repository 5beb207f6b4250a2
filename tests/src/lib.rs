//! What the tests of the house share: its dependency tree and its sources, and the checks on them.

pub mod sources;
pub mod tree;
