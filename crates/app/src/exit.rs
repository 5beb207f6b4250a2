//! Exit codes, and failures that carry one.

use std::fmt;
use std::process::ExitCode;

/// Why a command ended without success.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    pub(crate) fn unexpected(error: impl fmt::Display) -> Self {
        Self { code: 1, message: error.to_string() }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: message.into() }
    }

    pub(crate) fn findings(message: impl Into<String>) -> Self {
        Self { code: 3, message: message.into() }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self { code: 4, message: message.into() }
    }

    pub(crate) fn unreachable(message: impl Into<String>) -> Self {
        Self { code: 69, message: message.into() }
    }

    pub(crate) fn try_later(message: impl Into<String>) -> Self {
        Self { code: 75, message: message.into() }
    }

    pub(crate) fn not_permitted(message: impl Into<String>) -> Self {
        Self { code: 77, message: message.into() }
    }

    pub(crate) fn configuration(message: impl fmt::Display) -> Self {
        Self { code: 78, message: message.to_string() }
    }

    /// The parts could not be put together: a setting names something that is not there or not usable.
    pub(crate) fn configuration_error(error: impl fmt::Display) -> Self {
        Self::configuration(format!("{error}. Nothing was started."))
    }

    #[cfg(test)]
    pub(crate) const fn code(&self) -> u8 {
        self.code
    }

    pub(crate) fn report(&self) -> ExitCode {
        if !self.message.is_empty() {
            eprintln!("{}", self.message);
        }
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Prints a line on standard output; a reader that has gone away is no reason to fail.
pub(crate) fn print_line(line: impl fmt::Display) {
    use std::io::Write as _;
    drop(writeln!(std::io::stdout(), "{line}"));
}

/// What the codes mean, as `--help` shows it.
pub(crate) const MEANINGS: &str = "Exit codes:
  0   done
  1   unexpected
  2   usage
  3   findings, or done in part
  4   not found
  69  a remote system is unreachable
  75  try later
  77  not permitted
  78  configuration";
