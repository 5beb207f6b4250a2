//! What somebody did at a webinar, drawn by chance.

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use rand::rngs::StdRng;

use super::event::Event;

/// Watching in one mode: live, or later on demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Viewing {
    /// Minutes that were seen, each counted once.
    pub(super) minutes: u32,
    /// The same summed over all launches of the console: the viewing time that counts.
    pub(super) cumulative: u32,
    pub(super) launches: u32,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

/// Whether and how a registrant came. Nobody who has neither mode attended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Attendance {
    pub(super) live: Option<Viewing>,
    pub(super) archive: Option<Viewing>,
    /// Engagement in tenths, 0 to 100.
    pub(super) score: u32,
    /// When questions were asked; every other one is answered.
    pub(super) questions: Vec<Timestamp>,
    /// Which polls were answered, when, and with which of the choices.
    pub(super) votes: Vec<(usize, Timestamp, usize)>,
    /// When the handout was fetched.
    pub(super) downloads: Vec<Timestamp>,
}

/// What a person is up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chance {
    /// Six of ten come live, one later; the others do not.
    Usual,
    /// Comes in any case.
    Comes,
    /// Registered when it was over: can only watch later.
    Late,
}

impl Attendance {
    pub(super) fn draw(generator: &mut StdRng, event: &Event, chance: Chance) -> Self {
        let roll = match chance {
            Chance::Comes => generator.random_range(0..70),
            Chance::Usual | Chance::Late => generator.random_range(0..100),
        };
        let is_live = roll < 60 && chance != Chance::Late;
        let is_later = (is_live && roll < 12) || (60..70).contains(&roll);
        let live = is_live.then(|| Viewing::live(generator, event));
        let archive = is_later.then(|| Viewing::later(generator, event));
        let mut attendance = Self { live, archive, ..Self::default() };
        attendance.engage(generator, event);
        attendance
    }

    pub(super) fn came(&self) -> bool {
        self.live.is_some() || self.archive.is_some()
    }

    /// More watching on demand, by somebody who came or by somebody who did not.
    pub(super) fn watch_more(&mut self, generator: &mut StdRng, event: &Event) {
        let more = Viewing::later(generator, event);
        match &mut self.archive {
            None => self.archive = Some(more),
            Some(archive) => {
                archive.minutes = archive.minutes.max(more.minutes);
                archive.cumulative += more.cumulative;
                archive.launches += more.launches;
                archive.first = archive.first.min(more.first);
                archive.last = archive.last.max(more.last);
            }
        }
    }

    /// Those who stayed a while ask, vote and download.
    fn engage(&mut self, generator: &mut StdRng, event: &Event) {
        let Some(live) = self.live.as_ref().filter(|live| live.cumulative >= 10) else { return };
        let (first, minutes) = (live.first, live.cumulative);
        let mut during =
            || first + SignedDuration::from_secs(generator.random_range(60..i64::from(minutes) * 60));
        let times: Vec<Timestamp> = (0..4).map(|_| during()).collect();
        self.questions = times[..2].iter().copied().filter(|_| generator.random_ratio(1, 8)).collect();
        for (poll, time) in times[..2].iter().enumerate() {
            if generator.random_ratio(1, 2) {
                self.votes.push((poll, *time, generator.random_range(0..3)));
            }
        }
        if generator.random_ratio(1, 4) {
            self.downloads.push(times[3]);
        }
        let deeds = self.questions.len() + self.votes.len() + self.downloads.len();
        let deeds = u32::try_from(deeds).unwrap_or_default();
        self.score = (minutes * 60 / event.minutes.max(1) + deeds * 8).min(100);
    }
}

impl Viewing {
    /// Most stay almost to the end, some leave early, a few are gone within the first minute.
    fn live(generator: &mut StdRng, event: &Event) -> Self {
        let percent = match generator.random_range(0..100) {
            0..5 => 0,
            5..35 => generator.random_range(2..70),
            _ => generator.random_range(70..=100),
        };
        let cumulative = event.minutes * percent / 100;
        let spare = i64::from(event.minutes - cumulative) * 60;
        let first = event.starts + SignedDuration::from_secs(generator.random_range(0..=spare.min(1200)));
        Self::launched(generator, cumulative, first)
    }

    fn later(generator: &mut StdRng, event: &Event) -> Self {
        let percent = match generator.random_range(0..100) {
            0..8 => 0,
            _ => generator.random_range(5..=100),
        };
        let wait = SignedDuration::from_secs(generator.random_range(60..72 * 3600));
        Self::launched(generator, event.minutes * percent / 100, event.archive_starts() + wait)
    }

    /// Who opens the console more than once sees some minutes again.
    fn launched(generator: &mut StdRng, cumulative: u32, first: Timestamp) -> Self {
        let launches = match generator.random_range(0..10) {
            _ if cumulative == 0 => 1,
            0..7 => 1,
            7..9 => 2,
            _ => 3,
        };
        let again = if launches == 1 { 0 } else { cumulative * generator.random_range(0..25) / 100 };
        // Both are times at which the console was opened, so that they may be the same for a long stay.
        let stayed = if generator.random_ratio(1, 10) { 0 } else { cumulative };
        let last = first + SignedDuration::from_mins(stayed.into());
        Self { minutes: cumulative - again, cumulative, launches, first, last }
    }
}
