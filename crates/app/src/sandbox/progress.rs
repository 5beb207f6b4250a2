//! Progress: one bar at a time on a terminal, lines elsewhere. What stays is lines; where programs read standard output,
//! they go to standard error.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Tells people what happens.
#[derive(Clone)]
pub(crate) struct Progress {
    bars: MultiProgress,
    terminal: bool,
    json: bool,
}

/// One bar, until it is done.
pub(crate) struct Bar {
    drawn: ProgressBar,
    progress: Progress,
    name: &'static str,
}

impl Progress {
    pub(crate) fn new(json: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bars: MultiProgress::with_draw_target(target), terminal, json }
    }

    /// Says something, above the bar. A reader that is gone, as behind `| head`, need not be told.
    pub(crate) fn say(&self, what: &str) {
        self.bars.suspend(|| {
            let said = if self.json {
                writeln!(std::io::stderr(), "{what}")
            } else {
                writeln!(std::io::stdout(), "{what}")
            };
            drop(said);
        });
    }

    /// A bar of `length`; 0: not known yet.
    pub(crate) fn bar(&self, name: &'static str, length: u64) -> Bar {
        let bar = if length == 0 { ProgressBar::no_length() } else { ProgressBar::new(length) };
        let bar = self.bars.add(bar);
        let template = "  {msg:21} {wide_bar:.green} {human_pos:>7} of {human_len:7}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar.set_message(name);
        if self.terminal {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Bar { drawn: bar, progress: self.clone(), name }
    }
}

impl Bar {
    /// So many of so many; 0: as before.
    pub(crate) fn at(&self, position: u64, length: u64) {
        if length > 0 {
            self.drawn.set_length(length);
        }
        self.drawn.set_position(position);
    }

    /// A line with the last figures takes the bar's place.
    pub(crate) fn done(&self) {
        self.drawn.finish_and_clear();
        self.progress.bars.remove(&self.drawn);
        let (position, length) = (self.drawn.position(), self.drawn.length().unwrap_or(0));
        let (position, length) = (HumanCount(position).to_string(), HumanCount(length));
        self.progress.say(&format!("  {:21} {position:>7} of {length}", self.name));
    }
}
