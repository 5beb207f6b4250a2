//! What a store promises of its read side.

use std::collections::{BTreeMap, BTreeSet};

use webinar_bridge_domain::balance::{Balance, Exclusion, Scope, Tally};
use webinar_bridge_domain::id::{Revision, SourceId, Stored, WebinarId};
use webinar_bridge_domain::metrics::{Attendance, Watched};
use webinar_bridge_domain::person::Digest;
use webinar_bridge_domain::port::{
    HeldFilter, HeldQuery, Home, IntakeGroup, Lane, Lookup, PageRequest, Place, RollQuery,
};
use webinar_bridge_domain::registration::{
    Cause, Input, Outcome, Registration, RegistrationKey, Stance, Words,
};

use super::ledger::{attended, plan, stage, unmatched, write};
use crate::subject::StoreSubject;
use crate::world::{NOW, StoreWorld, at, is_held, step};

async fn balance(world: &StoreWorld, scope: Scope) -> Balance {
    let balance = world.store.books.balance(&world.organization, &scope).await.expect("the store works");
    assert!(balance.registrations.adds_up(), "{:?}", balance.registrations);
    assert!(balance.minutes.adds_up(), "{:?}", balance.minutes);
    balance
}

fn page(world: &StoreWorld, skip: u32, limit: u32) -> PageRequest {
    PageRequest { organization: world.organization, skip, limit }
}

/// A row of webinar 1 that leads to no registration, or is gone.
async fn put_home(world: &StoreWorld, source: u8, version: u64, place: Place) {
    let (id, home) = StoreWorld::home(world.key(source), source, version);
    let group = IntakeGroup { registrations: vec![], homes: vec![(id, Home { place, ..home })] };
    world.store.intake.record(&world.batch(vec![group])).await.expect("the store works");
}

/// Takes a newer word on a person's own row in.
async fn word(world: &StoreWorld, key: RegistrationKey, version: u64, stance: Stance) {
    let person = key.email.as_bytes()[0];
    let now = world.stored(key).await;
    let next = step(&now.item, Input::Observed(StoreWorld::seen(person, version, stance)), NOW).0;
    let (id, home) = StoreWorld::home(key, person, version);
    let place = if stance == Stance::Deleted { Place::Deleted(Some(key)) } else { home.place };
    world.put(Some(now.revision), next, vec![(id, Home { place, ..home })]).await;
}

/// An empty organization is balanced.
pub async fn nothing_is_balanced(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    assert_eq!(balance(&world, Scope::Organization).await, Balance::default());
    let webinar = Scope::Webinar(StoreWorld::webinar_id(1));
    assert_eq!(balance(&world, webinar).await, Balance::default());
    assert_eq!(world.store.books.balances(&world.organization).await, Ok(vec![]));
}

/// Every row of the CRM is at the provider, on its way, held, or excluded.
pub async fn every_row_is_somewhere(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let (there, refused) = (world.register(1).await, world.register(2).await);
    world.register(3).await;
    let cancelled = world.register(4).await;
    world.deliver(there, StoreWorld::admitted(there), NOW).await;
    world.deliver(refused, Outcome::Refused(Words::new("no")), NOW).await;
    world.deliver(cancelled, StoreWorld::admitted(cancelled), NOW).await;
    word(&world, cancelled, 2, Stance::Cancelled).await;
    world.deliver(cancelled, Outcome::Cancelled, NOW).await;
    put_home(&world, 5, 1, Place::Excluded(Exclusion::NoAddress)).await;
    put_home(&world, 6, 1, Place::Excluded(Exclusion::NotAWebinar)).await;
    put_home(&world, 7, 1, Place::Excluded(Exclusion::NotAWebinar)).await;
    let found = balance(&world, Scope::Webinar(StoreWorld::webinar_id(1))).await;
    let rows = &found.registrations;
    assert_eq!((rows.crm, rows.at_provider, rows.on_their_way), (7, 1, 1));
    assert_eq!(rows.held, [("refused".to_owned(), 1)].into());
    let excluded = [("cancelled", 1), ("no_address", 1), ("not_a_webinar", 2)];
    assert_eq!(rows.excluded, excluded.map(|(name, n)| (name.to_owned(), n)).into());
    let persons = found.persons;
    assert_eq!((persons.at_provider, persons.on_their_way, persons.held), (1, 1, 1));
    assert_eq!(found, balance(&world, Scope::Organization).await);
}

