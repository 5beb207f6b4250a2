//! The auditor: what the CRM wants against what the provider has, and minutes against minutes. It reads the vendors' own
//! state; of the bridge it asks only who is held.

use webinar_bridge_domain::balance::{Balance, Scope};
use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::id::{OrganizationId, WebinarId};
use webinar_bridge_domain::memory::PlainPrivacy;
use webinar_bridge_domain::person::Address;
use webinar_bridge_domain::port::{KeysOrder, Privacy as _};
use webinar_bridge_domain::registration::{Answer, Cause, Phase, Registration, RegistrationKey};

use super::people::{EVENTS, event};
use super::process::Surroundings;
use super::provider::{event_id, is_refused, minutes_of};

/// Looks for what is wrong.
pub(super) struct Auditor<'a> {
    pub(super) around: &'a Surroundings,
    pub(super) bridge: &'a Bridge,
    pub(super) organization: OrganizationId,
}

impl Auditor<'_> {
    /// The balance, which must add up at every moment.
    pub(super) async fn balance(&self) -> Result<Balance, String> {
        let balance = self.bridge.desk.balance(self.organization, Scope::Organization).await;
        let balance = balance.map_err(|error| format!("no balance: {error}"))?;
        if balance.registrations.adds_up() && balance.minutes.adds_up() {
            Ok(balance)
        } else {
            Err(format!("the balance does not add up: {balance:?}"))
        }
    }

    async fn registration(&self, webinar: WebinarId, address: &str) -> Option<Registration> {
        let order = KeysOrder { organization: self.organization, addresses: vec![Address::new(address)] };
        let keys = PlainPrivacy.keys(&order).await.ok()?;
        let email = keys.into_iter().next()??;
        let key = RegistrationKey { organization: self.organization, webinar, email };
        let found = self.bridge.ports().books.find(&[key]).await.ok()?;
        Some(found.into_iter().next()??.item)
    }

    /// `Err`: what is not yet as the CRM wants it, or never will be.
    pub(super) async fn registrations(&self) -> Result<u64, String> {
        let balance = self.balance().await?;
        if balance.persons.on_their_way > 0 || balance.registrations.on_their_way > 0 {
            return Err(format!("{:?} are on their way", balance.persons));
        }
        let (wanted, ever, rows, told) = self.around.crm.with(self.organization, |tables| {
            (tables.wanted(), tables.ever.clone(), tables.rows.clone(), tables.told.clone())
        });
        for n in 1..=EVENTS {
            let people = self.around.provider.people(self.organization, event_id(n).as_str());
            for ((_, address), details) in wanted.iter().filter(|((webinar, _), _)| *webinar == event(n)) {
                match people.get(address).filter(|person| person.live) {
                    Some(person) if details.contains(&person.details) => {}
                    Some(_) => return Err(format!("stale: {address} at {n} is not as any row says")),
                    None => {
                        let held = self.registration(event(n), address).await;
                        let phase = held.map(|held| held.phase);
                        let refused = matches!(&phase, Some(Phase::Held { cause: Cause::Refused(_), .. }));
                        if !(is_refused(address) && refused) {
                            return Err(format!("lost: {address} at {n} is wanted and {phase:?}"));
                        }
                    }
                }
            }
            for (address, _) in people.iter().filter(|(_, person)| person.live) {
                let key = (event(n), address.clone());
                if !wanted.contains_key(&key) {
                    let word = if ever.contains(&key) { "undead" } else { "extra" };
                    let phase = self.registration(event(n), address).await.map(|found| found.phase);
                    return Err(format!("{word}: {address} at {n} is live and {phase:?}"));
                }
            }
            let here = rows.iter().filter(|(_, row)| row.event == event(n) && !row.cancelled);
            for (source, row) in here {
                let contact =
                    self.around.crm.with(self.organization, |t| t.contacts.get(&row.contact).cloned());
                let address = contact.and_then(|contact| contact.details().address.canonical());
                let Some(person) = address.and_then(|address| people.get(&address).cloned()) else {
                    continue;
                };
                if !person.live {
                    continue;
                }
                let right = Answer::Admitted(Some(person.id));
                if told.get(source) != Some(&right) {
                    return Err(format!("untold: {source:?} says {:?} and not {right:?}", told.get(source)));
                }
            }
        }
        Ok(balance.persons.at_provider)
    }

    /// `Err`: which minutes are not home.
    pub(super) async fn minutes(&self) -> Result<u64, String> {
        let balance = self.balance().await?;
        let mut watched = 0;
        for n in 1..=EVENTS {
            let people = self.around.provider.people(self.organization, event_id(n).as_str());
            let live = people.iter().filter(|(_, person)| person.live);
            watched += live.map(|(address, _)| u64::from(minutes_of(address))).sum::<u64>();
        }
        let home: u64 = self.around.crm.with(self.organization, |tables| {
            tables.check_ins.values().map(|watched| u64::from(watched.minutes())).sum()
        });
        if watched == home && balance.minutes.crm == home && balance.minutes.provider == watched {
            Ok(watched)
        } else {
            Err(format!("{watched} minutes were watched, {home} are home: {:?}", balance.minutes))
        }
    }
}
