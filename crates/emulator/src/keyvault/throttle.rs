//! How much a vault does in ten seconds: calls weigh by the size of their key, and weights are added up.

use std::collections::VecDeque;

use super::key::{KeyVersion, Kind};

/// Milliseconds.
const WINDOW: i64 = 10_000;
/// Calls of the same tenth of a second are kept as one.
const GRAIN: i64 = 100;

/// What a call is charged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charge {
    CreateSoftware,
    CreateHardware,
    Software { weight: u32 },
    Hardware { weight: u32 },
}

impl Charge {
    pub(super) fn create(kind: Kind) -> Self {
        match kind {
            Kind::Software => Self::CreateSoftware,
            Kind::Hardware => Self::CreateHardware,
        }
    }

    /// Any other call that is about a key.
    pub(super) fn about(key: &KeyVersion) -> Self {
        let weight = match key.bits {
            ..=2048 => 1,
            2049..=3072 => 4,
            _ => 8,
        };
        match key.kind {
            Kind::Software => Self::Software { weight },
            Kind::Hardware => Self::Hardware { weight },
        }
    }

    /// The place of its window, its weight, and what the window holds.
    fn parts(self) -> (usize, u32, u32) {
        match self {
            Self::CreateSoftware => (0, 1, 20),
            Self::CreateHardware => (1, 1, 10),
            Self::Software { weight } => (2, weight, 4000),
            Self::Hardware { weight } => (3, weight, 2000),
        }
    }
}

#[derive(Default)]
pub(super) struct Throttle {
    windows: [Window; 4],
}

/// Weights with the tenth of a second that they fell into.
#[derive(Default)]
struct Window {
    spent: VecDeque<(i64, u32)>,
    sum: u32,
}

impl Throttle {
    /// Charges a call at this time in Unix milliseconds; the error is the seconds until there is room for it.
    pub(super) fn charge(&mut self, charge: Charge, now: i64) -> Result<(), u32> {
        let (place, weight, limit) = charge.parts();
        let Some(window) = self.windows.get_mut(place) else { return Ok(()) };
        window.forget(now);
        if window.sum + weight > limit {
            return Err(window.wait(now));
        }
        let grain = now.div_euclid(GRAIN);
        match window.spent.back_mut() {
            Some((last, sum)) if *last == grain => *sum += weight,
            _ => window.spent.push_back((grain, weight)),
        }
        window.sum += weight;
        Ok(())
    }
}

impl Window {
    fn forget(&mut self, now: i64) {
        while let Some((grain, weight)) = self.spent.front().copied() {
            if grain * GRAIN + WINDOW > now {
                break;
            }
            self.spent.pop_front();
            self.sum -= weight;
        }
    }

    /// Whole seconds until the oldest calls are forgotten.
    fn wait(&self, now: i64) -> u32 {
        let free = self.spent.front().map_or(now, |(grain, _)| grain * GRAIN + WINDOW);
        u32::try_from((free - now + 999).div_euclid(1000)).unwrap_or_default().max(1)
    }
}
