//! How organizations share the workers: whoever is urgent goes first, and among equals nobody is passed over twice.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::OrganizationId;
use crate::time::{SignedDuration, Timestamp, earlier};

/// The figures of sharing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharePolicy {
    /// How many calls there may be at the same time.
    pub slots: u32,
    /// How many of them may be one organization's.
    pub of_one: u32,
    /// How many in a hundred of them may be one organization's.
    pub percent: u32,
    /// How long before a start a webinar is urgent.
    pub urgent: SignedDuration,
    /// Whether the last free slot is kept for an organization that has nothing in hand.
    pub keeps_one: bool,
}

impl Default for SharePolicy {
    fn default() -> Self {
        Self { slots: 64, of_one: 4, percent: 25, urgent: SignedDuration::from_mins(15), keeps_one: true }
    }
}

impl SharePolicy {
    /// Without bounds, for whoever has one organization and measures.
    pub const fn open() -> Self {
        let urgent = SignedDuration::from_mins(15);
        Self { slots: u32::MAX, of_one: u32::MAX, percent: 100, urgent, keeps_one: false }
    }

    /// How many calls one organization may have at the same time.
    pub fn bound(&self) -> u32 {
        let part = u64::from(self.slots) * u64::from(self.percent) / 100;
        self.of_one.min(u32::try_from(part).unwrap_or(u32::MAX)).max(1)
    }
}

/// An organization with something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimant {
    /// Which.
    pub organization: OrganizationId,
    /// When the webinar of its most urgent item starts.
    pub starts: Timestamp,
    /// How many items it has in hand.
    pub in_hand: u32,
}

/// Deals slots out by turns that go on where the last dealing stopped (deficit round robin, every item costing one).
#[derive(Clone, Debug, Default)]
pub struct Share {
    turn: u64,
    last: BTreeMap<OrganizationId, u64>,
}

/// What one gets in a dealing.
struct Portion {
    claimant: Claimant,
    got: u32,
}

impl Share {
    /// How many of `free` slots each gets; those who get none are left out. The last free slot is kept for an organization
    /// that has nothing in hand.
    pub fn deal(
        &mut self,
        claimants: &[Claimant],
        free: u32,
        now: Timestamp,
        policy: &SharePolicy,
    ) -> Vec<(OrganizationId, u32)> {
        self.forget_all_but(claimants);
        let mut order: Vec<Portion> =
            claimants.iter().map(|one| Portion { claimant: *one, got: 0 }).collect();
        let urgent = |one: &Portion| now >= earlier(one.claimant.starts, policy.urgent);
        order.sort_by_key(|one| {
            (!urgent(one), self.served(one.claimant.organization), one.claimant.organization)
        });
        let split = order.partition_point(urgent);
        let (first, others) = order.split_at_mut(split);
        let left = self.rounds(first, free, policy);
        self.rounds(others, left, policy);
        order.into_iter().filter(|one| one.got > 0).map(|one| (one.claimant.organization, one.got)).collect()
    }

    /// One to each in turn, while there is something left and somebody may have more. What is left.
    fn rounds(&mut self, portions: &mut [Portion], mut left: u32, policy: &SharePolicy) -> u32 {
        let bound = policy.bound();
        loop {
            let before = left;
            for one in &mut *portions {
                let has = one.claimant.in_hand.saturating_add(one.got);
                let last_is_kept = policy.keeps_one && left == 1 && has > 0;
                if left > 0 && has < bound && !last_is_kept {
                    one.got += 1;
                    left -= 1;
                    self.serve(one.claimant.organization);
                }
            }
            if left == before {
                return left;
            }
        }
    }

    fn serve(&mut self, organization: OrganizationId) {
        self.turn += 1;
        self.last.insert(organization, self.turn);
    }

    /// The turn at which an organization got its last slot: the longest ago is the next.
    fn served(&self, organization: OrganizationId) -> u64 {
        self.last.get(&organization).copied().unwrap_or(0)
    }

