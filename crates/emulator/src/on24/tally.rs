//! Sums over everybody at an event.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::attendance::Attendance;
use super::event::Event;
use super::programme::{HANDOUTS, POLLS};
use super::reading::Reading;
use super::registrant::Registrant;
use super::viewing::Viewing;
use super::widget::WIDGETS;

/// Watching in one mode.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Watched {
    people: u64,
    launches: u64,
    pub(super) minutes: u64,
    media: u64,
}

/// What attendees did.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) attendees: u64,
    pub(super) live: Watched,
    pub(super) archive: Watched,
    last: Option<Timestamp>,
    score: u64,
    questions: u64,
    answered: u64,
    votes: u64,
    opinions: u64,
    tweets: u64,
    clicks: u64,
    widgets: [u64; WIDGETS.len()],
    chat: u64,
    downloaders: u64,
    downloads: u64,
    tests: u64,
    passed: u64,
}

/// The sums of an event. Those over registrants grow with each; those over attendees are made anew when one of them
/// has changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    /// So many of the event's people are in it.
    counted: usize,
    pub(super) registrants: u64,
    /// How many registered with each partner code; those without one under `-`.
    pub(super) codes: BTreeMap<String, u64>,
    last_registered: Option<Timestamp>,
    pub(super) came: Option<Tally>,
}

fn count(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}

impl Watched {
    fn add(&mut self, viewing: &Viewing) {
        self.people += 1;
        self.launches += count(viewing.launches());
        self.minutes += u64::from(viewing.cumulative());
        self.media += u64::from(viewing.media());
    }

    /// By person; what ON24 calls the cumulative average is by launch of the console.
    fn average(&self) -> u64 {
        self.minutes / self.people.max(1)
    }

    fn average_by_launch(&self) -> u64 {
        self.minutes / self.launches.max(1)
    }
}

impl Tally {
    fn of<'a>(attendances: impl Iterator<Item = Cow<'a, Attendance>>) -> Self {
        let mut tally = Self::default();
        attendances.for_each(|came| tally.add(&came));
        tally
    }

    fn add(&mut self, came: &Attendance) {
        self.attendees += 1;
        came.live.iter().for_each(|live| self.live.add(live));
        came.archive.iter().for_each(|archive| self.archive.add(archive));
        self.last = self.last.max(came.last_activity());
        let done = &came.engagement;
        self.score += u64::from(done.score);
        self.questions += count(done.questions.len());
        self.answered += count(done.questions.len().div_ceil(2));
        self.votes += count(done.votes.len());
        self.opinions += u64::from(done.opinion.is_some());
        self.tweets += count(done.tweets.len());
        self.clicks += done.clicks.iter().map(|deed| u64::from(deed.times)).sum::<u64>();
        done.widgets.iter().for_each(|deed| self.widgets[deed.what] += 1);
        self.chat += count(done.chat.len());
        self.downloaders += u64::from(!done.downloads.is_empty());
        self.downloads += count(done.downloads.len());
        self.tests += u64::from(done.trial.is_some());
        self.passed += u64::from(done.trial.is_some_and(|trial| trial.passed));
    }
}

impl Sums {
    fn add(&mut self, person: &Registrant) {
        self.counted += 1;
        if !person.is_registered() {
            return;
        }
        self.registrants += 1;
        self.last_registered = self.last_registered.max(Some(person.created));
        let code = person.value("partnerref").unwrap_or("-");
        match self.codes.get_mut(code) {
            Some(people) => *people += 1,
            None => {
                self.codes.insert(code.to_owned(), 1);
            }
        }
    }
}

impl Event {
    /// Brings the sums up to date.
    pub(super) fn sum_up(&mut self) {
        let mut sums = std::mem::take(&mut self.sums);
        self.people.iter().skip(sums.counted).for_each(|person| sums.add(person));
        if sums.came.is_none() {
            let came = self.people.iter().filter_map(|person| person.attendance.as_deref());
            sums.came = Some(Tally::of(came.filter(|came| came.came()).map(Cow::Borrowed)));
        }
        self.sums = sums;
    }

