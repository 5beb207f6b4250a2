//! Random worlds: a CRM that people edit, a provider that drops, delays and refuses, workers that crash and wake.
//!
//! When the faults stop, everything is read once more and what is held is released once; then an outside auditor
//! compares the provider with the CRM: nobody lost, nobody undead, nothing stale, nothing held without reason, and
//! silence.

mod auditor;
mod bridge;
mod crm;
mod dice;
mod flights;
mod provider;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use self::bridge::{Bridge, Found, Place};
use self::crm::{Crm, Reading};
use self::dice::Dice;
use self::flights::{Flight, Stage};
use self::provider::Provider;
use super::sample::{NOW, source};
use super::{Applied, Input, Phase, Registration};
use crate::balance::Exclusion;
use crate::fact::FactKind;
use crate::schedule::RetryPolicy;
use crate::time::{SignedDuration, Timestamp, later};

/// How many people there are.
const ADDRESSES: u8 = 3;
/// How many steps a calm world may take to come to rest.
const PATIENCE: u32 = 400;

/// What the flows around the machine owe it.
#[derive(Clone, Copy)]
struct Habits {
    /// The age of a reading is judged at the home of its row, not by each registration alone.
    judges_age_at_home: bool,
    /// An answer whose lease is gone is told to the registration.
    tells_strays: bool,
    /// A cancel waits for whom the registration says it waits for.
    waits_for_moves: bool,
}

const GOOD: Habits = Habits { judges_age_at_home: true, tells_strays: true, waits_for_moves: true };

struct World {
    now: Timestamp,
    dice: Dice,
    calm: bool,
    crm: Crm,
    transit: Vec<Reading>,
    bridge: Bridge,
    provider: Provider,
    flights: Vec<Flight>,
    erased: BTreeSet<u8>,
    /// Persons that were changed by hand at the provider, and not reconciled.
    tampered: BTreeSet<u8>,
    /// Rows that were told something last which we forgot.
    forgotten: BTreeSet<u8>,
    retry: RetryPolicy,
    eventful: Eventful,
    /// How often edits were read.
    read: BTreeMap<&'static str, u64>,
}

/// Which troubles a world has beside the ordinary ones.
#[derive(Clone, Copy)]
struct Eventful {
    starts: bool,
    erases: bool,
    tampers: bool,
}

impl World {
    fn new(seed: u64, habits: Habits) -> Self {
        let mut dice = Dice::new(seed);
        let eventful =
            Eventful { starts: dice.chance(20), erases: dice.chance(20), tampers: dice.chance(20) };
        let horizon = SignedDuration::from_mins(30);
        Self {
            now: NOW,
            dice,
            calm: false,
            crm: Crm::default(),
            transit: vec![],
            bridge: Bridge::new(habits),
            provider: Provider::default(),
            flights: vec![],
            erased: BTreeSet::new(),
            tampered: BTreeSet::new(),
            forgotten: BTreeSet::new(),
            retry: RetryPolicy { horizon, unknown_denial: horizon, ..RetryPolicy::default() },
            eventful,
            read: BTreeMap::new(),
        }
    }

    /// Runs from beginning to end; `watch` sees it after every step.
    fn run(&mut self, watch: &mut dyn FnMut(&Self)) -> Found {
        self.live(watch)?;
        self.calm = true;
        let late = self.transit.split_off(self.transit.len() / 2);
        self.rest(watch)?;
        self.reconcile()?;
        let all: Vec<u8> = self.crm.rows.keys().copied().collect();
        self.transit = all.into_iter().map(|n| self.crm.reading(n)).collect();
        self.rest(watch)?;
        // Readings that were overtaken by all that.
        self.transit = late;
        self.rest(watch)?;
        self.release_what_is_held()?;
        self.rest(watch)?;
        self.audit()
    }

    /// The troubled part.
    fn live(&mut self, watch: &mut dyn FnMut(&Self)) -> Found {
        let steps = 20 + self.dice.below(60);
        for step in 0..steps {
            if self.dice.chance(45) {
                self.edit();
            }
            self.provider.started |= self.eventful.starts && step > steps / 2;
            self.meddle()?;
            self.tick()?;
            watch(self);
            let pace = [1, 5, 20, 60, 130, 400][self.dice.index(6)];
            self.now = later(self.now, SignedDuration::from_secs(pace));
        }
        Ok(())
    }

