//! Watching in one mode, live or on demand, session by session.

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use rand::rngs::StdRng;

use super::event::Event;

/// On demand, the sessions of one viewing lie within so many seconds beside the watching itself.
const PAUSES: i64 = 4 * 3600;

/// One launch of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) start: Timestamp,
    pub(super) seconds: u32,
}

impl Session {
    pub(super) fn end(&self) -> Timestamp {
        self.start.checked_add(SignedDuration::from_secs(self.seconds.into())).unwrap_or(Timestamp::MAX)
    }
}

/// At least one session, in the order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Viewing {
    pub(super) sessions: Vec<Session>,
    /// Minutes that were seen more than once.
    again: u32,
    /// Both times are when the console was opened, so that they are the same for a long stay.
    still: bool,
}

impl Viewing {
    /// Most stay almost to the end, some leave early, a few are gone within the first minute.
    pub(super) fn live(generator: &mut StdRng, event: &Event) -> Self {
        let percent = match generator.random_range(0..100) {
            0..5 => 0,
            5..35 => generator.random_range(2..70),
            _ => generator.random_range(70..=100),
        };
        let watched = watched(generator, event.minutes, percent);
        let spare = i64::from(event.minutes * 60 - watched);
        let wait = generator.random_range(0..=spare.min(1200));
        let first = event.starts.checked_add(SignedDuration::from_secs(wait)).unwrap_or(event.starts);
        Self::launched(generator, watched, first, spare - wait)
    }

    pub(super) fn on_demand(generator: &mut StdRng, event: &Event) -> Self {
        let percent = match generator.random_range(0..100) {
            0..8 => 0,
            _ => generator.random_range(5..=100),
        };
        let watched = watched(generator, event.minutes, percent);
        let wait = SignedDuration::from_secs(generator.random_range(60..72 * 3600));
        let first = event.archive_starts().checked_add(wait).unwrap_or(event.starts);
        Self::launched(generator, watched, first, PAUSES)
    }

    /// Who opens the console more than once sees some minutes again; the pauses take `room` seconds at most.
    fn launched(generator: &mut StdRng, watched: u32, first: Timestamp, room: i64) -> Self {
        let launches = match generator.random_range(0..10) {
            _ if watched < 60 => 1,
            0..7 => 1,
            7..9 => 2,
            _ => 3,
        };
        let again = if launches == 1 { 0 } else { watched / 60 * generator.random_range(0..25) / 100 };
        let still = generator.random_ratio(1, 10);
        let mut sessions = Vec::new();
        let (mut start, mut rest) = (first, watched);
        for left in (0..launches).rev() {
            let seconds = if left == 0 { rest } else { generator.random_range(rest / 4..=rest / 2) };
            let session = Session { start, seconds };
            let pause = SignedDuration::from_secs(generator.random_range(0..=room / launches));
            start = session.end().checked_add(pause).unwrap_or(Timestamp::MAX);
            rest -= seconds;
            sessions.push(session);
        }
        Self { sessions, again, still }
    }

    /// Another viewing in the same mode on top of this one.
    pub(super) fn add(&mut self, more: Self) {
        let minutes = self.minutes().max(more.minutes());
        self.sessions.extend(more.sessions);
        self.sessions.sort_by_key(|session| session.start);
        self.again = self.cumulative().saturating_sub(minutes);
        self.still &= more.still;
    }

    /// What is left of it when only some of its sessions count; `None` when none does.
    pub(super) fn only(&self, counts: impl Fn(&Session) -> bool) -> Option<Self> {
        let sessions: Vec<Session> = self.sessions.iter().copied().filter(counts).collect();
        if sessions.is_empty() {
            return None;
        }
        let again = if sessions.len() < self.sessions.len() { 0 } else { self.again };
        Some(Self { sessions, again, still: self.still })
    }

    pub(super) fn seconds(&self) -> u32 {
        self.sessions.iter().map(|session| session.seconds).sum()
    }

    /// Minutes over all sessions: the viewing time that counts.
    pub(super) fn cumulative(&self) -> u32 {
        self.seconds() / 60
    }

    /// Minutes that were seen, each counted once.
    pub(super) fn minutes(&self) -> u32 {
        self.cumulative().saturating_sub(self.again)
    }

    /// Minutes in which the player was really playing.
    pub(super) fn media(&self) -> u32 {
        self.cumulative() - self.cumulative() / 20
    }

    pub(super) fn launches(&self) -> usize {
        self.sessions.len()
    }

    pub(super) fn first(&self) -> Timestamp {
        self.sessions.first().map_or(Timestamp::MIN, |session| session.start)
    }

    pub(super) fn last(&self) -> Timestamp {
        let last = self.sessions.last().map_or(Timestamp::MIN, Session::end);
        if self.still { self.first() } else { last }
    }
}

fn watched(generator: &mut StdRng, minutes: u32, percent: u32) -> u32 {
    (minutes * 60 * percent / 100 + generator.random_range(0..60)).min(minutes * 60)
}
