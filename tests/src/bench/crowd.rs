//! People who wait to be delivered, put into the store through its own ports and not read from a CRM. Their details are sealed
//! as a bridge seals them, so that it can open and send them.

use std::collections::BTreeMap;
use std::ops::Range;

use uuid::Uuid;
use webinar_bridge_domain::bridge::Bridge;
use webinar_bridge_domain::id::{Epoch, OrganizationId, WebinarId};
use webinar_bridge_domain::person::{Address, Details};
use webinar_bridge_domain::port::{ConcealOrder, Recorded, WebinarChange};
use webinar_bridge_domain::time::Timestamp;
use webinar_bridge_domain::webinar::Webinar;

use super::backlog::{AT_ONCE, Newcomer, batch_of};

/// An organization's one webinar, and who is to wait for it.
pub struct Crowd<'a> {
    bridge: &'a Bridge,
    organization: OrganizationId,
    epoch: Epoch,
    webinar: Webinar,
}

impl<'a> Crowd<'a> {
    /// At the one webinar that the organization has; its CRM was read before.
    pub async fn of(bridge: &'a Bridge, organization: OrganizationId) -> Self {
        let ports = bridge.ports();
        let stored = ports.organizations.load(&organization).await.expect("the store works");
        let epoch = stored.expect("the organization").item.epoch;
        let webinars = ports.webinars.list(&organization).await.expect("the store works");
        let webinar = webinars.into_iter().next().expect("a webinar");
        Self { bridge, organization, epoch, webinar }
    }

    /// The same at a webinar of another start, which goes to the same event at the provider.
    pub async fn at(self, starts: Timestamp) -> Self {
        let id: WebinarId = Uuid::from_u128(0xE).into();
        let webinar = Webinar { id, starts, ..self.webinar };
        let change = WebinarChange { expected: None, next: webinar.clone(), sync: None, facts: vec![] };
        self.bridge.ports().webinars.save(&change).await.expect("the store works");
        Self { webinar, ..self }
    }

    /// Has the people of these numbers wait.
    pub async fn wait(&self, numbers: Range<u32>) {
        let (mut from, end) = (numbers.start, numbers.end);
        while from < end {
            let to = from.saturating_add(AT_ONCE).min(end);
            self.batch(from..to).await;
            from = to;
        }
    }

    async fn batch(&self, numbers: Range<u32>) {
        let ports = self.bridge.ports();
        let now = ports.clock.now();
        let (organization, webinar, starts) = (self.organization, self.webinar.id, self.webinar.starts);
        let people = numbers.clone().map(|n| (Newcomer::source(n).uuid(), details(n))).collect();
        let order = ConcealOrder { organization, people };
        let sealed = ports.privacy.conceal(&order).await.expect("the vault works");
        let group = |(n, person)| Newcomer { n, organization, webinar, starts, person }.group(now);
        let batch = batch_of(numbers.zip(sealed).map(group).collect(), organization, self.epoch, now);
        let recorded = ports.intake.record(&batch).await.expect("the store works");
        assert_eq!(recorded, Recorded::Done { conflicts: 0 }, "they are taken in");
    }
}

fn details(n: u32) -> Details {
    Details {
        address: Address::new(format!("waiting.{n}@crowd.example")),
        first_name: "Waiting".to_owned(),
        last_name: format!("Number {n}"),
        company: format!("Company {}", n % 1000),
        job_title: "Head of something".to_owned(),
        more: BTreeMap::new(),
    }
}
