//! The vault as its clients meet it.

mod admission;
mod audit;
mod bench;
mod deletion;
mod permissions;
mod shapes;
mod throttling;
mod values;
mod vectors;
mod versions;
