#![doc = include_str!("../README.md")]

mod emulators;

pub use emulators::Emulators;
