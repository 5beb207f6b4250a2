//! What an attendee does beside watching, drawn by chance.

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use rand::rngs::StdRng;

use super::programme::{CALLS, Choice, FETCHED, OWN_WORDS, POLLS, SURVEY};
use super::viewing::Viewing;
use super::widget::{REACTIONS, WIDGETS};

/// Of so many who stay a while, one does something rare.
const RARE: u32 = 12;

/// A poll that was answered, with the numbers of the answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Vote {
    pub(super) poll: usize,
    pub(super) at: Timestamp,
    pub(super) answers: Vec<usize>,
}

/// The survey's first two questions with the numbers of their answers, and the words of the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opinion {
    pub(super) at: Timestamp,
    pub(super) answers: Vec<Vec<usize>>,
    pub(super) words: Option<usize>,
}

/// Something done to one of several things, once or more often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) what: usize,
    pub(super) at: Timestamp,
    pub(super) times: u32,
}

/// The test at the end, and how often it was tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trial {
    pub(super) passed: bool,
    pub(super) retries: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Engagement {
    /// In tenths, 0 to 100.
    pub(super) score: u32,
    /// When questions were asked; every other one is answered.
    pub(super) questions: Vec<Timestamp>,
    pub(super) votes: Vec<Vote>,
    pub(super) opinion: Option<Opinion>,
    pub(super) downloads: Vec<Deed>,
    pub(super) clicks: Vec<Deed>,
    pub(super) widgets: Vec<Deed>,
    pub(super) reactions: Vec<Deed>,
    pub(super) chat: Vec<Timestamp>,
    pub(super) tweets: Vec<Timestamp>,
    pub(super) ideas: Vec<Timestamp>,
    pub(super) trial: Option<Trial>,
    pub(super) certificate: Option<Timestamp>,
    pub(super) breakout_minutes: Option<u32>,
    pub(super) meetings: Option<u32>,
}

impl Engagement {
    /// Those who stayed a while ask, vote, answer, download and click.
    pub(super) fn draw(generator: &mut StdRng, live: &Viewing, event_minutes: u32) -> Self {
        let minutes = live.cumulative();
        if minutes < 10 {
            return Self::default();
        }
        let times = Times { first: live.first(), seconds: i64::from(live.sessions[0].seconds).max(61) };
        let mut done = Self::default();
        done.take_part(generator, &times);
        done.reach_out(generator, &times);
        done.rarely(generator, &times, minutes);
        let deeds = done.questions.len() + done.votes.len() + done.downloads.len();
        let deeds = u32::try_from(deeds).unwrap_or_default();
        done.score = (minutes * 60 / event_minutes.max(1) + deeds * 8).min(100);
        done
    }

    fn take_part(&mut self, generator: &mut StdRng, times: &Times) {
        for _ in 0..2 {
            if generator.random_ratio(1, 8) {
                self.questions.push(times.draw(generator));
            }
        }
        for (poll, choice) in POLLS.iter().enumerate() {
            if generator.random_ratio(1, 2) {
                let answers = answers(generator, choice);
                self.votes.push(Vote { poll, at: times.draw(generator), answers });
            }
        }
        if generator.random_ratio(1, 3) {
            let answers = SURVEY.iter().filter(|question| !question.answers.is_empty());
            let answers = answers.map(|question| answers_or_none(generator, question)).collect();
            let words = generator.random_ratio(1, 3).then(|| generator.random_range(0..OWN_WORDS.len()));
            self.opinion = Some(Opinion { at: times.draw(generator), answers, words });
        }
    }

    fn reach_out(&mut self, generator: &mut StdRng, times: &Times) {
        self.downloads = deeds(generator, times, FETCHED, 4);
        self.clicks = deeds(generator, times, CALLS.len(), 5);
        for _ in 0..2 {
            if generator.random_ratio(1, 10) {
                self.chat.push(times.draw(generator));
            }
        }
        self.reactions = deeds(generator, times, REACTIONS.len(), 6);
    }

    fn rarely(&mut self, generator: &mut StdRng, times: &Times, minutes: u32) {
        self.widgets = deeds(generator, times, WIDGETS.len(), RARE);
        if generator.random_ratio(1, RARE) {
            self.tweets.push(times.draw(generator));
        }
        if generator.random_ratio(1, RARE) {
            self.ideas.push(times.draw(generator));
        }
        if generator.random_ratio(1, RARE) {
            self.trial =
                Some(Trial { passed: generator.random_ratio(3, 4), retries: generator.random_range(0..3) });
        }
        if generator.random_ratio(1, RARE) {
            self.certificate = Some(times.draw(generator));
        }
        self.breakout_minutes = generator.random_ratio(1, RARE).then(|| generator.random_range(1..=minutes));
        self.meetings = generator.random_ratio(1, RARE).then(|| generator.random_range(1..3));
    }

    /// How many questions of the survey have an answer.
    pub(super) fn survey_answers(&self) -> usize {
        self.opinion.as_ref().map_or(0, |opinion| {
            opinion.answers.iter().filter(|answers| !answers.is_empty()).count()
                + usize::from(opinion.words.is_some())
        })
    }
}

/// The time within which somebody does things: the first session.
struct Times {
    first: Timestamp,
    seconds: i64,
}

impl Times {
    fn draw(&self, generator: &mut StdRng) -> Timestamp {
        let after = SignedDuration::from_secs(generator.random_range(60..self.seconds));
        self.first.checked_add(after).unwrap_or(self.first)
    }
}

/// One answer, or several where several may be chosen.
fn answers(generator: &mut StdRng, choice: &Choice) -> Vec<usize> {
    let first = generator.random_range(0..choice.answers.len());
    let mut chosen = vec![first];
    if choice.many && generator.random_ratio(1, 3) {
        chosen.push((first + 1) % choice.answers.len());
    }
    chosen.sort_unstable();
    chosen
}

fn answers_or_none(generator: &mut StdRng, choice: &Choice) -> Vec<usize> {
    if generator.random_ratio(4, 5) { answers(generator, choice) } else { Vec::new() }
}

/// Each of so many things is done by one person in `one_in`, once or twice.
fn deeds(generator: &mut StdRng, times: &Times, things: usize, one_in: u32) -> Vec<Deed> {
    let mut done = Vec::new();
    for what in 0..things {
        if generator.random_ratio(1, one_in) {
            done.push(Deed { what, at: times.draw(generator), times: generator.random_range(1..3) });
        }
    }
    done
}
