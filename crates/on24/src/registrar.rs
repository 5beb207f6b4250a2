use async_trait::async_trait;
use webinar_bridge_domain::fault::{Code, Fault, FaultKind, Peer};
use webinar_bridge_domain::person::Details;
use webinar_bridge_domain::port::{
    Budget, PersonOrder, ProviderTraits, RegisterOrder, RegistrantPage, RegistrantQuery, Registrar,
};
use webinar_bridge_domain::registration::Outcome;
use webinar_bridge_transport::{Answer, Exchange, Method};

use crate::On24;
use crate::call::{No, Reply, event_id};
use crate::config::Restore;
use crate::dto::{Forgotten, Record};
use crate::refusal::Meaning;
use crate::translate::{self, Purpose, email, event_user_id, form, is_about, own_values, yes_or_no};

const REGISTER: Exchange = Exchange::write(Peer::Provider, "register");
const AMEND: Exchange = Exchange::write(Peer::Provider, "amend");
const CANCEL: Exchange = Exchange::write(Peer::Provider, "cancel");
const FORGET: Exchange = Exchange::write(Peer::Provider, "forget");
const REGISTRANTS: Exchange = Exchange::page(Peer::Provider, "registrants");

#[async_trait]
impl Registrar for On24 {
    fn traits(&self) -> ProviderTraits {
        let (landing, read_lag) = (self.settings.landing, self.settings.read_lag);
        // Published, but not promised; a pace that ON24 does not bear is found out.
        let budget = |group, a_minute: u32| {
            let a_minute = self.settings.published_pace.then_some(a_minute);
            Budget { group, a_minute }
        };
        ProviderTraits {
            name: "ON24",
            landing,
            read_lag,
            register: budget("register", 1000),
            amend: budget("amend", 1000),
            forget: budget("forget", 30),
            registrants: budget("registrants", 100),
            attendance: budget("attendance", 100),
        }
    }

    /// Posts the person, with the word that restores whoever had cancelled. If ON24 answers that there is nobody to
    /// restore, nothing has happened and nobody is lost: that is a transient fault, and the next try, which rule R2
    /// leaves to the flows, goes without the word. Only the next one: the same person may be cancelled in between.
    ///
    /// That the event has started is no reason to try without: then somebody who had cancelled would look admitted
    /// and still be deleted. It is a refusal, for a person to see.
    #[tracing::instrument(skip_all)]
    async fn register(&self, order: &RegisterOrder) -> Result<Outcome, Fault> {
        let now = self.clock.now();
        let restore = self.settings.restore == Restore::Always && !self.newcomers.has(order, now);
        let purpose = Purpose::Post { restore };
        match self.write(&REGISTER, Method::POST, order, purpose).await? {
            Reply::Done(answer) => {
                self.newcomers.clear(order);
                Ok(Outcome::Admitted(event_user_id(&echo(&answer, order, &REGISTER)?)))
            }
            Reply::No(No { meaning: Some(Meaning::NobodyToDelete), .. }) if restore => {
                self.newcomers.note(order, self.clock.now());
                Err(REGISTER.fault(FaultKind::Transient, "on24.nobody_to_restore"))
            }
            Reply::No(no) => refused(no, &REGISTER),
        }
    }

    #[tracing::instrument(skip_all)]
    async fn amend(&self, order: &RegisterOrder) -> Result<Outcome, Fault> {
        match self.write(&AMEND, Method::PATCH, order, Purpose::Patch).await? {
            Reply::Done(answer) => Ok(Outcome::Amended(event_user_id(&echo(&answer, order, &AMEND)?))),
            Reply::No(No { meaning: Some(Meaning::NobodyThere), .. }) => Ok(Outcome::NotThere),
            Reply::No(no) => refused(no, &AMEND),
        }
    }

