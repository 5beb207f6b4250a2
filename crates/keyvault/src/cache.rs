//! What was unwrapped is kept for a while, by organization.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Mutex as AsyncMutex;
use webinar_bridge_domain::fault::{Fault, FaultKind};
use webinar_bridge_domain::id::OrganizationId;
use webinar_bridge_domain::port::Clock;
use webinar_bridge_domain::time::{SignedDuration, Timestamp};

/// During an outage the vault is asked again after this long.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// How long data keys are kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheSettings {
    /// Without asking the vault again.
    pub fresh: SignedDuration,
    /// Beyond that, while the vault cannot be asked; zero: not at all.
    pub outage: SignedDuration,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self { fresh: SignedDuration::from_mins(15), outage: SignedDuration::from_hours(1) }
    }
}

/// Keeps one value for each organization. However many ask at once, one of them loads it.
pub(crate) struct Cache<T> {
    settings: CacheSettings,
    clock: Arc<dyn Clock>,
    slots: Mutex<HashMap<OrganizationId, Arc<Slot<T>>>>,
}

/// What was loaded, and the identifier of the house key that it was unwrapped by.
pub(crate) struct Loaded<T> {
    pub(crate) value: T,
    pub(crate) key_id: String,
}

struct Slot<T> {
    /// Rises with every purge; what was loaded before is not served after.
    epoch: AtomicU64,
    /// Counts the loads that have ended.
    loads: AtomicU64,
    stock: AsyncMutex<Stock<T>>,
}

struct Stock<T> {
    held: Option<Held<T>>,
    /// How the last load ended, if it was an outage.
    outage: Option<Fault>,
}

struct Held<T> {
    value: Arc<T>,
    key_id: String,
    epoch: u64,
    loaded: Timestamp,
    /// When the vault last failed to answer for it.
    missed: Option<Timestamp>,
}

impl<T: Send + Sync> Cache<T> {
    pub(crate) fn new(settings: CacheSettings, clock: Arc<dyn Clock>) -> Self {
        Self { settings, clock, slots: Mutex::default() }
    }

    /// The organization's value: kept, or as `load` gives it. An outage is bridged by what is kept; whoever waited for
    /// a load that met one is not sent to meet it again.
    pub(crate) async fn get<F>(&self, organization: OrganizationId, load: F) -> Result<Arc<T>, Fault>
    where
        F: Future<Output = Result<Loaded<T>, Fault>> + Send,
    {
        let slot = self.slot(organization);
        let seen = slot.loads.load(Ordering::Acquire);
        let mut stock = slot.stock.lock().await;
        let epoch = slot.epoch.load(Ordering::Acquire);
        stock.held.take_if(|held| held.epoch != epoch);
        if let Some(held) = stock.held.as_ref().filter(|held| self.serves(held)) {
            return Ok(Arc::clone(&held.value));
        }
        let waited = slot.loads.load(Ordering::Acquire) != seen;
        if let Some(outage) = stock.outage.as_ref().filter(|_| waited) {
            return Err(outage.clone());
        }
        let asked = self.clock.now();
        let answer = load.await;
        slot.loads.fetch_add(1, Ordering::Release);
        self.sweep();
        let purged = slot.epoch.load(Ordering::Acquire) != epoch;
        stock.held.take_if(|_| purged);
        match answer {
            Ok(Loaded { value, key_id }) => {
                let value = Arc::new(value);
                let held = Held { value: Arc::clone(&value), key_id, epoch, loaded: asked, missed: None };
                *stock = Stock { held: (!purged).then_some(held), outage: None };
                Ok(value)
            }
            Err(fault) => self.bridge(&mut stock, fault),
        }
    }

    /// Forgets one organization's.
    pub(crate) fn forget(&self, organization: OrganizationId) {
        if let Some(slot) = self.slots().remove(&organization) {
            slot.purge();
        }
    }

    /// Forgets what was unwrapped by this house key.
    pub(crate) fn purge_key(&self, key_id: &str) {
        let is_other = |held: &Option<Held<T>>| held.as_ref().is_some_and(|held| held.key_id != key_id);
        for slot in self.slots().values() {
            // While a load is under way nobody knows by which key; it is asked for again then.
            if !slot.stock.try_lock().is_ok_and(|stock| is_other(&stock.held)) {
                slot.purge();
            }
        }
    }

    /// Forgets everything.
    pub(crate) fn purge(&self) {
        for (_, slot) in self.slots().drain() {
            slot.purge();
        }
    }

    fn serves(&self, held: &Held<T>) -> bool {
        let spared = held.missed.is_some_and(|missed| self.age(missed) < PAUSE);
        self.age(held.loaded) < self.settings.fresh || (spared && !self.over(held))
    }

    /// Whether it must not be served even during an outage.
    fn over(&self, held: &Held<T>) -> bool {
        self.age(held.loaded) >= self.settings.fresh.saturating_add(self.settings.outage)
    }

    /// How far away an instant is: a clock that was set back must not lengthen a life.
    fn age(&self, of: Timestamp) -> SignedDuration {
        self.clock.now().duration_since(of).abs()
    }

    fn bridge(&self, stock: &mut Stock<T>, fault: Fault) -> Result<Arc<T>, Fault> {
        stock.held.take_if(|held| self.over(held));
        let outage = matches!(fault.kind, FaultKind::Transient | FaultKind::Throttled { .. });
        stock.outage = outage.then(|| fault.clone());
        let Some(held) = stock.held.as_mut().filter(|_| outage) else { return Err(fault) };
        held.missed = Some(self.clock.now());
        tracing::warn!(event = "vault_bridged", code = %fault.code, "the vault cannot be asked; a kept data key is used");
        Ok(Arc::clone(&held.value))
    }

    /// Drops what may never be served again, whether or not anybody asks for it.
    fn sweep(&self) {
        let is_spent = |held: &Option<Held<T>>| held.as_ref().is_none_or(|held| self.over(held));
        self.slots().retain(|_, slot| {
            let idle = Arc::strong_count(slot) == 1;
            !(idle && slot.stock.try_lock().is_ok_and(|stock| is_spent(&stock.held)))
        });
    }

    fn slot(&self, organization: OrganizationId) -> Arc<Slot<T>> {
        Arc::clone(self.slots().entry(organization).or_insert_with(|| Arc::new(Slot::new())))
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<OrganizationId, Arc<Slot<T>>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Slot<T> {
    fn new() -> Self {
        let stock = AsyncMutex::new(Stock { held: None, outage: None });
        Self { epoch: AtomicU64::new(0), loads: AtomicU64::new(0), stock }
    }

    /// Takes effect on whoever waits, too; wipes at once unless a load is under way, which then keeps nothing.
    fn purge(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        if let Ok(mut stock) = self.stock.try_lock() {
            *stock = Stock { held: None, outage: None };
        }
    }
}

#[cfg(test)]
mod tests;