    /// The calm part: from event to event, until there is none.
    fn rest(&mut self, watch: &mut dyn FnMut(&Self)) -> Found {
        for _ in 0..PATIENCE {
            self.tick()?;
            watch(self);
            match self.next_event() {
                None => return Ok(()),
                Some(at) => self.now = self.now.max(at),
            }
        }
        Err(format!("no rest: calls or answers go on for ever: {:?}", self.bridge.registrations))
    }

    fn tick(&mut self) -> Found {
        self.provider.land(self.now);
        self.wake();
        self.hear()?;
        while !self.transit.is_empty() && (self.calm || self.dice.chance(70)) {
            let reading = self.transit.swap_remove(self.dice.index(self.transit.len()));
            self.bridge.observe(&reading, self.now)?;
        }
        for address in self.addresses() {
            if self.bridge.claimable(address).is_some_and(|at| at <= self.now)
                && (self.calm || self.dice.chance(80))
            {
                self.deliver(address)?;
            }
        }
        self.answer()
    }

    fn next_event(&self) -> Option<Timestamp> {
        let flights = self.flights.iter().map(|flight| match flight.stage {
            Stage::Asleep { until } | Stage::Sent { until, .. } => until,
        });
        let due = self.bridge.registrations.keys().filter_map(|address| self.bridge.claimable(*address));
        let unanswered = self.bridge.registrations.values().any(|r| !r.answers_due().is_empty());
        let now = (unanswered || !self.transit.is_empty()).then_some(self.now);
        flights.chain(due).chain(self.provider.next_landing()).chain(now).min()
    }

    fn addresses(&self) -> Vec<u8> {
        self.bridge.registrations.keys().copied().collect()
    }

    /// An edit, read once, twice or never.
    fn edit(&mut self) {
        let Some(n) = self.crm.edit(&mut self.dice) else { return };
        let mut readings = 0;
        for chance in [80, 20] {
            if self.dice.chance(chance) {
                self.transit.push(self.crm.reading(n));
                readings += 1;
            }
        }
        let read = ["edits not read at once", "edits read once", "edits read twice"][readings];
        *self.read.entry(read).or_default() += 1;
    }

    /// People at the desk and at the provider.
    fn meddle(&mut self) -> Found {
        let address = self.dice.below(ADDRESSES);
        let Some(registration) = self.bridge.registrations.get(&address) else { return Ok(()) };
        let (phase, applied) = (registration.phase.clone(), registration.applied);
        if self.eventful.erases && self.dice.chance(2) {
            self.erased.insert(address);
            self.bridge.turn(address, Input::Erase, self.now)?;
        } else if phase == Phase::Settled
            && applied != Applied::Never
            && self.eventful.tampers
            && self.dice.chance(10)
        {
            self.provider.tamper(address, &mut self.dice);
            self.tampered.insert(address);
            if self.dice.chance(50) {
                self.reconcile()?;
            }
        } else if matches!(phase, Phase::Due { .. }) && self.dice.chance(4) {
            self.bridge.turn(address, Input::Braked, self.now)?;
        } else if matches!(phase, Phase::Due { .. } | Phase::Held { .. }) && self.dice.chance(4) {
            self.bridge.turn(address, Input::Released, self.now)?;
        }
        Ok(())
    }

    fn reconcile(&mut self) -> Found {
        let drifted = core::mem::take(&mut self.tampered);
        drifted.into_iter().try_for_each(|a| self.bridge.turn(a, Input::Drifted, self.now).map(drop))
    }

    fn release_what_is_held(&mut self) -> Found {
        for address in self.addresses() {
            if matches!(self.bridge.registrations[&address].phase, Phase::Held { .. }) {
                self.bridge.turn(address, Input::Released, self.now)?;
            }
        }
        Ok(())
    }

    /// Rows hear what became of them; sometimes we forget that we told them.
    fn answer(&mut self) -> Found {
        for address in self.addresses() {
            for (id, answer) in self.bridge.registrations[&address].answers_due() {
                if !self.calm && self.dice.chance(40) {
                    continue;
                }
                let n = (0..=u8::MAX).find(|n| source(*n) == id).unwrap();
                if self.crm.hear(n, &answer) || self.calm {
                    self.transit.push(self.crm.reading(n));
                }
                // A crash between the two: the row has heard what we do not know that we said. It hears the same again,
                // unless something else has become true meanwhile.
                if self.calm || !self.dice.chance(10) {
                    self.bridge.turn(address, Input::Answered { source: id, answer }, self.now)?;
                    self.forgotten.remove(&n);
                } else {
                    self.forgotten.insert(n);
                }
            }
        }
        Ok(())
    }
}

