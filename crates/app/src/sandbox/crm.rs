//! Somebody who works in the CRM: the story's registrations are made and changed there, over its own API.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;
use webinar_bridge_emulator::{Person, Ready, person};

use super::peer::{CrmWrite, PeerError, Peers};

/// Somebody who works in the CRM.
pub(crate) struct CrmUser {
    peers: Peers,
    seed: u64,
    event: Uuid,
}

/// How many requests one batch has.
const BATCH: usize = 900;

impl CrmUser {
    /// Finds the event that the ON24 event is linked to.
    pub(crate) async fn new(ready: &Ready, seed: u64) -> Result<Self, PeerError> {
        let peers = Peers::new(ready.clone())?;
        let token = peers.token().await?;
        let event = ready.on24.event_id;
        let query =
            format!("msevtmgt_events?$select=msevtmgt_eventid&$filter=msevtmgt_webinarid eq '{event}'");
        let rows = peers.rows(&token, &query).await?;
        let id = rows.first().and_then(|row| row["msevtmgt_eventid"].as_str());
        let event = id.and_then(|id| Uuid::parse_str(id).ok()).ok_or(PeerError::Odd("Dataverse"))?;
        Ok(Self { peers, seed, event })
    }

    /// Registers these people: an account, a contact and a registration each.
    pub(crate) async fn register(&self, people: impl Iterator<Item = u32>) -> Result<(), PeerError> {
        self.write(people.flat_map(|index| {
            let person = person(self.seed, index);
            [self.account(index, &person), self.contact(index, &person), self.registration("first", index)]
        }))
        .await
    }

    /// Registers people whose contact has no address.
    pub(crate) async fn register_without_address(
        &self,
        people: impl Iterator<Item = u32>,
    ) -> Result<(), PeerError> {
        self.write(people.flat_map(|index| {
            let person = person(self.seed, index);
            let mut contact = self.contact(index, &person);
            contact.body["emailaddress1"] = Value::Null;
            [self.account(index, &person), contact, self.registration("first", index)]
        }))
        .await
    }

    /// Registers people a second time, in a row of its own.
    pub(crate) async fn register_again(&self, people: impl Iterator<Item = u32>) -> Result<(), PeerError> {
        self.write(people.map(|index| self.registration("second", index))).await
    }

    /// Cancels people's first registration, or takes that back.
    pub(crate) async fn cancel(
        &self,
        people: impl Iterator<Item = u32>,
        cancelled: bool,
    ) -> Result<(), PeerError> {
        self.write(people.map(|index| {
            let path = format!("msevtmgt_eventregistrations({})", self.id("first", index));
            CrmWrite { method: Method::PATCH, path, body: json!({ "msevtmgt_iscanceled": cancelled }) }
        }))
        .await
    }

    /// Gives people another family name.
    pub(crate) async fn marry(&self, people: impl Iterator<Item = u32>) -> Result<(), PeerError> {
        self.change_contacts(people, |index| {
            let name = format!("{}-Ødegård", person(self.seed, index).last_name);
            let name: String = name.chars().take(50).collect();
            json!({ "lastname": name })
        })
        .await
    }

    /// Gives people another address.
    pub(crate) async fn move_house(&self, people: impl Iterator<Item = u32>) -> Result<(), PeerError> {
        self.change_contacts(
            people,
            |index| json!({ "emailaddress1": format!("moved.{index}@elsewhere.example") }),
        )
        .await
    }

    async fn change_contacts(
        &self,
        people: impl Iterator<Item = u32>,
        body: impl Fn(u32) -> Value,
    ) -> Result<(), PeerError> {
        self.write(people.map(|index| {
            let path = format!("contacts({})", self.id("contact", index));
            CrmWrite { method: Method::PATCH, path, body: body(index) }
        }))
        .await
    }

    async fn write(&self, writes: impl Iterator<Item = CrmWrite>) -> Result<(), PeerError> {
        let token = self.peers.token().await?;
        let writes: Vec<CrmWrite> = writes.collect();
        for some in writes.chunks(BATCH) {
            self.peers.batch(&token, some).await?;
        }
        Ok(())
    }

    fn account(&self, index: u32, person: &Person) -> CrmWrite {
        let id = self.id("account", index);
        let body = json!({ "accountid": id, "name": person.company });
        CrmWrite { method: Method::POST, path: "accounts".to_owned(), body }
    }

    fn contact(&self, index: u32, person: &Person) -> CrmWrite {
        let body = json!({
            "contactid": self.id("contact", index),
            "firstname": person.first_name,
            "lastname": person.last_name,
            "emailaddress1": person.email,
            "jobtitle": person.job_title,
            "parentcustomerid_account@odata.bind": format!("/accounts({})", self.id("account", index)),
        });
        CrmWrite { method: Method::POST, path: "contacts".to_owned(), body }
    }

    fn registration(&self, which: &str, index: u32) -> CrmWrite {
        let body = json!({
            "msevtmgt_eventregistrationid": self.id(which, index),
            "msevtmgt_name": format!("R-{which}-{index}"),
            "msevtmgt_ContactId@odata.bind": format!("/contacts({})", self.id("contact", index)),
            "msevtmgt_EventId@odata.bind": format!("/msevtmgt_events({})", self.event),
        });
        CrmWrite { method: Method::POST, path: "msevtmgt_eventregistrations".to_owned(), body }
    }

    fn id(&self, kind: &str, index: u32) -> Uuid {
        Uuid::new_v5(&self.event, format!("{kind}/{}/{index}", self.seed).as_bytes())
    }
}