/// A row that is gone is counted no more.
pub async fn a_row_that_is_gone_is_not_counted(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let key = world.register(1).await;
    world.deliver(key, StoreWorld::admitted(key), NOW).await;
    word(&world, key, 2, Stance::Deleted).await;
    put_home(&world, 2, 1, Place::Excluded(Exclusion::NoAddress)).await;
    put_home(&world, 2, 1, Place::Deleted(None)).await;
    let found = balance(&world, Scope::Organization).await;
    assert_eq!(found.registrations.crm, 0);
    assert_eq!(found.persons.on_their_way, 1, "the removal is on its way");
}

/// Every minute of the provider is in the CRM, on its way, or of somebody unmatched.
pub async fn every_minute_is_somewhere(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    plan(&world, 1, NOW).await;
    let one = attended(&world, 1, 40);
    stage(&world, 1, vec![one.clone(), attended(&world, 2, 30), unmatched(&world, 3, 20)]).await;
    write(&world, 1, vec![(one.key.clone(), one.seen.watched)]).await;
    let minutes = balance(&world, Scope::Webinar(StoreWorld::webinar_id(1))).await.minutes;
    assert_eq!((minutes.provider, minutes.crm, minutes.on_their_way), (90, 40, 30));
    assert_eq!((minutes.unmatched, minutes.unmatched_people), (20, 1));
}

/// Each webinar has its own balance, and those of an organization are their sum.
pub async fn each_webinar_has_its_own_balance(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let other = StoreWorld::of_organization(s, 2).await;
    world.put_webinar(&world.webinar(2)).await;
    world.register_at(1, 1).await;
    world.register_at(2, 2).await;
    world.register_at(2, 3).await;
    other.register(1).await;
    let balances = world.store.books.balances(&world.organization).await.expect("the store works");
    let crm: BTreeMap<WebinarId, u64> =
        balances.into_iter().map(|(webinar, balance)| (webinar, balance.registrations.crm)).collect();
    assert_eq!(crm, [(StoreWorld::webinar_id(1), 1), (StoreWorld::webinar_id(2), 2)].into());
    assert_eq!(balance(&world, Scope::Organization).await.registrations.crm, 3);
    assert_eq!(balance(&other, Scope::Organization).await.registrations.crm, 1);
}

/// Registrations are found by key, in order.
pub async fn registrations_are_found_in_order(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let keys = [world.register(2).await, world.key(9), world.register(1).await];
    let found = world.store.books.find(&keys).await.expect("the store works");
    let found: Vec<_> = found.into_iter().map(|one| one.map(|stored| stored.item.key)).collect();
    assert_eq!(found, [Some(keys[0]), None, Some(keys[2])]);
    assert_eq!(world.store.books.find(&[]).await, Ok(vec![]));
}

/// The longest held come first, a page at a time; who is released is held no more.
pub async fn the_longest_held_come_first(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let other = StoreWorld::of_organization(s, 2).await;
    for (person, minutes) in [(1, 20), (2, 10), (3, 30)] {
        let key = world.register(person).await;
        world.deliver(key, Outcome::Refused(Words::new("no")), at(minutes)).await;
    }
    let theirs = other.register(4).await;
    other.deliver(theirs, Outcome::Refused(Words::new("no")), NOW).await;
    let held = async |skip, limit| {
        let query =
            HeldQuery { organization: world.organization, filter: HeldFilter::default(), skip, limit };
        let found = world.store.books.held(&query).await.expect("the store works");
        assert!(found.iter().all(|stored| is_held(&stored.item)));
        found.into_iter().map(|stored| stored.item.key.email.as_bytes()[0]).collect::<Vec<_>>()
    };
    assert_eq!(held(0, 10).await, [2, 1, 3]);
    assert_eq!(held(0, 2).await, [2, 1]);
    assert_eq!(held(2, 2).await, [3]);
    word(&world, world.key(2), 2, Stance::Active(Digest::new([9; 32]))).await;
    assert_eq!(held(0, 10).await, [1, 3]);
}

