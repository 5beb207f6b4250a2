//! A simulation of the whole bridge: the service's own loops on time that only passes when everybody waits, between a CRM
//! and a provider in memory that are slow, forget, repeat themselves and lie, and processes that are killed, frozen and
//! started again. Everything comes from one seed: the same seed is the same run.
//!
//! A run has four acts. People change the CRM while everything goes wrong; then the weather clears, and what the provider
//! has must become what the CRM wants before the webinars start. The webinars take place, and everything goes wrong again
//! while their minutes come home; then it clears, and every minute must be in the CRM.

mod air;
mod audit;
mod crm;
mod life;
mod people;
mod process;
mod provider;
mod store;
mod world;

pub use air::Figures;
pub use world::{Run, run};
