//! Webinars: the CRM's events, linked to the provider's, with the sync of their metrics planned.

use std::collections::BTreeSet;

use super::{Base, Topic, fact};
use crate::fact::{Fact, FactKind, Step, Subject};
use crate::fault::Fault;
use crate::id::{CrmRecordId, OrganizationId, Revision, Stored, Version, WebinarId};
use crate::metrics::{Input, MetricsSync};
use crate::port::{CrmWebinar, Reading, Saved, StoreError, WebinarChange};
use crate::webinar::{Link, Webinar};

/// Why webinars could not be read.
pub(crate) enum Unread {
    Crm(Fault),
    Store(StoreError),
}

impl From<StoreError> for Unread {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Base {
    /// Reads events from the CRM and stores what they say; those that are gone are called off. Those that cannot be
    /// read stay as they are, and are the answer.
    pub(crate) async fn read_webinars(
        &self,
        organization: OrganizationId,
        ids: &[WebinarId],
    ) -> Result<Vec<(CrmRecordId, Fault)>, Unread> {
        // A page may name an event more than once.
        let wanted: BTreeSet<CrmRecordId> = ids.iter().map(|id| CrmRecordId::from(*id)).collect();
        let wanted: Vec<CrmRecordId> = wanted.into_iter().collect();
        let mut read = self.readings::<CrmWebinar>(organization, &wanted).await.map_err(Unread::Crm)?;
        let unreadable: BTreeSet<CrmRecordId> = read.unreadable.iter().map(|(id, _)| *id).collect();
        for id in wanted.into_iter().filter(|id| !unreadable.contains(id)) {
            self.store_webinar(organization, WebinarId::from(id), read.rows.remove(&id)).await?;
        }
        Ok(read.unreadable)
    }

    async fn store_webinar(
        &self,
        organization: OrganizationId,
        id: WebinarId,
        reading: Option<Reading<CrmWebinar>>,
    ) -> Result<(), StoreError> {
        loop {
            let known = self.ports.webinars.find(&organization, &[id]).await?.into_iter().next().flatten();
            let Some(next) = self.next_webinar(organization, id, known.as_ref(), reading.as_ref()) else {
                return Ok(());
            };
            if known.as_ref().is_some_and(|known| known.item.link != next.link) {
                self.standing.clear(organization, Topic::Links);
            }
            let next = self.alone_at_its_event(next).await?;
            if known.as_ref().is_some_and(|known| known.item == next) {
                return Ok(());
            }
            let (sync, facts) = self.plan(known.as_ref(), &next).await?;
            let expected = known.map(|known| known.revision);
            let change = WebinarChange { expected, next, sync, facts };
            if let Saved::Done(_) = self.ports.webinars.save(&change).await? {
                // Times and links decide what is due, in every lane.
                self.ports.bell.ring();
                return Ok(());
            }
        }
    }

    /// One provider event belongs to one webinar: a second one that names it waits, and is told of. Otherwise a cancel at
    /// one of them would take somebody off the list whom the other wants.
    async fn alone_at_its_event(&self, mut next: Webinar) -> Result<Webinar, StoreError> {
        let Some(event) = next.target().cloned() else { return Ok(next) };
        let all = self.ports.webinars.list(&next.organization).await?;
        let Some(first) = all.iter().find(|other| other.id != next.id && other.target() == Some(&event))
        else {
            return Ok(next);
        };
        let what = format!(
            "the event {} names the provider's event {}, which belongs to the event {} already; it waits for another",
            next.id,
            event.as_str(),
            first.id
        );
        let now = self.now();
        self.standing.note(next.organization, Topic::Links, what, now, now);
        next.link = Link::Waiting;
        Ok(next)
    }

    /// What the webinar is after the reading; `None`: as before.
    fn next_webinar(
        &self,
        organization: OrganizationId,
        id: WebinarId,
        known: Option<&Stored<Webinar>>,
        reading: Option<&Reading<CrmWebinar>>,
    ) -> Option<Webinar> {
        let known = known.map(|known| &known.item);
        match (known, reading) {
            (Some(known), None) => {
                let event = known.target().cloned();
                let gone = Webinar { link: Link::CalledOff(event), ..known.clone() };
                (known.is_ours() && !matches!(known.link, Link::CalledOff(_))).then_some(gone)
            }
            // A row that was never read and is gone: nothing of it is ours.
            (None, None) => {
                let (title, now) = (String::new(), self.now());
                let (link, version) = (Link::Foreign, Version(0));
                Some(Webinar { id, organization, title, starts: now, ends: now, link, version })
            }
            (Some(known), Some(reading)) if reading.version < known.version => None,
            // The same version can say something else: our settings changed, or the row was hidden for a while.
            (known, Some(Reading { row, version, .. })) => {
                let (title, starts, ends) = (row.title.clone(), row.starts, row.ends);
                let (link, version) = (link(row), *version);
                let read = Webinar { id, organization, title, starts, ends, link, version };
                (known != Some(&read)).then_some(read)
            }
        }
    }

    /// What becomes of the metrics when the webinar becomes `next`.
    async fn plan(
        &self,
        known: Option<&Stored<Webinar>>,
        next: &Webinar,
    ) -> Result<(Option<(Option<Revision>, MetricsSync)>, Vec<Fact>), StoreError> {
        let sync = self.ports.ledger.find(&next.organization, &next.id).await?;
        let (now, cadence) = (self.now(), &self.policies.cadence);
        let input = match (&next.link, known) {
            (link, Some(known))
                if known.item.ends == next.ends && known.item.link == *link && sync.is_some() =>
            {
                None
            }
            (Link::Linked(_), _) => Some(Input::Replanned { ends: next.ends }),
            (Link::CalledOff(_) | Link::Foreign | Link::Waiting, _) => Some(Input::WebinarGone),
        };
        let Some(input) = input else { return Ok((None, vec![])) };
        let step = match (&sync, &input) {
            (None, Input::Replanned { ends }) => {
                let next = MetricsSync::planned(next.organization, next.id, *ends, now, cadence);
                Step::Moved { next, fact: FactKind::SyncPlanned }
            }
            (None, _) => return Ok((None, vec![])),
            (Some(sync), input) => match sync.item.on(input, now, cadence) {
                Ok(step) => step,
                Err(_) => return Ok((None, vec![])),
            },
        };
        let revision = sync.map(|sync| sync.revision);
        Ok(match step {
            Step::Moved { next: sync, fact: kind } => {
                let fact = fact(next.organization, Subject::Webinar(next.id), kind, now);
                (Some((revision, sync)), vec![fact])
            }
            Step::Noted { next: sync } => (Some((revision, sync)), vec![]),
            Step::Ignored(_) => (None, vec![]),
        })
    }
}

fn link(row: &CrmWebinar) -> Link {
    match (&row.event, row.ours, row.cancelled) {
        (_, false, _) => Link::Foreign,
        (event, true, true) => Link::CalledOff(event.clone()),
        (Some(event), true, false) => Link::Linked(event.clone()),
        (None, true, false) => Link::Waiting,
    }
}