/// Held registrations are selected by cause, webinar and time, the longest held first; what a filter leaves open matches
/// everything.
pub async fn held_registrations_are_selected_by_a_filter(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let other = StoreWorld::of_organization(s, 2).await;
    for (webinar, person, minutes) in [(1, 1, 20), (1, 2, 10), (2, 3, 30)] {
        let key = world.register_at(webinar, person).await;
        world.deliver(key, Outcome::Refused(Words::new("no")), at(minutes)).await;
    }
    world.register(4).await;
    let theirs = other.register(5).await;
    other.deliver(theirs, Outcome::Refused(Words::new("no")), NOW).await;
    let select = async |filter: HeldFilter, limit| {
        let query = HeldQuery { organization: world.organization, filter, skip: 0, limit };
        let found = world.store.books.held(&query).await.expect("the store works");
        assert!(found.iter().all(|stored| is_held(&stored.item) && stored.revision > Revision(0)));
        found.into_iter().map(|stored| stored.item.key.email.as_bytes()[0]).collect::<Vec<_>>()
    };
    let all = HeldFilter::default;
    assert_eq!(select(all(), 10).await, [2, 1, 3]);
    assert_eq!(select(all(), 2).await, [2, 1]);
    assert_eq!(select(HeldFilter { webinar: Some(StoreWorld::webinar_id(2)), ..all() }, 10).await, [3]);
    assert_eq!(select(HeldFilter { cause: Some("refused".to_owned()), ..all() }, 10).await, [2, 1, 3]);
    assert_eq!(select(HeldFilter { cause: Some("brake".to_owned()), ..all() }, 10).await, [] as [u8; 0]);
    assert_eq!(select(HeldFilter { from: Some(at(20)), ..all() }, 10).await, [1, 3]);
    assert_eq!(select(HeldFilter { to: Some(at(20)), ..all() }, 10).await, [2]);
}

/// Attendance of nobody in the CRM is listed, a page at a time, until somebody is found.
pub async fn unmatched_attendance_is_listed(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    plan(&world, 1, NOW).await;
    let strangers: Vec<Attendance> = (1..=5).map(|person| unmatched(&world, person, 10)).collect();
    stage(&world, 1, strangers.clone()).await;
    stage(&world, 1, vec![attended(&world, 6, 10)]).await;
    let listed = async |skip, limit| {
        world.store.books.unmatched(&page(&world, skip, limit)).await.expect("the store works")
    };
    let mut all = vec![];
    for skip in [0, 2, 4] {
        all.extend(listed(skip, 2).await);
    }
    let keys = |some: &[Attendance]| some.iter().map(|one| one.key.clone()).collect::<BTreeSet<_>>();
    assert_eq!((all.len(), keys(&all)), (5, keys(&strangers)));
    assert!(all.iter().all(|one| strangers.contains(one)), "attendance came back changed");
    let found = Attendance { details: None, ..attended(&world, 1, 10) };
    stage(&world, 1, vec![found]).await;
    assert_eq!(listed(0, 10).await.len(), 4);
}

/// After whatever happened, the balance is what a recount of everything stored says.
pub async fn the_balance_is_what_a_recount_says(s: &mut dyn StoreSubject) {
    use webinar_bridge_domain::memory::SeededEntropy;
    for seed in 1..=3 {
        let world = StoreWorld::of_organization(s, 10 + u128::from(seed)).await;
        world.put_webinar(&world.webinar(2)).await;
        plan(&world, 1, NOW).await;
        let chance = SeededEntropy::new(seed);
        let mut walk = Walk { world: &world, seen: BTreeMap::new(), version: 1, watched: BTreeMap::new() };
        for _ in 0..120 {
            walk.go(&|below| u8::try_from(chance.draw() % u64::from(below)).unwrap_or(0)).await;
        }
        for webinar in [1, 2] {
            let id = StoreWorld::webinar_id(webinar);
            assert_eq!(
                balance(&world, Scope::Webinar(id)).await,
                walk.recount(Some(id)).await,
                "seed {seed}"
            );
        }
        assert_eq!(balance(&world, Scope::Organization).await, walk.recount(None).await, "seed {seed}");
    }
}

