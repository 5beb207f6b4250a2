//! The Web API from outside, against `handle`.

mod access;
mod batching;
mod bench;
mod changes;
mod garbage;
mod metadata;
mod origins;
mod queries;
mod refusals;
mod seeding;
mod tracking;
mod volume;
mod writes;
