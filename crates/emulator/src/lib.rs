//! Emulated peers.
mod clock;
mod control;
mod emulated;
mod entra;
mod people;
mod seeded;
mod server;
mod site;
mod weather;
mod wire;
pub use clock::Clock;
pub use people::{Person, person};