/// A random walk through what can happen to a store.
struct Walk<'a> {
    world: &'a StoreWorld,
    seen: BTreeMap<u8, RegistrationKey>,
    version: u64,
    watched: BTreeMap<u8, u32>,
}

impl Walk<'_> {
    async fn go(&mut self, chance: &dyn Fn(u8) -> u8) {
        self.version += 1;
        let person = 1 + chance(12);
        match (chance(8), self.seen.get(&person).copied()) {
            (0 | 1, None) => {
                let key = self.world.register_at(1 + chance(2), person).await;
                self.seen.insert(person, key);
            }
            (2, _) => {
                let reason = if chance(2) == 0 { Exclusion::NoAddress } else { Exclusion::NotAWebinar };
                let place = if chance(4) == 0 { Place::Deleted(None) } else { Place::Excluded(reason) };
                put_home(self.world, 100 + person, self.version, place).await;
            }
            (3, _) => self.watch(person, chance).await,
            (4, Some(key)) => self.hear(key, chance).await,
            (5 | 6, _) => self.deliver(chance).await,
            (7, Some(key)) => self.release(key).await,
            _ => {}
        }
    }

    async fn hear(&self, key: RegistrationKey, chance: &dyn Fn(u8) -> u8) {
        let digest = Digest::new([chance(3) + 1; 32]);
        let stance =
            [Stance::Active(digest), Stance::Cancelled, Stance::Active(digest)][usize::from(chance(3))];
        word(self.world, key, self.version, stance).await;
    }

    async fn release(&self, key: RegistrationKey) {
        let now = self.world.stored(key).await;
        if is_held(&now.item) {
            let next = step(&now.item, Input::Released, NOW).0;
            let change =
                webinar_bridge_domain::port::Amendment { expected: now.revision, next, facts: vec![] };
            self.world.store.worklist.amend(&[change]).await.expect("the store works");
        }
    }

    /// Works on everything that is due, in one batch each, and answers somehow.
    async fn deliver(&self, chance: &dyn Fn(u8) -> u8) {
        let leased = self.world.claim(Lane::Deliver, at(5)).await;
        let openings: Vec<_> = leased.iter().map(|leased| StoreWorld::opening(leased, at(5))).collect();
        self.world.store.worklist.journal(&openings).await.expect("the store works");
        let mut ends = vec![];
        for leased in &leased {
            let open = self.world.stored(leased.lease.key).await;
            let wanted = open.item.is_wanted();
            let amending = matches!(
                open.item.open.map(|attempt| attempt.call),
                Some(webinar_bridge_domain::registration::Call::Amend(_))
            );
            let outcome = match (wanted, amending, chance(4)) {
                (_, _, 0) => Outcome::Refused(Words::new("no")),
                (false, ..) => Outcome::Cancelled,
                (true, true, _) => Outcome::Amended(None),
                (true, false, _) => StoreWorld::admitted(leased.lease.key),
            };
            ends.push(StoreWorld::ending(leased, &open, Input::Replied(outcome), at(5)));
        }
        self.world.settle(&ends).await;
    }

    async fn watch(&mut self, person: u8, chance: &dyn Fn(u8) -> u8) {
        let minutes = u32::from(chance(60));
        self.watched.insert(person, minutes);
        let one = if person.is_multiple_of(3) {
            unmatched(self.world, person, minutes)
        } else {
            attended(self.world, person, minutes)
        };
        stage(self.world, 1, vec![one.clone()]).await;
        if one.matched.is_some() && chance(2) == 0 {
            let written = Watched { live_minutes: minutes / 2, ..Watched::default() };
            write(self.world, 1, vec![(one.key, written)]).await;
        }
    }

    /// The balance, counted anew from everything that is stored.
    async fn recount(&self, webinar: Option<WebinarId>) -> Balance {
        let mut sum = Tally::default();
        let here = |of: WebinarId| webinar.is_none_or(|webinar| webinar == of);
        let sources: Vec<SourceId> = (1..=120).map(StoreWorld::source).collect();
        let keys = self.seen.values().copied().collect();
        let lookup = Lookup { organization: self.world.organization, sources, keys };
        let known = self.world.store.intake.known(&lookup).await.expect("the store works");
        for home in known.homes.values().filter(|home| here(home.event)) {
            match home.place {
                Place::Registration(_) => sum.merge(&Tally::of_row(None)),
                Place::Excluded(reason) => sum.merge(&Tally::of_row(Some(reason))),
                Place::Deleted(_) => {}
            }
        }
        for stored in known.registrations.values().filter(|stored| here(stored.item.key.webinar)) {
            sum.merge(&Tally::of_registration(&stored.item));
        }
        let keys: Vec<_> = self.watched.keys().map(|person| attended(self.world, *person, 0).key).collect();
        let attendance = self.world.store.ledger.attendance(&keys).await.expect("the store works");
        for one in attendance.into_iter().flatten().filter(|one| here(one.key.webinar)) {
            sum.merge(&Tally::of_attendance(&one));
        }
        sum.balance()
    }
}

