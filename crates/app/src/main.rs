//! The binary; everything stands in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    webinar_bridge_app::main()
}
