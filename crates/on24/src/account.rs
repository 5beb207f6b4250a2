use async_trait::async_trait;
use webinar_bridge_domain::fault::{Fault, Peer};
use webinar_bridge_domain::port::{Account, ProbeOrder};
use webinar_bridge_transport::{Exchange, Method};

use crate::On24;
use crate::call::Reply;
use crate::dto::Envelope;

const PROBE: Exchange = Exchange::read(Peer::Provider, "probe");

#[async_trait]
impl Account for On24 {
    /// Reads the events of one day: the cheapest read of the group that attendance belongs to, and one that keeps the
    /// token from being disabled for idleness. The registration group has no read to try.
    #[tracing::instrument(skip_all)]
    async fn probe(&self, order: &ProbeOrder) -> Result<(), Fault> {
        let key = self.opened(&order.secret, order.version, &PROBE)?;
        let request = self.request(&key, Method::GET, &["event"]).query(&[("dateInterval", "1")]);
        match self.call(&key, request, &PROBE, &[]).await? {
            // Any page can answer 200; only ON24's own answer proves the token.
            Reply::Done(answer) => match answer.json::<Envelope>().ok().and_then(Envelope::roster) {
                Some(_) => Ok(()),
                None => Err(PROBE.unclear("on24.garbled")),
            },
            Reply::No(no) => Err(no.unexpected(&PROBE)),
        }
    }
}