    /// Deletes softly. What a registration page requires is not asked of somebody who leaves.
    #[tracing::instrument(skip_all)]
    async fn cancel(&self, order: &PersonOrder) -> Result<Outcome, Fault> {
        let event = event_id(&order.event, &CANCEL)?;
        // An address that is never sent is nobody's there.
        let Ok(email) = email(&order.address, &CANCEL) else { return Ok(Outcome::NotThere) };
        let key = self.key(order.organization, &CANCEL).await?;
        let request = self
            .request(&key, Method::POST, &["event", event, "registrant"])
            .query(&[("honorrequired", "N"), ("honorvalidation", "N")])
            .form(&[("email", email), ("isDeleted", "Y")]);
        match self.call(&key, request, &CANCEL, &[email]).await? {
            Reply::Done(answer) => {
                let echo: Record = answer.json().map_err(|_| CANCEL.unclear("on24.garbled"))?;
                if is_about(&echo, &order.address) {
                    Ok(Outcome::Cancelled)
                } else {
                    Err(CANCEL.unclear("on24.echo_mismatch"))
                }
            }
            Reply::No(No { meaning: Some(Meaning::NobodyThere | Meaning::NobodyToDelete), .. }) => {
                Ok(Outcome::NotThere)
            }
            Reply::No(No { meaning: Some(Meaning::Started), .. }) => Ok(Outcome::TooLate),
            Reply::No(no) => refused(no, &CANCEL),
        }
    }

    /// Erases the person at this event alone: the account may know them from others.
    #[tracing::instrument(skip_all)]
    async fn forget(&self, order: &PersonOrder) -> Result<Outcome, Fault> {
        let event = event_id(&order.event, &FORGET)?;
        // An address that is never sent is nobody's there; one with a comma would be several people's.
        let Ok(email) = email(&order.address, &FORGET) else { return Ok(Outcome::NotThere) };
        let key = self.key(order.organization, &FORGET).await?;
        let request =
            self.request(&key, Method::POST, &["forget"]).form(&[("email", email), ("eventid", event)]);
        match self.call(&key, request, &FORGET, &[email]).await? {
            Reply::Done(answer) => {
                let forgotten: Forgotten = answer.json().map_err(|_| FORGET.unclear("on24.garbled"))?;
                let nobody = forgotten.deletedregistrants.eventuserids.is_empty();
                Ok(if nobody { Outcome::NotThere } else { Outcome::Forgotten })
            }
            Reply::No(No { meaning: Some(Meaning::NobodyThere), .. }) => Ok(Outcome::NotThere),
            Reply::No(no) => Err(no.unexpected(&FORGET)),
        }
    }

    /// The whole list at once: there is no paging of one event's people.
    #[tracing::instrument(skip_all)]
    async fn registrants(&self, query: &RegistrantQuery) -> Result<RegistrantPage, Fault> {
        let roster = self.roster(query.organization, &query.event, "registrant", &REGISTRANTS).await?;
        let registrants: Vec<_> = roster.records.iter().filter_map(translate::registrant).collect();
        let nameless = roster.records.len() - registrants.len();
        if nameless > 0 || !roster.is_whole {
            tracing::warn!(nameless, whole = roster.is_whole, "the list of registrants is not complete");
        }
        let complete = nameless == 0 && roster.is_whole;
        Ok(RegistrantPage { registrants, next: None, complete })
    }

    /// What is not sent is not missed, and what is sent is sent within ON24's limits; the address's case is ON24's affair.
    fn shows(&self, details: &Details, listed: &Details) -> bool {
        translate::shows(details, listed)
    }
}

impl On24 {
    async fn write(
        &self,
        exchange: &Exchange,
        method: Method,
        order: &RegisterOrder,
        purpose: Purpose,
    ) -> Result<Reply, Fault> {
        let event = event_id(&order.event, exchange)?;
        let email = email(&order.details.address, exchange)?;
        let key = self.key(order.organization, exchange).await?;
        let form = form(order, email, purpose, &self.settings);
        let honors = [
            ("honorrequired", yes_or_no(self.settings.honor_required)),
            ("honorvalidation", yes_or_no(self.settings.honor_validation)),
        ];
        let path = ["event", event, "registrant"];
        let request = self.request(&key, method, &path).query(&honors).form(&form);
        self.call(&key, request, exchange, &own_values(&form)).await
    }
}

/// The stored person as ON24 answers it. It must be the one we sent: anything else, and nobody knows what was written.
fn echo(answer: &Answer, order: &RegisterOrder, exchange: &Exchange) -> Result<Record, Fault> {
    let echo: Record = answer.json().map_err(|_| exchange.unclear("on24.garbled"))?;
    if is_about(&echo, &order.details.address) {
        Ok(echo)
    } else {
        Err(exchange.unclear("on24.echo_mismatch"))
    }
}

/// ON24's word on the person; without any word it is the request that does not fit, for reasons unknown.
fn refused(no: No, exchange: &Exchange) -> Result<Outcome, Fault> {
    let wordless = FaultKind::Invalid { field: Code::new("on24.wordless") };
    no.words.map(Outcome::Refused).ok_or_else(|| exchange.fault(wordless, "on24.wordless"))
}
