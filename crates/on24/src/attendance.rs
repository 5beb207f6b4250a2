use async_trait::async_trait;
use webinar_bridge_domain::fault::{Fault, Peer};
use webinar_bridge_domain::id::{OrganizationId, ProviderEventId};
use webinar_bridge_domain::port::{AttendancePage, AttendanceQuery, AttendanceSource};
use webinar_bridge_transport::{Exchange, Method};

use crate::On24;
use crate::call::{Reply, event_id};
use crate::dto::{Envelope, Roster};
use crate::translate;

const ATTENDANCE: Exchange = Exchange::page(Peer::Provider, "attendance");

#[async_trait]
impl AttendanceSource for On24 {
    /// The whole list at once: there is no paging of one event's people. It is complete unless it says itself that
    /// somebody is missing.
    #[tracing::instrument(skip_all)]
    async fn attendance(&self, query: &AttendanceQuery) -> Result<AttendancePage, Fault> {
        let roster = self.roster(query.organization, &query.event, "attendee", &ATTENDANCE).await?;
        let attendees: Vec<_> = roster.records.iter().filter_map(translate::attendee).collect();
        let nameless = roster.records.len() - attendees.len();
        if nameless > 0 || !roster.is_whole {
            tracing::warn!(nameless, whole = roster.is_whole, "the list of attendees is not complete");
        }
        Ok(AttendancePage { attendees, next: None, complete: roster.is_whole && nameless == 0 })
    }
}

impl On24 {
    /// A list of one event's people, of every status: the documented defaults contradict each other.
    pub(crate) async fn roster(
        &self,
        whose: OrganizationId,
        event: &ProviderEventId,
        of: &str,
        exchange: &Exchange,
    ) -> Result<Roster, Fault> {
        let event = event_id(event, exchange)?;
        let key = self.key(whose, exchange).await?;
        let request = self.request(&key, Method::GET, &["event", event, of]).query(&[("userstatus", "any")]);
        match self.call(&key, request, exchange, &[]).await? {
            Reply::Done(answer) => {
                let envelope = answer.json::<Envelope>().ok();
                let roster = envelope.and_then(Envelope::roster);
                roster.ok_or_else(|| exchange.unclear("on24.garbled"))
            }
            Reply::No(no) => Err(no.unexpected(exchange)),
        }
    }
}
