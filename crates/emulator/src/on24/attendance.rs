//! Whether and how somebody came to a webinar, drawn by chance.

use std::borrow::Cow;

use jiff::Timestamp;
use rand::RngExt;
use rand::rngs::StdRng;

use super::engagement::Engagement;
use super::event::Event;
use super::lag::Delay;
use super::viewing::{Session, Viewing};

/// Nobody who has neither mode attended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Attendance {
    pub(super) live: Option<Viewing>,
    pub(super) archive: Option<Viewing>,
    /// What was done beside watching, during the live event.
    pub(super) engagement: Engagement,
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
        let would_watch = (is_live && roll < 12) || (60..70).contains(&roll);
        let is_later = would_watch && event.details.has_archive;
        let live = is_live.then(|| Viewing::live(generator, event));
        let archive = is_later.then(|| Viewing::on_demand(generator, event));
        let engagement = live
            .as_ref()
            .map_or_else(Engagement::default, |live| Engagement::draw(generator, live, event.minutes));
        Self { live, archive, engagement }
    }

    pub(super) fn came(&self) -> bool {
        self.live.is_some() || self.archive.is_some()
    }

    /// More watching on demand, by somebody who came or by somebody who did not.
    pub(super) fn watch_more(&mut self, generator: &mut StdRng, event: &Event) {
        let more = Viewing::on_demand(generator, event);
        match &mut self.archive {
            None => self.archive = Some(more),
            Some(archive) => archive.add(more),
        }
    }

    /// What ON24 shows of it by now, of an event that ended then; `None` is nothing.
    pub(super) fn shown(
        &self,
        delay: Delay,
        person: i64,
        ended: Timestamp,
        now: Timestamp,
    ) -> Option<Cow<'_, Self>> {
        if delay.is_none() {
            return self.came().then_some(Cow::Borrowed(self));
        }
        let live = self.live.clone().filter(|_| delay.shows(ended, delay.live(person), now));
        let is_old = |session: &Session| delay.shows(session.end(), delay.on_demand(person), now);
        let archive = self.archive.as_ref().and_then(|archive| archive.only(is_old));
        let engagement = if live.is_some() { self.engagement.clone() } else { Engagement::default() };
        let shown = Self { live, archive, engagement };
        shown.came().then_some(Cow::Owned(shown))
    }

    pub(super) fn sessions(&self) -> impl Iterator<Item = (bool, Session)> {
        let of =
            |viewing: &Option<Viewing>| viewing.clone().map(|viewing| viewing.sessions).into_iter().flatten();
        of(&self.live).map(|session| (true, session)).chain(of(&self.archive).map(|session| (false, session)))
    }

    /// When the person was last active: began a session, or answered a poll.
    pub(super) fn last_activity(&self) -> Option<Timestamp> {
        let began = self.sessions().map(|(_, session)| session.start);
        began.chain(self.engagement.votes.iter().map(|vote| vote.at)).max()
    }

    pub(super) fn cumulative_minutes(&self) -> u32 {
        let minutes = |viewing: &Option<Viewing>| viewing.as_ref().map_or(0, Viewing::cumulative);
        minutes(&self.live) + minutes(&self.archive)
    }
}
