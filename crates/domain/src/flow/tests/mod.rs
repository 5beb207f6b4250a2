//! Flows over the memory store for outcomes, and over mocks for order and refusal.

mod answer;
mod balance;
mod brake;
mod crm;
mod deliver;
mod doors;
mod faults;
mod gates;
mod keyholder;
mod keys;
mod links;
mod metrics;
mod observe;
mod order;
mod people;
mod provider;
mod reconcile;
mod release;
mod resync;
mod steward;
mod world;
