//! Chaos: the real program, in processes of its own, killed and starved while people go on working, and judged by an auditor
//! that reads only what the emulators say.

mod audit;
mod phases;
mod program;

pub use audit::Findings;
pub use phases::{Outcome, answers, kills, outages};
pub use program::{Binary, free_addresses, has_strace};
