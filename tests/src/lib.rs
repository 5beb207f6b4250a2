//! What tests and benchmarks of the whole house share: its dependency tree and its sources with the checks on them, a
//! bridge over the emulators, and the benchmarks' instruments.
#![expect(clippy::expect_used, reason = "what fails here fails the test or the benchmark, and says at what")]

pub mod bench;
pub mod chaos;
pub mod crm;
pub mod house;
pub mod sim;
pub mod sources;
pub mod tree;
