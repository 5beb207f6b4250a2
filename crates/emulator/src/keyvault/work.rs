//! What the vault does for a caller that may ask for it.

use std::sync::{Arc, PoisonError};

use rand::RngExt;
use serde_json::{Value, json};

use crate::wire::Call;

use super::KeyVault;
use super::body;
use super::key::Use;
use super::operation::Operation;
use super::policy::Policy;
use super::refusal::Refusal;
use super::reply::{Place, Reply};
use super::ring::KeyRing;
use super::route::Route;
use super::settings::Throttling;
use super::throttle::Charge;

impl KeyVault {
    pub(super) fn carry_out(&self, route: &Route, call: &Call, place: &Place) -> Result<Reply, Refusal> {
        self.charge_for(route)?;
        match route.operation {
            Operation::Use(usage) => self.employ(usage, route, call, place),
            Operation::Create => self.create(route, call, place),
            Operation::GetPolicy | Operation::SetPolicy => self.policy(route, call, place),
            Operation::ListKeys | Operation::ListVersions | Operation::ListDeleted => {
                list(&self.ring(), route, call, place, self.now())
            }
            _ => self.keep(route, call, place),
        }
    }

    /// Finds the key that wraps or unwraps; the work itself is for another thread.
    fn employ(&self, usage: Use, route: &Route, call: &Call, place: &Place) -> Result<Reply, Refusal> {
        let (key, kid) = {
            let ring = self.ring();
            let named = ring.find(&route.name)?;
            let key = named.used(route.version.as_deref(), usage, self.now())?;
            (Arc::clone(key), place.kid(&named.name, key))
        };
        let (algorithm, value) = body::wrapping(call)?;
        let chance = self.generator().random();
        Ok(Reply::Used { key, kid, usage, algorithm, value, chance })
    }

    fn create(&self, route: &Route, call: &Call, place: &Place) -> Result<Reply, Refusal> {
        let order = body::order(call)?;
        self.charge(Charge::create(order.kind))?;
        let mut ring = self.ring();
        let key = ring.create(&route.name, order, self.now())?;
        Ok(place.bundle(&ring.find(&route.name)?.name, key))
    }

    /// Shows a key, or changes what is kept of it.
    fn keep(&self, route: &Route, call: &Call, place: &Place) -> Result<Reply, Refusal> {
        let (now, name, version) = (self.now(), route.name.as_str(), route.version.as_deref());
        let settings = self.settings().clone();
        let mut ring = self.ring();
        let key = match route.operation {
            Operation::Rotate => ring.rotate(name, now)?,
            Operation::Update => ring.update(name, version, body::changes(call)?, now)?,
            Operation::Recover => ring.recover(name, now)?,
            Operation::Delete => {
                let days = settings.recoverable_days.into();
                return place.deleted_bundle(ring.delete(name, days, settings.deletion_seconds, now)?);
            }
            Operation::GetDeleted => return place.deleted_bundle(ring.deleted(name, now)?),
            Operation::Purge if settings.purge_protection => return Err(Refusal::PurgeProtected),
            Operation::Purge => return ring.purge(name, now).map(|()| Reply::Gone),
            _ => Arc::clone(ring.find(name)?.version(version)?),
        };
        Ok(place.bundle(&ring.find(name)?.name, key))
    }

    fn policy(&self, route: &Route, call: &Call, place: &Place) -> Result<Reply, Refusal> {
        let mut ring = self.ring();
        let id = format!("{}/rotationpolicy", place.key(&ring.find(&route.name)?.name));
        let mut policy = ring.policy(&route.name)?;
        if route.operation == Operation::SetPolicy {
            policy = Policy::read(&call.body, &policy, self.now())?;
            ring.set_policy(&route.name, policy.clone())?;
        }
        Ok(Reply::Done(policy.show(&id)))
    }

    /// The charge for a call about a key that there is, or for one about no key in particular. A new key is charged
    /// once it is known of what kind.
    fn charge_for(&self, route: &Route) -> Result<(), Refusal> {
        let charge = {
            let ring = self.ring();
            let key = ring.find(&route.name).and_then(|key| key.version(route.version.as_deref()));
            match route.operation {
                Operation::Create => return Ok(()),
                Operation::Rotate => key.map(|key| Charge::create(key.kind)),
                _ => key.map(|key| Charge::about(key)),
            }
        };
        self.charge(charge.unwrap_or(Charge::Software { weight: 1 }))
    }

    /// Within the limits, if there are any.
    pub(super) fn charge(&self, charge: Charge) -> Result<(), Refusal> {
        if self.settings().throttling == Throttling::None {
            return Ok(());
        }
        let mut throttle = self.throttle.lock().unwrap_or_else(PoisonError::into_inner);
        throttle.charge(charge, self.clock.now().as_millisecond()).map_err(Refusal::Throttled)
    }
}

/// A page of keys, of versions, or of deleted keys.
fn list(ring: &KeyRing, route: &Route, call: &Call, place: &Place, now: i64) -> Result<Reply, Refusal> {
    let page = body::page(call)?;
    let after = page.after.as_deref();
    // One more than fits, to see whether there is another page.
    let wanted = page.size + 1;
    let mut items = match route.operation {
        Operation::ListKeys => ring
            .after(after)
            .take(wanted)
            .map(|(id, key)| Ok((id.to_owned(), place.item(&place.key(&key.name), key.version(None)?))))
            .collect::<Result<_, Refusal>>()?,
        Operation::ListDeleted => ring
            .deleted_after(after, now)
            .take(wanted)
            .map(|(id, deleted)| Ok((id.to_owned(), place.deleted_item(deleted)?)))
            .collect::<Result<_, Refusal>>()?,
        _ => versions(ring, &route.name, after, wanted, place)?,
    };
    let is_last = items.len() <= page.size;
    items.truncate(page.size);
    let next = items.last().filter(|_| !is_last).map(|(last, _)| place.next(call, last));
    let items: Vec<Value> = items.into_iter().map(|(_, item)| item).collect();
    Ok(Reply::Done(json!({ "value": items, "nextLink": next })))
}

/// Versions with their numbers, the oldest first.
fn versions(
    ring: &KeyRing,
    name: &str,
    after: Option<&str>,
    wanted: usize,
    place: &Place,
) -> Result<Vec<(String, Value)>, Refusal> {
    let key = ring.find(name)?;
    let skipped = match after.map(str::parse::<usize>) {
        None => 0,
        Some(Ok(last)) => last.saturating_add(1),
        Some(Err(_)) => return Err(Refusal::Parameter("The $skiptoken is none that this vault gave.")),
    };
    let numbered = key.versions.iter().enumerate().skip(skipped).take(wanted);
    let items = numbered
        .map(|(number, version)| (number.to_string(), place.item(&place.kid(&key.name, version), version)));
    Ok(items.collect())
}
