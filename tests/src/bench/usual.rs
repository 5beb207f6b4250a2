//! What every benchmark can be asked, and how it ends.

use std::process::ExitCode;

use clap::Args;

use super::peer;

/// Flags of every benchmark.
#[derive(Args)]
pub struct Usual {
    /// Prints one JSON line.
    #[arg(long)]
    json: bool,
    /// Ends with 3 when a bar is not held.
    #[arg(long)]
    check: bool,
    /// Serves the emulators instead of measuring; the program's own.
    #[arg(long, hide = true)]
    emulate: Option<u32>,
    /// What cargo appends.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Usual {
    /// Serves the emulators to their end, if this process was started for that; whether it was.
    pub async fn serves(&self) -> bool {
        let Some(registrations) = self.emulate else { return false };
        peer::serve(registrations).await;
        true
    }

    /// Prints what was measured, as a line of JSON or for people, and says whether that is enough where it was asked.
    pub fn end(&self, line: &str, block: &str, enough: bool) -> ExitCode {
        println!("{}", if self.json { line } else { block });
        if self.check && !enough { ExitCode::from(3) } else { ExitCode::SUCCESS }
    }
}
