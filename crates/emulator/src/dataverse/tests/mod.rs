//! The Web API from outside, against `handle`.

mod access;
mod batching;
mod bench;
mod bulk;
mod changes;
mod collections;
mod failures;
mod fetching;
mod functions;
mod garbage;
mod headers;
mod keys;
mod limits;
mod merging;
mod metadata;
mod names;
mod origins;
mod privileges;
mod queries;
mod refusals;
mod seeding;
mod sql;
mod switches;
mod tracking;
mod volume;
mod writes;
