//! The program as people start it: its command lines, its configuration, the sandbox, the emulators and the service.
#![cfg(all(unix, feature = "sandbox"))]

mod bridge;
mod cli;
mod config_check;
mod emulate;
mod http;
mod interruptions;
mod process;
mod sandbox;
mod serve;