    /// The sums as far as ON24 shows them; `sum_up` went before.
    pub(super) fn sums(&self, reading: &Reading<'_>) -> Cow<'_, Sums> {
        if reading.delay.is_none() {
            return Cow::Borrowed(&self.sums);
        }
        let mut sums = Sums::default();
        self.registered(reading).for_each(|person| sums.add(person));
        sums.came = Some(Tally::of(self.attendees(reading).map(|(_, came)| came)));
        Cow::Owned(sums)
    }

    /// The last activity of the audience that has got through by now.
    pub(super) fn last_updated(&self, reading: &Reading<'_>) -> Timestamp {
        if reading.delay.is_none() {
            let last = self.sums.came.as_ref().and_then(|came| came.last);
            let last = last.max(self.sums.last_registered).max(Some(self.created));
            // What people will watch later is read at once, too, but not when it will be.
            return last.unwrap_or(self.created).min(reading.now);
        }
        let takes = reading.delay.last_updated(self.id);
        let registered = self.people.iter().filter(|person| person.is_registered());
        let came = self.people.iter().filter_map(|person| person.attendance.as_ref()?.last_activity());
        let seen = registered.map(|person| person.created).chain(came);
        let seen = seen.filter(|at| reading.delay.shows(*at, takes, reading.now));
        seen.max().unwrap_or(self.created).max(self.created)
    }

    /// The counters of the list of events.
    pub(super) fn analytics(&self, reading: &Reading<'_>) -> Map<String, Value> {
        let sums = self.sums(reading);
        let tally = sums.came.clone().unwrap_or_default();
        let (live, archive) = (&tally.live, &tally.archive);
        let counters = [
            ("totalregistrants", sums.registrants),
            ("totalattendees", tally.attendees),
            ("liveattendees", live.people),
            ("ondemandattendees", archive.people),
            ("averageliveminutes", live.average()),
            ("averagecumulativeliveminutes", live.average_by_launch()),
            ("averagearchiveminutes", archive.average()),
            ("averagecumulativearchiveminutes", archive.average_by_launch()),
            ("totalcumulativeliveminutes", live.minutes),
            ("totalcumulativearchiveminutes", archive.minutes),
            ("totalcumulativeminutes", live.minutes + archive.minutes),
            ("totalmediaplayerminutes", live.media + archive.media),
            ("totallivemediaplayerminutes", live.media),
            ("totalarchivemediaplayerminutes", archive.media),
        ];
        counters.into_iter().map(|(name, count)| (name.to_owned(), json!(count))).collect()
    }

    /// The further counters of `GET event/{id}`.
    pub(super) fn insert_counters(&self, analytics: &mut Map<String, Value>, reading: &Reading<'_>) {
        let sums = self.sums(reading);
        let tally = sums.came.clone().unwrap_or_default();
        let begun = u64::from(self.has_started(reading.now));
        let [meetings, demos, trials, _, drifts, _] = tally.widgets;
        let counters = [
            ("numberofquestionsasked", tally.questions),
            ("numberofquestionsanswered", tally.answered),
            ("numberofpollspushed", begun * count(POLLS.len())),
            ("numberofpollresponses", tally.votes),
            ("numberofsurveyspresented", begun),
            ("numberofsurveyresponses", tally.opinions),
            ("registrationpagehits", sums.registrants + tally.attendees),
            ("sharethiswidgetuniqueviews", 0),
            ("sharethiswidgettotalviews", 0),
            ("twitterwidgetuniqueviews", tally.tweets),
            ("twitterwidgettotalviews", tally.tweets),
            ("numberofctaclicks", tally.clicks),
            ("numberofmeetingconversions", meetings),
            ("numberofdemoconversions", demos),
            ("numberoffreetrialrequests", trials),
            ("numberofdrifts", drifts),
            ("numberofgroupchatmessagessubmitted", tally.chat),
            ("numberofresourcesavailable", count(HANDOUTS.len())),
            ("attendeeswhodownloadedresource", tally.downloaders),
            ("uniqueattendeeresourcedownloads", tally.downloads),
            ("numberoftestssubmitted", tally.tests),
            ("numberoftestspassed", tally.passed),
        ];
        analytics.extend(counters.map(|(name, count)| (name.to_owned(), json!(count))));
        let no_shows = i128::from(sums.registrants) - i128::from(tally.attendees);
        analytics.insert("noshowcount".to_owned(), json!(i64::try_from(no_shows).unwrap_or_default()));
        analytics.insert("eventengagementscore".to_owned(), mean(tally.score, tally.attendees));
    }
}

/// The mean of scores in tenths, with one decimal.
fn mean(tenths: u64, people: u64) -> Value {
    let tenths = tenths.checked_div(people).and_then(|mean| u32::try_from(mean).ok()).unwrap_or_default();
    json!(f64::from(tenths) / 10.0)
}