    /// Who had nothing to do in between is new again, so that this holds no more than there are claimants.
    fn forget_all_but(&mut self, claimants: &[Claimant]) {
        let here: BTreeSet<OrganizationId> = claimants.iter().map(|one| one.organization).collect();
        self.last.retain(|organization, _| here.contains(organization));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_000_000, 0);

    fn id(n: u128) -> OrganizationId {
        uuid::Uuid::from_u128(n).into()
    }

    fn one(n: u128, in_hand: u32, minutes: i64) -> Claimant {
        let starts = NOW + SignedDuration::from_mins(minutes);
        Claimant { organization: id(n), starts, in_hand }
    }

    fn deal(share: &mut Share, claimants: &[Claimant], free: u32) -> Vec<(u128, u32)> {
        let dealt = share.deal(claimants, free, NOW, &SharePolicy::default());
        dealt.into_iter().map(|(organization, got)| (organization.uuid().as_u128(), got)).collect()
    }

    #[test]
    fn everybody_gets_as_much_as_the_others() {
        let all = [one(1, 0, 600), one(2, 0, 600), one(3, 0, 600)];
        assert_eq!(deal(&mut Share::default(), &all, 6), [(1, 2), (2, 2), (3, 1)], "and one slot is kept");
    }

    #[test]
    fn nobody_has_more_than_a_few_at_the_same_time() {
        assert_eq!(deal(&mut Share::default(), &[one(1, 0, 600)], 64), [(1, 4)]);
        assert_eq!(deal(&mut Share::default(), &[one(1, 3, 600)], 64), [(1, 1)]);
        assert_eq!(deal(&mut Share::default(), &[one(1, 4, 600)], 64), []);
        assert_eq!(SharePolicy { slots: 8, ..SharePolicy::default() }.bound(), 2, "a quarter of all");
        assert_eq!(SharePolicy { slots: 1, ..SharePolicy::default() }.bound(), 1);
    }

    #[test]
    fn the_last_slot_is_kept_for_who_has_nothing() {
        assert_eq!(deal(&mut Share::default(), &[one(1, 2, 600)], 1), []);
        assert_eq!(deal(&mut Share::default(), &[one(1, 2, 600), one(2, 0, 600)], 1), [(2, 1)]);
        assert_eq!(deal(&mut Share::default(), &[one(1, 0, 600)], 1), [(1, 1)]);
    }

    #[test]
    fn who_is_urgent_goes_first() {
        let all = [one(1, 0, 600), one(2, 0, 15), one(3, 0, -5)];
        assert_eq!(deal(&mut Share::default(), &all, 3), [(2, 1), (3, 1), (1, 1)]);
        assert_eq!(deal(&mut Share::default(), &all, 2), [(2, 1), (3, 1)]);
    }

    #[test]
    fn who_was_passed_over_is_next() {
        let all: Vec<Claimant> = (1..=5).map(|n| one(n, 0, 600)).collect();
        let mut share = Share::default();
        let mut got = BTreeMap::new();
        for _ in 0..50 {
            for (organization, slots) in deal(&mut share, &all, 2) {
                *got.entry(organization).or_insert(0) += slots;
            }
        }
        assert_eq!(got.into_values().collect::<Vec<_>>(), [20; 5]);
    }

    #[test]
    fn what_is_left_over_goes_round() {
        let all: Vec<Claimant> = (1..=3).map(|n| one(n, 0, 600)).collect();
        let mut share = Share::default();
        let mut got = BTreeMap::new();
        for _ in 0..30 {
            for (organization, slots) in deal(&mut share, &all, 5) {
                *got.entry(organization).or_insert(0) += slots;
            }
        }
        assert_eq!(got.into_values().collect::<Vec<_>>(), [40; 3], "one slot of five is kept each time");
    }

    #[test]
    fn one_without_bounds_gets_everything() {
        let dealt = Share::default().deal(&[one(1, 0, 600)], 128, NOW, &SharePolicy::open());
        assert_eq!(dealt, [(id(1), 128)]);
    }
}