/// Shows every moment of a world: its registrations, and why each row that is still there is excluded, if it is.
pub(crate) fn each_moment(seed: u64, mut visit: impl FnMut(Vec<&Registration>, Vec<Option<Exclusion>>)) {
    let mut world = World::new(seed, GOOD);
    let ended = world.run(&mut |world| {
        let rows = world.bridge.homes.values().filter_map(|(place, _)| match place {
            Place::At(_) => Some(None),
            Place::Excluded(why) => Some(Some(*why)),
            Place::Deleted => None,
        });
        visit(world.bridge.registrations.values().collect(), rows.collect());
    });
    assert_eq!(ended, Ok(()));
}

/// How many worlds the tests go through, unless `WORLDS` in the environment of the build says more.
const WORLDS: u32 = 10_000;

fn worlds() -> u32 {
    option_env!("WORLDS").map_or(WORLDS, |worlds| worlds.parse().expect("WORLDS is a number"))
}

/// What happened in worlds.
#[derive(Default)]
struct Figures {
    happened: BTreeMap<&'static str, u64>,
    facts: BTreeSet<FactKind>,
}

impl Figures {
    fn add(&mut self, world: World) {
        let late = u64::from(world.provider.landed_late);
        let rows = &world.crm.rows;
        let shared = |address| u64::from(world.crm.wanting(address).count() > 1);
        let counted = [
            ("calls that landed late", late),
            ("rows", u64::try_from(rows.len()).unwrap()),
            ("people wanted by several rows at the end", (0..ADDRESSES).map(shared).sum()),
        ];
        for (name, n) in counted.into_iter().chain(world.crm.edits).chain(world.read) {
            *self.happened.entry(name).or_default() += n;
        }
        self.facts.extend(world.bridge.facts);
    }
}

/// Goes through every second world, so that two tests go through all of them side by side.
fn go_through(first: u32) {
    let (mut figures, mut cases) = (Figures::default(), 0);
    for seed in (first..worlds()).step_by(2) {
        let mut world = World::new(seed.into(), GOOD);
        assert_eq!(world.run(&mut |_| {}), Ok(()), "world {seed}");
        figures.add(world);
        cases += 1;
    }
    for (what, n) in &figures.happened {
        println!("{n:>10} {what}");
        assert!(*n > cases / 50, "too seldom: {n} {what}");
    }
    assert_eq!(figures.happened.len(), 13, "{:?}", figures.happened);
    let first = FactKind::RegistrationObserved as usize;
    let own = &FactKind::ALL[first..=FactKind::AnswerWritten as usize];
    let missing: Vec<_> = own.iter().filter(|fact| !figures.facts.contains(fact)).collect();
    assert_eq!(missing, [] as [&FactKind; 0], "worlds in which too little happens");
    println!("{cases} cases, 0 divergences (of {} in two halves)", worlds());
}

#[test]
fn every_even_world_comes_to_rest_as_the_crm_wants_it() {
    go_through(0);
}

#[test]
fn every_odd_world_comes_to_rest_as_the_crm_wants_it() {
    go_through(1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_world_comes_to_rest_as_the_crm_wants_it(seed: u64) {
        prop_assert_eq!(World::new(seed, GOOD).run(&mut |_| {}), Ok(()));
    }
}

/// What the machine leaves to the flows around it is looked at, too: without it worlds go wrong, and the auditor sees.
fn is_missed(habits: Habits) -> bool {
    (0..2_000).any(|seed| World::new(seed, habits).run(&mut |_| {}).is_err())
}

#[test]
fn a_reading_judged_away_from_its_home_is_seen() {
    assert!(is_missed(Habits { judges_age_at_home: false, ..GOOD }));
}

#[test]
fn a_dropped_stray_is_seen() {
    assert!(is_missed(Habits { tells_strays: false, ..GOOD }));
}

#[test]
fn a_cancel_that_does_not_wait_is_seen() {
    assert!(is_missed(Habits { waits_for_moves: false, ..GOOD }));
}