/// Held causes are counted by their names.
pub async fn held_rows_are_counted_by_cause(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    for (person, minutes) in [(1, 0), (2, 0), (3, 0)] {
        let key = world.register(person).await;
        world.deliver(key, Outcome::Refused(Words::new("no")), at(minutes)).await;
    }
    let found = balance(&world, Scope::Organization).await;
    let name = Cause::Refused(Words::new("no")).name().to_owned();
    assert_eq!(found.registrations.held, [(name, 3)].into());
}

/// Held registrations are found by what names them to people, and counted by the same filter.
pub async fn held_registrations_are_selected_by_their_ids(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let mut ids = vec![];
    for person in 1..=3 {
        let key = world.register(person).await;
        world.deliver(key, Outcome::Refused(Words::new("no")), at(i64::from(person))).await;
        ids.push(key.correlation());
    }
    let settled = world.register(4).await;
    world.deliver(settled, StoreWorld::admitted(settled), at(4)).await;
    let filter = |people: &[&String]| HeldFilter {
        people: people.iter().map(|id| (*id).clone()).collect(),
        ..HeldFilter::default()
    };
    let named = |found: Vec<Stored<Registration>>| {
        found.into_iter().map(|stored| stored.item.key.correlation()).collect::<Vec<_>>()
    };
    let two = filter(&[&ids[2], &ids[0], &settled.correlation()]);
    let query = HeldQuery { organization: world.organization, filter: two.clone(), skip: 0, limit: 10 };
    let found = world.store.books.held(&query).await.expect("the store works");
    assert_eq!(named(found), [ids[0].clone(), ids[2].clone()], "who is not held is not among them");
    let count = async |filter: &HeldFilter| {
        world.store.books.count(&world.organization, filter).await.expect("the store works")
    };
    assert_eq!((count(&two).await, count(&HeldFilter::default()).await), (2, 3));
    let late = HeldFilter { from: Some(at(2)), ..two };
    assert_eq!(count(&late).await, 1);
    let other = StoreWorld::organization_id(77);
    assert_eq!(world.store.books.count(&other, &HeldFilter::default()).await, Ok(0));
}

/// Page by page, everybody of a webinar comes once, whatever became of them, and nobody else.
pub async fn a_roll_has_everybody_of_a_webinar_once(s: &mut dyn StoreSubject) {
    let world = StoreWorld::of(s).await;
    let mut everybody = BTreeSet::new();
    for person in 1..=7 {
        everybody.insert(world.register(person).await);
    }
    let refused = *everybody.first().expect("there are some");
    world.deliver(refused, Outcome::Refused(Words::new("no")), at(1)).await;
    world.register_at(2, 20).await;
    let other = StoreWorld::of_organization(s, 2).await;
    other.register(1).await;
    let mut query = RollQuery {
        organization: world.organization,
        webinar: StoreWorld::webinar_id(1),
        after: None,
        limit: 3,
    };
    let mut pages = vec![];
    loop {
        let page = world.store.books.roll(&query).await.expect("the store works");
        let Some(last) = page.last() else { break };
        query.after = Some(last.item.key.email);
        for stored in &page {
            assert_eq!(*stored, world.stored(stored.item.key).await);
            assert!(
                everybody.remove(&stored.item.key),
                "{:?} came twice, or from elsewhere",
                stored.item.key
            );
        }
        pages.push(page.len());
    }
    assert!(everybody.is_empty(), "{everybody:?} did not come");
    assert_eq!(pages, [3, 3, 1]);
}
