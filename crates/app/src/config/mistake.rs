//! Mistakes in the configuration, shown at the line.

use std::fmt;
use std::ops::Range;

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};

use super::glass::without_secrets;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// What is wrong.
    pub(crate) what: String,
    /// Where in the file, if it is there.
    pub(crate) span: Option<Range<usize>>,
    /// What can be done.
    pub(crate) help: Option<String>,
}

/// A configuration that cannot be used: all its mistakes at once.
#[derive(Debug)]
pub(crate) struct Unusable {
    pub(crate) file: Option<(String, String)>,
    pub(crate) mistakes: Vec<Mistake>,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let handler = miette::GraphicalReportHandler::new_themed(theme()).with_width(100);
        for mistake in &self.mistakes {
            let file = self.file.as_ref().filter(|_| mistake.span.is_some());
            let source = file.map(|(name, text)| NamedSource::new(name, without_secrets(text)));
            handler.render_report(f, &Shown { mistake, source })?;
            writeln!(f)?;
        }
        let n = self.mistakes.len();
        write!(
            f,
            "{n} {} in the configuration. Nothing was started.",
            if n == 1 { "mistake" } else { "mistakes" }
        )
    }
}

fn theme() -> miette::GraphicalTheme {
    use std::io::IsTerminal as _;
    let colourful = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if colourful { miette::GraphicalTheme::unicode() } else { miette::GraphicalTheme::unicode_nocolor() }
}

/// One mistake with its source, as the report wants it.
#[derive(Debug)]
struct Shown<'a> {
    mistake: &'a Mistake,
    source: Option<NamedSource<String>>,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mistake.what)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.mistake.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.mistake.span.clone()?;
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(Some("here".to_owned()), span))))
    }
}
