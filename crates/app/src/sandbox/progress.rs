//! Progress: bars on a terminal, lines elsewhere, always on standard error when machines read standard output.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Tells people what happens.
pub(crate) struct Progress {
    bars: MultiProgress,
    terminal: bool,
    json: bool,
}

/// One bar.
pub(crate) struct Bar {
    bar: ProgressBar,
    terminal: bool,
    name: &'static str,
}

impl Progress {
    pub(crate) fn new(json: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bars: MultiProgress::with_draw_target(target), terminal, json }
    }

    /// Says something.
    pub(crate) fn say(&self, what: &str) {
        if self.terminal {
            // A line above the bars; a terminal that is gone need not be told.
            drop(self.bars.println(what));
        } else if self.json {
            eprintln!("{what}");
        } else {
            println!("{what}");
        }
    }

    /// A bar of `length`; 0: not known yet.
    pub(crate) fn bar(&self, name: &'static str, length: u64) -> Bar {
        let bar = self.bars.add(ProgressBar::new(length));
        let template = "  {msg:24} {bar:36.green} {human_pos}/{human_len} {per_sec:>12}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar.set_message(name);
        if self.terminal {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Bar { bar, terminal: self.terminal, name }
    }
}

impl Bar {
    /// So many of so many; 0: as before.
    pub(crate) fn at(&self, position: u64, length: u64) {
        if length > 0 {
            self.bar.set_length(length);
        }
        self.bar.set_position(position);
    }

    /// The last figures stay.
    pub(crate) fn done(&self) {
        self.bar.abandon();
        if !self.terminal {
            let length = self.bar.length().unwrap_or(0);
            eprintln!("  {}: {} of {length}", self.name, self.bar.position());
        }
    }
}
